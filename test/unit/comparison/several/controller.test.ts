import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SeveralController } from '../../../../src/comparison/several/controller.ts';
import { SeveralStore, type SeveralSpec } from '../../../../src/comparison/several/spec.ts';
import { DEFAULT_PARAMETERS } from '../../../../src/protocol/results.ts';
import type { RunsResult } from '../../../../src/protocol/several.ts';
import type { SeveralToView } from '../../../../src/protocol/severalViews.ts';
import { SeveralAccumulator } from '../../../../src/results/several.ts';
import { createHarness, type Harness } from '../../engine/harness.ts';

let harness: Harness;
let directory: string;
const open: SeveralController[] = [];
beforeEach(async () => {
  harness = await createHarness();
  directory = mkdtempSync(join(tmpdir(), 'offaxis-several-'));
  for (const name of ['base', 'rl', 'sft', 'noise']) writeFileSync(join(directory, name), name);
});
afterEach(async () => {
  for (const controller of open.splice(0)) await controller.dispose();
  await harness.close();
  rmSync(directory, { recursive: true });
});
const at = (name: string): string => join(directory, name);

/** What a page knows after the messages it got. */
class Page {
  messages: SeveralToView[] = [];
  post = (message: SeveralToView): void => void this.messages.push(structuredClone(message));
  private last<T extends SeveralToView['type']>(type: T): Extract<SeveralToView, { type: T }> | undefined {
    return this.messages.findLast((message) => message.type === type) as Extract<SeveralToView, { type: T }>;
  }
  private get since(): SeveralToView[] {
    return this.messages.slice(this.messages.findLastIndex(({ type }) => type === 'reset'));
  }
  get state() {
    return this.last('state')?.state;
  }
  get plan() {
    return this.last('plan')?.plan;
  }
  get model() {
    return this.last('model')?.model;
  }
  get rows(): string[] {
    const names: string[] = [];
    for (const message of this.since)
      if (message.type === 'results') for (const { name } of message.agreement.rows) names.push(name);
    return names.sort();
  }
  /** "run name" of each comparison */
  get compared(): string[] {
    const results = this.since.flatMap((message) => (message.type === 'results' ? message.comparisons : []));
    return [...new Set(results.map(({ run, tensor }) => `${run} ${tensor.name}`))].sort();
  }
}

const RUNS: SeveralSpec = {
  kind: 'runs',
  base: '',
  baseStep: null,
  runs: [],
  parameters: DEFAULT_PARAMETERS,
  folder: null,
  follow: false,
};
/** `steps`: of the watched folder, whole from the first look. */
function controllerFor(
  spec: Partial<SeveralSpec>,
  pairs: string[],
  { steps = [] }: { steps?: number[] } = {},
): { controller: SeveralController; page: Page; specs: SeveralSpec[] } {
  const write = (): void => undefined;
  const specs: SeveralSpec[] = [];
  const controller = new SeveralController(
    { ...RUNS, base: at('base'), runs: ['rl', 'sft'].map((name) => ({ path: at(name), step: null })), ...spec },
    {
      engine: harness.client(pairs),
      store: new SeveralStore(join(directory, 'store')),
      log: { info: write, debug: write, warn: write, error: write },
      onSpec: (changed) => specs.push(changed),
      onActivity: write,
      stepFolder: () => ({
        list: async () => steps.map((step) => ({ step, path: at(`step-${step}`) })),
        mark: async () => 'same',
        whyNot: async () => null,
        watch: () => ({ dispose: write }),
      }),
      lookMs: 1,
    },
  );
  open.push(controller);
  const page = new Page();
  controller.attach(page.post);
  return { controller, page, specs };
}
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
const NAMES = ['norm', 'a', 'b', 'c'];

describe('runs of one base', () => {
  test('cheap ones are compared at once and end with everything on the page', async () => {
    const { controller, page } = controllerFor({}, NAMES);
    await controller.open();
    expect(page.state).toMatchObject({ kind: 'runs', phase: 'done', baseName: 'base', error: null, follow: null });
    expect(page.state?.runs.map(({ name, step }) => [name, step])).toEqual([
      ['rl', null],
      ['sft', null],
    ]);
    expect(page.state?.commandLine).toContain('offaxis runs ');
    expect(page.plan?.tensors.map(({ name }) => name)).toEqual(NAMES);
    expect(page.rows).toEqual(['a', 'b', 'c']);
    expect(page.compared).toEqual(NAMES.flatMap((name) => [`0 ${name}`, `1 ${name}`]).sort());
    expect(page.model).toMatchObject({ schema: 'offaxis.runs/1', runs: [{ name: 'rl' }, { name: 'sft' }] });
    expect(controller.result()).toMatchObject({ schema: 'offaxis.runs/1', tensors: [{}, {}, {}] });
  });
  test('a page that comes back gets the same; so does a window that is loaded again', async () => {
    const first = controllerFor({}, NAMES);
    await first.controller.open();
    const again = new Page();
    first.controller.attach(again.post);
    await first.controller.dispose();
    const restored = controllerFor({}, NAMES);
    await restored.controller.restore();
    for (const page of [again, restored.page]) {
      expect(page.state).toEqual(first.page.state);
      expect(page.plan).toEqual(first.page.plan);
      expect(page.model).toEqual(first.page.model);
      expect(page.rows).toEqual(first.page.rows);
      expect(page.compared).toEqual(first.page.compared);
    }
    expect(harness.journal().filter((line) => line.startsWith('take'))).toHaveLength(NAMES.length);
  });
  test('restored figures of files that have changed say so, and Retry computes them anew', async () => {
    const first = controllerFor({}, NAMES);
    await first.controller.open();
    await first.controller.dispose();
    writeFileSync(at('rl'), 'another one');
    const { controller, page } = controllerFor({}, NAMES);
    await controller.restore();
    expect(page.state?.error?.message).toContain('before the files changed');
    await controller.retry();
    expect(page.state).toMatchObject({ phase: 'done', error: null });
    expect(harness.journal().filter((line) => line === 'take a')).toHaveLength(2);
  });
  test.each(['a window that was loaded again', 'the same window'])(
    'Resume in %s computes all of it anew if the files have changed since',
    async (where) => {
      // the last is not reached before Cancel, however slow the machine
      const many = Array.from({ length: 30 }, (_, i) => `m${String(i).padStart(2, '0')}`);
      const first = controllerFor({}, many);
      const run = first.controller.open();
      await until(() => first.page.rows.length > 0);
      first.controller.cancel();
      await run;
      expect(first.page.state?.phase).toBe('cancelled');
      writeFileSync(at('rl'), 'another one');
      let { controller, page } = first;
      if (where !== 'the same window') {
        await controller.dispose();
        ({ controller, page } = controllerFor({}, many));
        await controller.restore();
        expect(page.state).toMatchObject({ phase: 'cancelled', error: { code: 'bad-file' } });
      }
      await controller.start();
      expect(page.state).toMatchObject({ phase: 'done', error: null });
      expect(page.rows).toEqual(many);
      expect(harness.journal().filter((line) => line === 'take m00')).toHaveLength(2);
    },
    60_000,
  );
  test('changes at the same time come one after the other, and none is lost', async () => {
    const { controller, page, specs } = controllerFor({}, NAMES);
    const opened = controller.open();
    const changes = [controller.addRun(at('noise')), controller.removeRun(0), controller.setParameters({ twin: true })];
    await Promise.all([opened, ...changes]);
    const runs = ['sft', 'noise'].map((name) => ({ path: at(name), step: null }));
    expect(controller.spec).toMatchObject({ runs, parameters: { twin: true } });
    expect(specs.at(-1)).toEqual(controller.spec);
    expect(page.state).toMatchObject({ phase: 'done', error: null, runs: [{ name: 'sft' }, { name: 'noise' }] });
    expect(controller.result()).toMatchObject({ runs: [{ name: 'sft' }, { name: 'noise' }] });
  });
  test('no row of the whole result is made for the figures that a page is shown', async () => {
    const whole = vi.spyOn(SeveralAccumulator.prototype, 'runsResult');
    const { controller, page } = controllerFor({}, NAMES);
    await controller.open();
    expect(page.state?.phase).toBe('done');
    expect(whole).not.toHaveBeenCalled();
    const { tensors, answer, ...figures } = controller.result() as RunsResult;
    expect([tensors.length, typeof answer.text]).toEqual([3, 'string']);
    expect(page.model).toEqual(structuredClone(figures));
    whole.mockRestore();
  }, 60_000);
  test('the same run dropped twice joins once, and what that computes goes on', async () => {
    const { controller, page } = controllerFor({}, NAMES);
    await controller.open();
    const [first, second] = await Promise.allSettled([controller.addRun(at('noise')), controller.addRun(at('noise'))]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'bad-parameter' } });
    expect(page.state?.runs.map(({ name }) => name)).toEqual(['rl', 'sft', 'noise']);
    expect(page.state).toMatchObject({ phase: 'done', error: null });
  });
  test('a cancelled run goes on without what is done', async () => {
    const { controller, page } = controllerFor({}, ['a', 'b', 'c', 'd', 'e', 'f']);
    const run = controller.open();
    await until(() => page.rows.length > 0);
    controller.cancel();
    await run;
    expect(page.state).toMatchObject({ phase: 'cancelled', error: null });
    await controller.start();
    expect(page.state?.phase).toBe('done');
    expect(page.rows).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(harness.journal().filter((line) => line === 'take a')).toHaveLength(1);
  });
  test('a further run joins, one that is left out goes, and neither is twice or alone', async () => {
    const { controller, page, specs } = controllerFor({}, NAMES);
    await controller.open();
    await expect(controller.addRun(at('rl'))).rejects.toMatchObject({ code: 'bad-parameter' });
    await expect(controller.removeRun(0)).rejects.toMatchObject({ code: 'bad-parameter' });
    await controller.addRun(at('noise'));
    expect(page.state?.runs.map(({ name }) => name)).toEqual(['rl', 'sft', 'noise']);
    expect(page.compared).toContain('2 a');
    expect(page.state?.phase).toBe('done');
    await controller.removeRun(1);
    expect(page.state?.runs.map(({ name }) => name)).toEqual(['rl', 'noise']);
    expect(page.compared).not.toContain('2 a');
    expect(specs.at(-1)?.runs).toEqual([
      { path: at('rl'), step: null },
      { path: at('noise'), step: null },
    ]);
  });
  test('what fails is computed again on Retry, and the rest is not', async () => {
    const { controller, page } = controllerFor({}, ['a', 'crash']);
    await controller.open();
    const failed = page.messages.flatMap((message) => (message.type === 'results' ? message.failed : []));
    expect(failed).toMatchObject([{ run: 0, name: 'crash' }, { run: 1 }]);
    await controller.retry();
    expect(harness.journal().filter((line) => line === 'take a')).toHaveLength(1);
    expect(harness.journal().filter((line) => line === 'take crash')).toHaveLength(4);
  });
});

describe('the steps of a watched folder', () => {
  const STEPS = { kind: 'steps', baseStep: 0, runs: [], folder: '/run' } as const;
  beforeEach(() => {
    for (const step of [10, 20, 30]) mkdirSync(at(`step-${step}`));
  });
  const shown = (page: Page): (number | null)[] => page.state?.runs.map(({ step }) => step) ?? [];

  test('are those that are whole; a new one waits to be asked for', async () => {
    const steps = [10, 20];
    const { controller, page } = controllerFor({ ...STEPS, runs: [] }, NAMES, { steps });
    await controller.open();
    expect(shown(page)).toEqual([10, 20]);
    expect(page.state).toMatchObject({ kind: 'steps', phase: 'done', follow: { on: false, fresh: [] } });
    expect(page.model).toMatchObject({ schema: 'offaxis.steps/1', steps: [{ step: 10 }, { step: 20 }] });
    steps.push(30);
    controller.lookAtDisk();
    await until(() => page.state?.follow?.fresh[0]?.waiting === null);
    expect(shown(page)).toEqual([10, 20]);
    await controller.include([30]);
    expect(shown(page)).toEqual([10, 20, 30]);
    expect(page.state).toMatchObject({ phase: 'done', follow: { fresh: [] } });
    expect(page.model).toMatchObject({ steps: [{}, {}, { step: 30 }] });
  }, 60_000);
  test('with Follow on a new one is computed at once, and one that was deleted leaves', async () => {
    const steps = [10, 20];
    const { controller, page, specs } = controllerFor({ ...STEPS, runs: [] }, NAMES, { steps });
    await controller.open();
    controller.setFollow(true);
    rmSync(at('step-10'), { recursive: true });
    steps.splice(0, 2, 20, 30);
    controller.lookAtDisk();
    await until(() => shown(page).includes(30) && page.state?.phase === 'done');
    expect(shown(page)).toEqual([20, 30]);
    expect(page.state?.follow).toMatchObject({ on: true, fresh: [] });
    expect(specs.at(-1)).toMatchObject({ follow: true, runs: [{ step: 20 }, { step: 30 }] });
  }, 60_000);
  test('are taken from their folder alone: another checkpoint is refused', async () => {
    const { controller, page } = controllerFor({ ...STEPS, runs: [] }, NAMES, { steps: [10] });
    await controller.open();
    await expect(controller.addRun(at('noise'))).rejects.toMatchObject({
      code: 'bad-parameter',
      message: 'A page of steps takes its steps from their folder.',
    });
    expect(shown(page)).toEqual([10]);
  }, 60_000);
  test('a folder without a whole step says so, and its first one can be asked for', async () => {
    const steps: number[] = [];
    const { controller, page } = controllerFor({ ...STEPS, runs: [] }, NAMES, { steps });
    await controller.open();
    expect(page.state).toMatchObject({ phase: 'failed', error: { code: 'bad-file' } });
    steps.push(10);
    controller.lookAtDisk();
    await until(() => page.state?.follow?.fresh[0]?.waiting === null);
    await controller.include([10]);
    expect(page.state).toMatchObject({ phase: 'done', error: null });
    expect(shown(page)).toEqual([10]);
  }, 60_000);
});
