import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SeveralRun } from '../../../src/engine/severalRun.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import type { SeveralEvent, SeveralRequest } from '../../../src/protocol/several.ts';
import { SeveralAccumulator } from '../../../src/results/several.ts';
import { createHarness, type Harness } from './harness.ts';

const request: SeveralRequest = { base: 'base', tuned: ['one', 'two'], parameters: DEFAULT_PARAMETERS, steps: null };
let harness: Harness;
beforeEach(async () => {
  harness = await createHarness();
});
afterEach(() => harness.close());

async function collect(run: SeveralRun): Promise<{ events: SeveralEvent[]; found: SeveralAccumulator }> {
  const events: SeveralEvent[] = [];
  const found = new SeveralAccumulator(2);
  for await (const event of run.events()) {
    events.push(event);
    found.add(event);
  }
  return { events, found };
}
const signal = (): AbortSignal => new AbortController().signal;
const taken = (name: string): number => harness.journal().filter((line) => line === `take ${name}`).length;

describe('several checkpoints survive crashes', () => {
  test('nothing finished is computed again; the matrix that crashes is tried twice and reported for every run; the rest goes on', async () => {
    const client = harness.client(['norm', 'a', 'b', 'crash', 'c', 'd']);
    const { events, found } = await collect(new SeveralRun(client, request, signal()));
    expect([...found.agreements.keys()].sort()).toEqual(['a', 'b', 'c', 'd']);
    for (const name of ['norm', 'a', 'b', 'c', 'd']) expect(taken(name), name).toBe(1);
    expect(taken('crash')).toBe(2);
    for (const run of found.runs) expect(run.failed.get('crash')).toMatchObject({ code: 'device-lost' });
    expect([...found.finished].sort()).toEqual(['a', 'b', 'c', 'crash', 'd', 'norm']);
    const plans = events.filter((event) => event.type === 'run' && event.event.type === 'plan');
    expect(plans).toHaveLength(2);
    expect(events.findLast((event) => event.type === 'progress')).toMatchObject({ done: 6, total: 6 });
  });
  test('a process killed from outside costs nothing', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `m${i}`);
    const client = harness.client(names);
    const found = new SeveralAccumulator(2);
    for await (const event of new SeveralRun(client, request, signal()).events()) {
      found.add(event);
      if (found.finished.size === 3 && harness.processes.length === 1) harness.processes[0]?.kill();
    }
    expect([...found.agreements.keys()].sort()).toEqual(names);
    expect(found.runs.map(({ failed }) => failed.size)).toEqual([0, 0]);
    expect(harness.processes.length).toBe(2);
  });
  test('a crash before anything is known is tolerated once', async () => {
    const client = harness.client(['crash']);
    const { found } = await collect(new SeveralRun(client, request, signal()));
    expect([...found.finished]).toEqual(['crash']);
  });
  test('a resumed run leaves out what is done and counts it', async () => {
    const client = harness.client(['norm', 'a', 'b', 'c']);
    const { events, found } = await collect(new SeveralRun(client, { ...request, done: ['norm', 'a'] }, signal()));
    expect([...found.agreements.keys()]).toEqual(['b', 'c']);
    expect(events.findLast((event) => event.type === 'progress')).toMatchObject({ done: 4, total: 4 });
  });
  test('a matrix that does not hear of the cancel ends with its process, within the grace of a second', async () => {
    const client = harness.client(['a', 'hang']);
    const abort = new AbortController();
    const run = async (): Promise<void> => {
      for await (const event of new SeveralRun(client, request, abort.signal).events())
        if (event.type === 'finished') abort.abort();
    };
    await expect(run()).rejects.toMatchObject({ code: 'cancelled' });
    expect(harness.processes).toHaveLength(1);
    expect(harness.log.join('\n')).toContain('did not cancel within 1000 ms and is ended');
  });
});
