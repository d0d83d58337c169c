import { watch, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ComparisonController, type ControllerServices } from '../../../src/comparison/controller.ts';
import { ComparisonStore, type ComparisonSpec } from '../../../src/comparison/store.ts';
import type { EngineClient } from '../../../src/engine/client.ts';
import type { ComparisonPlan } from '../../../src/protocol/engine.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import type { ComparisonToView } from '../../../src/protocol/views.ts';
import { createHarness, type Harness } from '../engine/harness.ts';

let harness: Harness;
let directory: string;
beforeEach(async () => {
  harness = await createHarness();
  directory = mkdtempSync(join(tmpdir(), 'offaxis-controller-'));
  for (const name of ['base', 'rl']) writeFileSync(join(directory, name), name);
});
afterEach(async () => {
  await harness.close();
  rmSync(directory, { recursive: true });
});

/** What a page knows after the messages it got, as the contract of ComparisonToView says. */
class Page {
  messages: ComparisonToView[] = [];
  readonly times: number[] = [];
  post = (message: ComparisonToView): void => {
    this.messages.push(structuredClone(message));
    this.times.push(performance.now());
  };
  /** the last of a kind */
  private last<T extends ComparisonToView['type']>(type: T): Extract<ComparisonToView, { type: T }> {
    const found = this.messages.findLast((message) => message.type === type);
    if (!found) throw new Error(`no ${type} yet`);
    return found as Extract<ComparisonToView, { type: T }>;
  }
  get state() {
    const { state } = this.last('state');
    const { plan } = this.last('plan');
    const { progress } = this.last('progress');
    const { summary } = this.last('summary');
    return { ...state, plan, progress, summary };
  }
  private since() {
    const reset = this.messages.findLastIndex((message) => message.type === 'reset');
    return this.messages.slice(reset).flatMap((message) => (message.type === 'results' ? [message] : []));
  }
  get matrices(): string[] {
    return [...new Set(this.since().flatMap((message) => message.details.map((detail) => detail.name)))].sort();
  }
  get failed(): string[] {
    return this.since().flatMap((message) => message.failed.map(({ name }) => name));
  }
}

function controllerFor(
  engine: ControllerServices['engine'],
  activities: (string | null)[] = [],
  onSpec: ControllerServices['onSpec'] = () => undefined,
  base = join(directory, 'base'),
): ComparisonController {
  const write = (): void => undefined;
  return new ComparisonController(
    { base, tuned: join(directory, 'rl'), parameters: DEFAULT_PARAMETERS },
    {
      engine,
      store: new ComparisonStore(join(directory, 'store')),
      log: { info: write, debug: write, warn: write, error: write },
      watchFolder: (folder, listener) => {
        const watcher = watch(folder, (_event, name) => name !== null && listener(join(folder, name)));
        return { dispose: () => watcher.close() };
      },
      onSpec,
      onActivity: (text) => activities.push(text),
    },
  );
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 120_000; !condition() && Date.now() < end;)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(condition()).toBe(true);
}

describe('ComparisonController', () => {
  test('a cheap comparison runs at once and ends with everything on the page', async () => {
    const activities: (string | null)[] = [];
    const controller = controllerFor(harness.client(['norm', 'a', 'b', 'c']), activities);
    const page = new Page();
    controller.attach(page.post);
    await controller.open();
    expect(page.state).toMatchObject({ phase: 'done', baseName: 'base', tunedName: 'rl', error: null, progress: null });
    expect(page.state.summary?.matrices).toEqual({ done: 3, planned: 3 });
    expect(page.matrices).toEqual(['a', 'b', 'c']);
    expect(activities.at(-1)).toBeNull();
    expect(activities.some((text) => text?.startsWith('base → rl'))).toBe(true);
  });
  test('a page that comes late, or comes back, gets the same', async () => {
    const controller = controllerFor(harness.client(['norm', 'a', 'b', 'crash']));
    const first = new Page();
    controller.attach(first.post);
    await controller.open();
    const second = new Page();
    controller.attach(second.post);
    expect(second.state).toEqual(first.state);
    expect(second.matrices).toEqual(first.matrices);
    expect(second.failed).toEqual(['crash']);
    expect(controller.result()).toMatchObject({
      schema: 'offaxis.comparison/1',
      summary: { failed: [{ name: 'crash' }] },
    });
  });
  test('the plan is sent once, each result once, and a message of the state holds neither', async () => {
    const controller = controllerFor(harness.client(['norm', 'a', 'b', 'c']));
    const page = new Page();
    controller.attach(page.post);
    await controller.open();
    const of = (type: ComparisonToView['type']) => page.messages.filter((message) => message.type === type);
    const plans = of('plan').map((message) => message.type === 'plan' && message.plan?.pairs.length);
    // none when the page came, and then the one there is
    expect(plans).toEqual([undefined, 4]);
    for (const message of of('state'))
      expect(Object.keys(message.type === 'state' ? message.state : {})).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(plan|summary|progress)$/)]),
      );
    const details = page.messages.flatMap((message) => (message.type === 'results' ? message.details : []));
    expect(details.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c']);
    expect(page.messages.findLastIndex(({ type }) => type === 'summary')).toBeLessThan(
      page.messages.findLastIndex(({ type }) => type === 'state'),
    );
    await controller.dispose();
    await until(() => harness.journal().includes(`let go ${join(directory, 'rl')}`));
  });
  test('of a remote side no version joins the figures of another', async () => {
    const client = harness.client(['norm', 'a', 'b']);
    let files = 'first';
    const engine = {
      ...{ tell: client.tell.bind(client), allowRestart: () => client.allowRestart() },
      stream: client.stream.bind(client),
      call: async (method: never, params: never, signal?: AbortSignal) => {
        const answer = await client.call(method, params, signal);
        return method === 'plan' ? { ...(answer as ComparisonPlan), files } : answer;
      },
    } as ControllerServices['engine'];
    const controller = controllerFor(engine, [], undefined, 'https://host.example/base.safetensors');
    const page = new Page();
    controller.attach(page.post);
    await controller.open();
    const resets = (): number => page.messages.filter(({ type }) => type === 'reset').length;
    const before = resets();
    await controller.start();
    expect(resets()).toBe(before);
    files = 'second';
    await expect(controller.reported()).rejects.toThrow(/have changed since/);
    await controller.start();
    expect(resets()).toBeGreaterThan(before);
    expect(page.matrices).toEqual(['a', 'b']);
    expect(harness.journal().filter((line) => line === 'take a')).toHaveLength(2);
  });
  test('damaged results of an earlier window are told and set aside, and Retry computes anew', async () => {
    const client = harness.client(['norm', 'a', 'b']);
    await controllerFor(client).open();
    const [name] = readdirSync(join(directory, 'store'));
    const file = join(directory, 'store', name as string);
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 4;
    writeFileSync(file, bytes);
    const page = new Page();
    const restored = controllerFor(client);
    restored.attach(page.post);
    await restored.restore();
    expect(page.state).toMatchObject({ phase: 'planned', error: { code: 'bad-file' } });
    expect(page.state.error?.message).toContain(`${file}.damaged`);
    expect(page.matrices).toEqual([]);
    await restored.retry();
    expect(page.state).toMatchObject({ phase: 'done', error: null });
    expect(page.matrices).toEqual(['a', 'b']);
  });
  test('at most ten portions of results a second', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `m${i}`);
    const controller = controllerFor(harness.client(names));
    const page = new Page();
    controller.attach(page.post);
    await controller.open();
    const portions = page.messages.flatMap((message, i) =>
      message.type === 'results' ? [page.times[i] as number] : [],
    );
    expect(page.matrices).toHaveLength(60);
    const seconds = ((portions.at(-1) as number) - (portions[0] as number)) / 1000;
    expect(portions.length).toBeGreaterThan(3);
    expect(portions.length).toBeLessThanOrEqual(10 * seconds + 2);
  });
  test('cancel keeps what is there, resume goes on from there', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `m${i}`);
    const controller = controllerFor(harness.client(names));
    const page = new Page();
    controller.attach((message) => {
      page.post(message);
      if (message.type === 'results' && message.details.length && harness.journal().length < 12) controller.cancel();
    });
    await controller.open();
    expect(page.state.phase).toBe('cancelled');
    const before = page.matrices;
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(12);
    const again = new Page();
    controller.attach(again.post);
    await controller.resume();
    expect(again.state.phase).toBe('done');
    expect(again.matrices).toEqual([...names].sort());
    const taken = harness.journal().filter((line) => line.startsWith('take '));
    for (const name of before) expect(taken.filter((line) => line === `take ${name}`)).toHaveLength(1);
  });
  test('a new window shows what was computed and computes nothing', async () => {
    const client = harness.client(['norm', 'a', 'b']);
    await controllerFor(client).open();
    const lines = harness.journal().length;
    const page = new Page();
    const restored = controllerFor(client);
    restored.attach(page.post);
    await restored.restore();
    expect(page.state).toMatchObject({ phase: 'done', error: null, summary: { matrices: { done: 2, planned: 2 } } });
    expect(page.matrices).toEqual(['a', 'b']);
    expect(harness.journal()).toHaveLength(lines);
  });
  test('a new window says so when the files are others now, and Retry computes anew', async () => {
    const client = harness.client(['norm', 'a', 'b']);
    await controllerFor(client).open();
    utimesSync(join(directory, 'rl'), 5, 5);
    const page = new Page();
    const restored = controllerFor(client);
    restored.attach(page.post);
    await restored.restore();
    expect(page.state.error?.message).toContain('before the files changed');
    await restored.retry();
    expect(page.state).toMatchObject({ phase: 'done', error: null });
    expect(harness.journal().filter((line) => line === 'take a')).toHaveLength(2);
  });
  test('Resume of what was left unfinished computes all of it anew if the files are others now', async () => {
    // the last is not reached before Cancel, however slow the machine
    const names = Array.from({ length: 30 }, (_, i) => `m${String(i).padStart(2, '0')}`);
    const client = harness.client(names);
    const first = controllerFor(client);
    const before = new Page();
    first.attach(before.post);
    const run = first.open();
    await until(() => before.matrices.length > 0);
    first.cancel();
    await run;
    await first.dispose();
    utimesSync(join(directory, 'rl'), 5, 5);
    const page = new Page();
    const restored = controllerFor(client);
    restored.attach(page.post);
    await restored.restore();
    expect(page.state).toMatchObject({ phase: 'cancelled', error: { code: 'bad-file' } });
    await restored.resume();
    expect(page.state).toMatchObject({ phase: 'done', error: null });
    expect(page.matrices).toEqual(names);
    expect(harness.journal().filter((line) => line === 'take m00')).toHaveLength(2);
  }, 60_000);
  test('a side that is written anew is told, nothing is computed unasked, and Reload computes anew', async () => {
    const controller = controllerFor(harness.client(['norm', 'a', 'b']));
    const page = new Page();
    controller.attach(page.post);
    await controller.open();
    const lines = harness.journal().length;
    writeFileSync(join(directory, 'rl'), 'the next step');
    const told = () => page.messages.filter((message) => message.type === 'disk');
    for (const end = Date.now() + 120_000; !told().length && Date.now() < end;)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(told()).toMatchObject([{ base: null, tuned: { kind: 'changed', file: 'rl' } }]);
    expect(harness.journal()).toHaveLength(lines);
    const late = new Page();
    controller.attach(late.post);
    expect(late.messages.at(-1)).toMatchObject({ type: 'disk', tuned: { kind: 'changed' } });
    await controller.reload();
    expect(late.messages.filter((message) => message.type === 'disk').at(-1)).toEqual({
      type: 'disk',
      base: null,
      tuned: null,
    });
    expect(late.state.phase).toBe('done');
    expect(harness.journal().filter((line) => line === 'take a')).toHaveLength(2);
    await controller.dispose();
  });
  test('a new window without results plans and waits', async () => {
    const page = new Page();
    const restored = controllerFor(harness.client(['a']));
    restored.attach(page.post);
    await restored.restore();
    expect(page.state).toMatchObject({ phase: 'planned', summary: null });
    expect(() => restored.result()).toThrow('nothing to export');
  });
  test('a failed tensor is tried again by its name alone', async () => {
    const controller = controllerFor(harness.client(['a', 'crash1', 'crash2']));
    await controller.open();
    const takes = (name: string): number => harness.journal().filter((line) => line === `take ${name}`).length;
    const before = takes('crash2');
    await controller.retry('crash1');
    expect(takes('crash2')).toBe(before);
    expect(takes('crash1')).toBeGreaterThan(2);
    expect(takes('a')).toBe(1);
  });
  /** The scripted engine, whose plan with the twin costs so many operations more. */
  const withTwinCost = (client: EngineClient, flops: number): ControllerServices['engine'] => ({
    call: async (method, params, signal) => {
      const reply = await client.call(method, params, signal);
      const isTwin = method === 'plan' && (params as ComparisonSpec).parameters.twin;
      if (isTwin) (reply as ComparisonPlan).cost.flops += flops;
      return reply;
    },
    stream: (...of) => client.stream(...of),
    tell: (...of) => client.tell(...of),
    allowRestart: () => client.allowRestart(),
  });
  /** The scripted engine, whose whole spectra would take an hour. */
  const large = (client: EngineClient): ControllerServices['engine'] => ({
    ...withTwinCost(client, 0),
    call: async (method, params, signal) => {
      const reply = await client.call(method, params, signal);
      if (method === 'plan' && (params as ComparisonSpec).parameters.spectra === true)
        (reply as ComparisonPlan).cost.flops = 1e14;
      return reply;
    },
  });
  const wholeOf = (page: Page): string[] =>
    page.messages.flatMap((message) =>
      message.type === 'results'
        ? message.tensors.flatMap(({ name, metrics }) => (metrics.nss === undefined ? [] : [name]))
        : [],
    );
  const takes = (): string[] => harness.journal().filter((line) => line.startsWith('take '));
  test('a large comparison ends with where it points; its whole spectra come beside that when they are asked for', async () => {
    const specs: ComparisonSpec[] = [];
    const names = Array.from({ length: 12 }, (_, i) => `m${i}`);
    const engine = large(harness.client(['norm', ...names]));
    const controller = controllerFor(engine, [], (spec) => void specs.push(spec));
    const page = new Page();
    controller.attach(page.post);
    await controller.open({ decides: true });
    expect(page.state.phase).toBe('done');
    expect(page.state.parameters.spectra).toBe('leading');
    expect(page.state.commandLine).toContain('--until alignment');
    expect(page.state.summary?.matrices).toEqual({ done: 12, planned: 12 });
    expect(wholeOf(page)).toEqual([]);
    expect(takes()).toHaveLength(12);
    // cancelled on its way: what is there stays, and Resume computes what is left
    const phases: unknown[] = [];
    controller.attach((message) => {
      page.post(message);
      if (message.type === 'progress') phases.push(message.progress?.phase);
      if (wholeOf(page).length > 0 && takes().length < 24) controller.cancel();
    });
    await controller.computeSpectra();
    expect(phases).toContain('spectra');
    expect(page.state.phase).toBe('cancelled');
    expect(page.state.summary?.matrices).toEqual({ done: 12, planned: 12 });
    const before = new Set(wholeOf(page));
    expect(before.size).toBeGreaterThan(0);
    expect(before.size).toBeLessThan(12);
    controller.attach(page.post);
    await controller.resume();
    expect(page.state.phase).toBe('done');
    expect(new Set(wholeOf(page))).toEqual(new Set(names));
    expect(controller.result().tensors.every(({ name, metrics }) => name === 'norm' || metrics.nss === 0.5)).toBe(true);
    for (const name of before) expect(takes().filter((line) => line === `take ${name}`)).toHaveLength(2);
    // a reload of the window shows them
    expect(specs.at(-1)?.parameters.spectra).toBe(true);
    await controller.dispose();
  });
  test('whoever has chosen the parameters gets whole spectra without being asked', async () => {
    const controller = controllerFor(large(harness.client(['a'])));
    const page = new Page();
    controller.attach(page.post);
    await controller.open();
    expect(page.state).toMatchObject({ phase: 'planned', parameters: { spectra: true } });
    await controller.start();
    expect(wholeOf(page)).toEqual(['a']);
    await controller.dispose();
  });
  test.each([
    ['is cheap', 1e9, true],
    ['would take minutes', 1e14, false],
  ])('noise of the same size is computed unasked if it %s, and the spec says so', async (_, flops, isComputed) => {
    const specs: ComparisonSpec[] = [];
    const engine = withTwinCost(harness.client(['a']), flops);
    const controller = controllerFor(engine, [], (spec) => void specs.push(spec));
    const page = new Page();
    controller.attach(page.post);
    await controller.open({ decides: true });
    expect(page.state.phase).toBe('done');
    expect(page.state.parameters.twin).toBe(isComputed);
    expect(page.state.commandLine.includes('--twin')).toBe(isComputed);
    expect(specs.map(({ parameters }) => parameters.twin)).toEqual(isComputed ? [true] : []);
    // whoever has chosen is not asked again
    await controller.setParameters({ twin: false, alpha: 0.5 });
    expect(page.state.parameters).toMatchObject({ twin: false, alpha: 0.5 });
    expect(specs.at(-1)?.parameters).toMatchObject({ twin: false, alpha: 0.5 });
    await controller.dispose();
  });
});
