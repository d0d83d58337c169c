import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ComparisonRun } from '../../../src/engine/comparisonRun.ts';
import { inspectionEvents } from '../../../src/engine/inspectionRun.ts';
import type { ComparisonEvent } from '../../../src/protocol/engine.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { createHarness, type Harness } from './harness.ts';

const request = { runId: 'run', base: 'base', tuned: 'tuned', parameters: DEFAULT_PARAMETERS };
let harness: Harness;
beforeEach(async () => {
  harness = await createHarness();
});
afterEach(() => harness.close());

async function collect(run: ComparisonRun): Promise<ComparisonEvent[]> {
  const events: ComparisonEvent[] = [];
  for await (const event of run.events()) events.push(event);
  return events;
}
function matrices(events: ComparisonEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'matrix' ? [event.tensor.name] : []));
}
function takes(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of harness.journal())
    if (line.startsWith('take ')) counts.set(line.slice(5), (counts.get(line.slice(5)) ?? 0) + 1);
  return counts;
}

describe('a comparison survives crashes', () => {
  test('nothing finished is computed again; the matrix that crashes is tried twice and reported; the rest goes on', async () => {
    const client = harness.client(['norm', 'a', 'b', 'crash', 'c', 'd']);
    const events = await collect(new ComparisonRun(client, request, new AbortController().signal));
    expect(matrices(events).sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(takes()).toEqual(
      new Map([
        ['a', 1],
        ['b', 1],
        ['crash', 2],
        ['c', 1],
        ['d', 1],
      ]),
    );
    const failed = events.filter((event) => event.type === 'failed');
    expect(failed).toMatchObject([{ name: 'crash', error: { code: 'device-lost' } }]);
    expect(events.filter((event) => event.type === 'plan')).toHaveLength(1);
    const last = events.filter((event) => event.type === 'progress').at(-1);
    expect(last).toMatchObject({ phase: 'spectra', done: 5, total: 5 });
  });
  test('a plan that the caller has is not sent again; one of other files is', async () => {
    const client = harness.client(['norm', 'a']);
    const backend = { kind: 'cpu', name: 'x', precision: 'float64', threads: 2 } as const;
    const plan = await client.call('plan', request);
    const run = (id: string) =>
      collect(new ComparisonRun(client, request, new AbortController().signal, { plan: { ...plan, id }, backend }));
    const known = await run(plan.id);
    expect(known.filter((event) => event.type === 'plan')).toEqual([]);
    expect(matrices(known)).toEqual(['a']);
    expect(known.findLast((event) => event.type === 'progress')).toMatchObject({ done: 1, total: 1 });
    const other = await run('of other files');
    expect(other.filter((event) => event.type === 'plan')).toMatchObject([{ plan: { id: plan.id } }]);
  });
  test('two that crash side by side are both found', async () => {
    const client = harness.client(['crash1', 'crash2', 'a']);
    const events = await collect(new ComparisonRun(client, request, new AbortController().signal));
    expect(matrices(events)).toEqual(['a']);
    expect(events.flatMap((event) => (event.type === 'failed' ? [event.name] : []))).toEqual(['crash1', 'crash2']);
  });
  test('a process killed from outside costs nothing', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `m${i}`);
    const client = harness.client(names);
    const found: string[] = [];
    for await (const event of new ComparisonRun(client, request, new AbortController().signal).events()) {
      if (event.type === 'failed') throw new Error(event.error.message);
      if (event.type === 'matrix') found.push(event.tensor.name);
      if (found.length === 4 && harness.processes.length === 1) harness.processes[0]?.kill();
    }
    expect(found.sort()).toEqual(names);
    expect(harness.processes.length).toBe(2);
  });
  test('a resumed run leaves out what is done and counts it', async () => {
    const client = harness.client(['norm', 'a', 'b', 'c']);
    const events = await collect(
      new ComparisonRun(client, { ...request, done: ['norm', 'a'] }, new AbortController().signal),
    );
    expect(matrices(events)).toEqual(['b', 'c']);
    expect(events.filter((event) => event.type === 'progress').at(-1)).toMatchObject({ done: 3, total: 3 });
  });
  test('what was computed of other files is not gone on with', async () => {
    const client = harness.client(['norm', 'a', 'b']);
    const backend = { kind: 'cpu', name: 'x', precision: 'float64', threads: 2 } as const;
    const plan = await client.call('plan', request);
    const resume = (change: Partial<typeof plan>) => {
      const planned = { plan: { ...plan, ...change }, backend };
      return collect(new ComparisonRun(client, { ...request, done: ['a'] }, new AbortController().signal, planned));
    };
    await expect(resume({ id: 'of other files', files: 'others' })).rejects.toThrow(/has changed since/);
    // Of the same files on another backend it is.
    expect(matrices(await resume({ id: 'of another backend' }))).toEqual(['b']);
  });
  test('a cancel is not a crash', async () => {
    const client = harness.client(['a', 'b', 'hang']);
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      for await (const event of new ComparisonRun(client, request, controller.signal).events())
        if (event.type === 'matrix' && event.tensor.name === 'b') controller.abort();
    };
    await expect(run()).rejects.toMatchObject({ code: 'cancelled' });
    expect(harness.processes).toHaveLength(1);
  });
  test('a wish for a matrix reaches the engine, though it came before the queue', async () => {
    const client = harness.client(['a', 'b', 'c']);
    const run = new ComparisonRun(client, request, new AbortController().signal);
    run.prioritize('c');
    await collect(run);
    expect(harness.journal()).toContain('prioritize c');
  });
});

test('an inspection survives crashes, too', async () => {
  const client = harness.client(['a']);
  const tensors = ['x', 'y', 'crash', 'z'];
  const seen: string[] = [];
  for await (const event of inspectionEvents(
    client,
    { path: 'p', tensors, analysis: 'statistics', parallelism: 2 },
    new AbortController().signal,
  )) {
    if (event.type === 'statistics') seen.push(event.value.name);
    if (event.type === 'failed') seen.push(`${event.name} failed`);
  }
  expect(seen).toEqual(['x', 'y', 'crash failed', 'z']);
});
