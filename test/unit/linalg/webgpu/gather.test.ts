import { describe, expect, it } from 'vitest';
import { Gatherer } from '../../../../src/linalg/webgpu/gather.ts';

/** Batches as they were run; each ends when it is told to. */
function recording(lanes: number) {
  const batches: { jobs: number[]; signal: AbortSignal; end: (error?: Error) => void }[] = [];
  const gatherer = new Gatherer<number, number>(
    lanes,
    (jobs, signal) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void => (error ? reject(error) : resolve(jobs.map((job) => job * 10)));
        batches.push({ jobs, signal, end });
      }),
  );
  return { batches, gatherer };
}
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));

describe('calls gathered into batches', () => {
  it('go by key, up to the width, and each gets its own result', async () => {
    const { batches, gatherer } = recording(3);
    const a = [1, 2, 3].map((job) => gatherer.add('a', 2, job));
    const b = gatherer.add('b', 2, 7);
    expect(batches.map(({ jobs }) => jobs)).toEqual([[1, 2]]);
    await soon();
    expect(batches.map(({ jobs }) => jobs)).toEqual([[1, 2], [3], [7]]);
    for (const { end } of batches) end();
    expect(await Promise.all([...a, b])).toEqual([10, 20, 30, 70]);
  });
  it('wait for a free lane and fill up meanwhile', async () => {
    const { batches, gatherer } = recording(1);
    const results = [gatherer.add('a', 4, 1)];
    await soon();
    results.push(...[2, 3, 4].map((job) => gatherer.add('a', 4, job)));
    await soon();
    expect(batches).toHaveLength(1);
    batches[0]?.end();
    await soon();
    expect(batches.map(({ jobs }) => jobs)).toEqual([[1], [2, 3, 4]]);
    batches[1]?.end();
    expect(await Promise.all(results)).toEqual([10, 20, 30, 40]);
  });
  it('fail together, and the next batch goes on', async () => {
    const { batches, gatherer } = recording(1);
    const failing = [1, 2].map((job) => gatherer.add('a', 2, job));
    const next = gatherer.add('a', 2, 3);
    batches[0]?.end(new Error('the device is gone'));
    for (const result of failing) await expect(result).rejects.toThrow('gone');
    await soon();
    batches[1]?.end();
    expect(await next).toBe(30);
  });
  it('are cancelled one by one at once; the batch only when all are', async () => {
    const { batches, gatherer } = recording(1);
    const stops = [new AbortController(), new AbortController()];
    const results = stops.map(({ signal }, i) => gatherer.add('a', 2, i, signal));
    stops[0]?.abort();
    await expect(results[0]).rejects.toMatchObject({ code: 'cancelled' });
    expect(batches[0]?.signal.aborted).toBe(false);
    stops[1]?.abort();
    await expect(results[1]).rejects.toMatchObject({ code: 'cancelled' });
    expect(batches[0]?.signal.aborted).toBe(true);
  });
  it('that wait are left out when cancelled, and all are when it is closed', async () => {
    const { batches, gatherer } = recording(1);
    const stop = new AbortController();
    const first = gatherer.add('a', 1, 1);
    const cancelled = gatherer.add('a', 1, 2, stop.signal);
    const waiting = gatherer.add('a', 1, 3);
    stop.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    gatherer.close();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await expect(gatherer.add('a', 1, 4)).rejects.toMatchObject({ code: 'cancelled' });
    batches[0]?.end();
    expect(await first).toBe(10);
    expect(batches).toHaveLength(1);
  });
});
