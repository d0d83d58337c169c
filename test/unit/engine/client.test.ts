import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineCrashedError, EngineUnavailableError } from '../../../src/engine/errors.ts';
import { MAX_CRASHES_PER_MINUTE, RestartBudget } from '../../../src/engine/restarts.ts';
import { askNode } from '../../../src/engine/runtime.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { createHarness, type Harness } from './harness.ts';

const request = { runId: 'run', base: 'base', tuned: 'tuned', parameters: DEFAULT_PARAMETERS };
let harness: Harness;
beforeEach(async () => {
  harness = await createHarness();
});
afterEach(() => harness.close());

describe('EngineClient', () => {
  test('starts one process at the first use and keeps it', async () => {
    const client = harness.client(['a']);
    expect(harness.processes).toHaveLength(0);
    const [first, second] = await Promise.all([client.call('info', {}), client.call('info', {})]);
    expect(first).toMatchObject({ name: 'scripted', version: 'test', pid: harness.processes[0]?.pid });
    expect(second.pid).toBe(first.pid);
    expect(harness.processes).toHaveLength(1);
  });
  test('starts it before it is asked, too; one that nobody asks ends by itself', async () => {
    const client = harness.client(['a'], { idleMs: 50 });
    client.wake();
    client.wake();
    await expect.poll(() => harness.processes.length).toBe(1);
    await harness.processes[0]?.ended;
    expect(harness.processes).toHaveLength(1);
    client.wake();
    const { pid } = await client.call('info', {});
    expect(harness.processes.map((process) => process.pid)).toEqual([harness.processes[0]?.pid, pid]);
  });
  test('a process makes way for the editor once, and not for headers', async () => {
    const client = harness.client(['a']);
    await client.call('open', { path: 'good' });
    expect(harness.journal()).not.toContain('computes');
    for (let run = 0; run < 2; run++)
      for await (const event of client.stream('compare', request, new AbortController().signal)) void event;
    expect(harness.journal().filter((line) => line === 'computes')).toHaveLength(1);
  });
  test('every process hears of the access before anything else, and of another one as it comes', async () => {
    const access = { hubToken: 'hf_1', addresses: [] as string[] };
    let ready = 0;
    const client = harness.client(['a'], {
      access: { ready: async () => void ready++, current: () => structuredClone(access) },
    });
    await client.call('info', {});
    await expect(client.call('open', { path: 'crash' })).rejects.toBeInstanceOf(EngineCrashedError);
    await client.call('info', {});
    access.hubToken = 'hf_2';
    client.tell('access', access);
    await client.call('info', {});
    expect(harness.journal().filter((line) => /^(access|info)/.test(line))).toEqual([
      ...['access hf_1', 'info', 'access hf_1', 'info', 'access hf_2', 'info'],
    ]);
    expect(ready).toBe(2);
    // In no argument, and in no log.
    expect(harness.log.join('\n')).not.toContain('hf_');
  });
  test("hands over the engine's typed errors", async () => {
    const client = harness.client(['a']);
    await expect(client.call('open', { path: 'x' })).rejects.toMatchObject({
      code: 'bad-file',
      message: 'x is not a checkpoint.',
    });
  });
  test('a crash fails the request, and the next request gets a fresh process', async () => {
    const client = harness.client(['a']);
    await expect(client.call('open', { path: 'crash' })).rejects.toBeInstanceOf(EngineCrashedError);
    await expect(client.call('info', {})).resolves.toMatchObject({ pid: harness.processes[1]?.pid });
    expect(harness.log.join('\n')).toContain('ended unexpectedly: exit code 3');
  });
  test('after too many crashes in a minute it waits for the user', async () => {
    const client = harness.client(['a'], { restarts: new RestartBudget(() => 0, []) });
    for (let i = 0; i < MAX_CRASHES_PER_MINUTE; i++)
      await expect(client.call('open', { path: 'crash' })).rejects.toBeInstanceOf(EngineCrashedError);
    await expect(client.call('info', {})).rejects.toBeInstanceOf(EngineUnavailableError);
    client.allowRestart();
    await expect(client.call('info', {})).resolves.toMatchObject({ name: 'scripted' });
  });
  test('a program that does not exist is an error, not a hang', async () => {
    const { EngineClient } = await import('../../../src/engine/client.ts');
    const { launchEngine } = await import('../../../src/engine/launch.ts');
    const log = { info: () => undefined, debug: () => undefined, warn: () => undefined, error: () => undefined };
    const client = new EngineClient({
      launch: () => launchEngine({ file: '/does/not/exist.mjs', arguments: [], log }),
      log,
    });
    await expect(client.call('info', {})).rejects.toBeInstanceOf(EngineCrashedError);
    client.dispose();
  });
  test('cancel ends a stream that listens, and the process stays', async () => {
    const client = harness.client(Array.from({ length: 500 }, (_, i) => `m${i}`));
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      for await (const event of client.stream('compare', request, controller.signal))
        if (event.type === 'matrix') controller.abort();
    };
    await expect(run()).rejects.toMatchObject({ code: 'cancelled' });
    await expect(client.call('info', {})).resolves.toMatchObject({ pid: harness.processes[0]?.pid });
  });
  test('cancel of a stream that hangs ends it by a fresh process', async () => {
    const client = harness.client(['hang']);
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      for await (const event of client.stream('compare', request, controller.signal))
        if (event.type === 'progress') controller.abort();
    };
    // It hangs for a minute, which would be waited for by the same process.
    await expect(run()).rejects.toMatchObject({ code: 'cancelled' });
    await expect(client.call('info', {})).resolves.toMatchObject({ pid: harness.processes[1]?.pid });
  });
  test('an idle process ends by itself', async () => {
    const client = harness.client(['a'], { idleMs: 50 });
    await client.call('info', {});
    await expect.poll(() => harness.journal().includes('end')).toBe(true);
    await expect(client.call('info', {})).resolves.toMatchObject({ pid: harness.processes[1]?.pid });
  });
  test('new settings take a fresh process, but not from under a running request', async () => {
    const client = harness.client(['a', 'b', 'c']);
    const controller = new AbortController();
    const names: string[] = [];
    for await (const event of client.stream('compare', request, controller.signal)) {
      if (event.type === 'plan') client.restartWhenIdle();
      if (event.type === 'matrix') names.push(event.tensor.name);
    }
    expect(names).toEqual(['a', 'b', 'c']);
    await expect(client.call('info', {})).resolves.toMatchObject({ pid: harness.processes[1]?.pid });
  });
  test('dispose ends the process cleanly', async () => {
    const client = harness.client(['a']);
    await client.call('info', {});
    client.dispose();
    await expect(harness.processes[0]?.ended).resolves.toBe('exit code 0');
    expect(harness.journal().at(-1)).toBe('end');
    await expect(client.call('info', {})).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('RestartBudget', () => {
  test('forgets crashes after a minute', () => {
    let now = 0;
    const budget = new RestartBudget(() => now);
    for (let i = 0; i < MAX_CRASHES_PER_MINUTE; i++) budget.recordCrash();
    expect(budget.delayMs()).toBeNull();
    now = 60_001;
    expect(budget.delayMs()).toBe(0);
  });
  test('waits longer the more it crashes', () => {
    const budget = new RestartBudget(() => 0);
    const delays: number[] = [];
    for (let delay = budget.delayMs(); delay !== null; delay = budget.delayMs()) {
      delays.push(delay);
      budget.recordCrash();
    }
    expect(delays).toHaveLength(MAX_CRASHES_PER_MINUTE);
    expect([...delays].sort((a, b) => a - b)).toEqual(delays);
    expect(delays.at(-1)).toBeGreaterThan(delays[0] as number);
  });
  test('the engine drops NODE_OPTIONS: what other programs are to load is not loaded into it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'offaxis-options-'));
    const loaded = join(folder, 'loaded');
    const script = join(folder, 'script.cjs');
    writeFileSync(script, `require('node:fs').writeFileSync(${JSON.stringify(loaded)}, '');`);
    const before = process.env['NODE_OPTIONS'];
    process.env['NODE_OPTIONS'] = `--require ${script}`;
    try {
      await harness.client(['a']).call('plan', { base: '', tuned: '', parameters: DEFAULT_PARAMETERS });
      await askNode(process.execPath);
    } finally {
      if (before === undefined) delete process.env['NODE_OPTIONS'];
      else process.env['NODE_OPTIONS'] = before;
    }
    expect(existsSync(loaded)).toBe(false);
    rmSync(folder, { recursive: true });
  });
});
