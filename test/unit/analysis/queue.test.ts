import { afterEach, describe, expect, it, vi } from 'vitest';
import { Pace, runQueue, WorkQueue } from '../../../src/analysis/queue.ts';

const items = (n: number) => Array.from({ length: n }, (_, i) => ({ name: `item ${i}` }));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('runQueue', () => {
  it('keeps at most `parallelism` items under way and yields every outcome', async () => {
    let running = 0;
    let most = 0;
    const seen: string[] = [];
    const work = async (item: { name: string }) => {
      most = Math.max(most, ++running);
      await pause(2);
      --running;
      return item.name.length;
    };
    for await (const { item } of runQueue(new WorkQueue(items(9)), 3, work, new AbortController().signal))
      seen.push(item.name);
    expect(most).toBe(3);
    expect(seen.sort()).toEqual(items(9).map((item) => item.name));
  });

  it('reports a failing item and goes on with the rest', async () => {
    const work = (item: { name: string }) =>
      item.name === 'item 1' ? Promise.reject(new Error('broken')) : Promise.resolve(1);
    const outcomes = [];
    for await (const outcome of runQueue(new WorkQueue(items(3)), 1, work, new AbortController().signal))
      outcomes.push(outcome);
    expect(outcomes.map((outcome) => 'error' in outcome)).toEqual([false, true, false]);
    expect(outcomes[1]).toMatchObject({ error: { code: 'bug', message: 'broken' } });
  });

  it('throws `cancelled` after an abort, once nothing is under way, and starts nothing more', async () => {
    const abort = new AbortController();
    let started = 0;
    let running = 0;
    const work = async () => {
      ++started;
      ++running;
      await pause(5);
      --running;
    };
    const run = async () => {
      for await (const outcome of runQueue(new WorkQueue(items(50)), 2, work, abort.signal)) if (outcome) abort.abort();
    };
    await expect(run()).rejects.toMatchObject({ code: 'cancelled' });
    expect(running).toBe(0);
    expect(started).toBeLessThan(6);
  });

  it('stops its lanes when the consumer leaves the loop', async () => {
    let started = 0;
    const work = async () => {
      ++started;
      await pause(2);
    };
    for await (const outcome of runQueue(new WorkQueue(items(50)), 2, work, new AbortController().signal))
      if (outcome) break;
    const before = started;
    await pause(20);
    expect(started).toBe(before);
    expect(started).toBeLessThan(10);
  });

  it('takes a prioritised item next', async () => {
    const queue = new WorkQueue(items(5));
    const order: string[] = [];
    const work = async (item: { name: string }) => {
      order.push(item.name);
      if (order.length === 1) expect(queue.prioritize('item 4')).toBe(true);
      await pause(1);
    };
    for await (const outcome of runQueue(queue, 1, work, new AbortController().signal))
      expect(outcome).not.toHaveProperty('error');
    expect(order).toEqual(['item 0', 'item 4', 'item 1', 'item 2', 'item 3']);
    expect(queue.prioritize('item 0')).toBe(false);
  });
});

describe('WorkQueue', () => {
  it('counts and sums up what is not taken', () => {
    const queue = new WorkQueue(items(4));
    expect(queue.size).toBe(4);
    expect(queue.sum(({ name }) => Number(name.slice(5)))).toBe(6);
    queue.take();
    queue.prioritize('item 3');
    queue.take();
    expect(queue.size).toBe(2);
    expect(queue.sum(({ name }) => Number(name.slice(5)))).toBe(3);
  });
});

describe('Pace', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells of small items every 50 ms, of large ones and the last always', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const pace = new Pace();
    expect(pace.due(false, 10)).toBe(true);
    expect(pace.due(false, 10)).toBe(false);
    vi.advanceTimersByTime(49);
    expect(pace.due(false, 4096)).toBe(false);
    vi.advanceTimersByTime(1);
    expect(pace.due(false, 10)).toBe(true);
    expect(pace.due(false, 4097)).toBe(true);
    expect(pace.due(false, 10)).toBe(false);
    expect(pace.due(true, 10)).toBe(true);
  });
});
