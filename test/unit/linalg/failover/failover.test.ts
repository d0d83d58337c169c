import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { LinearAlgebraBackend, Matrix, PairOptions } from '../../../../src/linalg/backend.ts';
import { createFailoverBackend, SUSPECT_AFTER } from '../../../../src/linalg/failover/index.ts';
import { patienceMs } from '../../../../src/linalg/failover/patience.ts';
import { createReferenceBackend } from '../../../../src/linalg/reference/index.ts';
import { scopeError } from '../../../../src/linalg/webgpu/errors.ts';
import { OffaxisError } from '../../../../src/protocol/errors.ts';
import { gaussian, gridOfType, matrix } from '../../matrices.ts';
import { adapterEnvironment } from '../dawn/adapter.ts';
import { openSession, type Before, type Device } from './sessions.ts';

const ROWS = 24;
const COLUMNS = 16;
const base = matrix(ROWS, COLUMNS, 'F32', gaussian(ROWS, COLUMNS, 1));
const tuned = (i: number): Matrix => matrix(ROWS, COLUMNS, 'F32', gaussian(ROWS, COLUMNS, 2 + i));
const options: PairOptions = { maskRank: 2, angleRank: 4, alpha: 0.3, grid: gridOfType('F32') };

interface Setup {
  backend: LinearAlgebraBackend;
  devices: Device[];
  shares: number[];
  log: string[];
  work: boolean[];
  failures: { text: string; suspect: boolean }[];
}
let open: LinearAlgebraBackend[] = [];
beforeAll(() => void Object.assign(process.env, adapterEnvironment()));
afterEach(async () => {
  await Promise.all(open.map((backend) => backend.dispose()));
  open = [];
});

/** `before[n]`: what happens on the n-th device opened; the last one holds for all that follow. */
async function setup(
  before: Before[],
  change: { patience?: number; memoryCap?: number; reopen?: () => never } = {},
): Promise<Setup> {
  const devices: Device[] = [];
  const shares: number[] = [];
  const log: string[] = [];
  const work: boolean[] = [];
  const failures: Setup['failures'] = [];
  const next = async (): Promise<Device> => {
    const step = before[Math.min(devices.length, before.length - 1)] as Before;
    const device = await openSession(step, change.memoryCap);
    devices.push(device);
    return device;
  };
  const { session: first } = await next();
  const backend = createFailoverBackend({
    first,
    reopen: async (share) => {
      change.reopen?.();
      shares.push(share);
      return (await next()).session;
    },
    cpu: createReferenceBackend(),
    patienceMs: () => change.patience ?? 60_000,
    log: { info: (line) => void log.push(line), warn: (line) => void log.push(line) },
    onWork: (busy) => void work.push(busy),
    onFailure: (text, suspect) => void failures.push({ text, suspect }),
  });
  open.push(backend);
  return { backend, devices, shares, log, work, failures };
}
const fine: Before = () => undefined;
const pairs = (backend: LinearAlgebraBackend, count: number, signal?: AbortSignal) =>
  Promise.all(
    Array.from({ length: count }, (_, i) =>
      backend.comparePair(base, tuned(i), { ...options, ...(signal && { signal }) }),
    ),
  );
/** Values of the reference, so that no failure may change a figure. */
async function expectRight(results: Awaited<ReturnType<typeof pairs>>): Promise<void> {
  const truth = await pairs(createReferenceBackend(), results.length);
  results.forEach((result, i) => expect(result.updateValues).toEqual(truth[i]?.updateValues));
}

describe('a device that works', () => {
  test('computes everything, and says when it is at work', async () => {
    const { backend, work, log, failures } = await setup([fine]);
    const results = await pairs(backend, 3);
    await expectRight(results);
    expect(results.map(({ computedOn }) => computedOn)).toEqual(['gpu', 'gpu', 'gpu']);
    expect([work, log, failures]).toEqual([[true, false], [], []]);
    expect(backend.info.kind).toBe('gpu');
  });
  test('a cancel is not a failure', async () => {
    const controller = new AbortController();
    const { backend, failures } = await setup([() => controller.abort()]);
    await expect(pairs(backend, 1, controller.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect(failures).toEqual([]);
    expect((await pairs(backend, 1))[0]?.computedOn).toBe('gpu');
  });
});

describe('device.destroy() in the middle', () => {
  const destroyAtSecond: Before = ({ gpu }, pair) => (pair === 2 ? gpu.destroy() : undefined);

  test('what was in flight runs again on a fresh device', async () => {
    const { backend, devices, failures, log } = await setup([destroyAtSecond, fine]);
    const results = await pairs(backend, 4);
    await expectRight(results);
    expect(results.map(({ computedOn }) => computedOn)).toEqual(['gpu', 'gpu', 'gpu', 'gpu']);
    expect(devices).toHaveLength(2);
    expect(devices[0]?.closed).toBe(true);
    expect(failures).toEqual([{ text: expect.stringContaining('lost') as string, suspect: false }]);
    expect(log.join('\n')).toContain('a fresh GPU device is open');
  });
  test('twice: the CPU goes on, the device is suspect and is not opened again', async () => {
    const { backend, devices, log } = await setup([destroyAtSecond]);
    const results = await pairs(backend, 6);
    await expectRight(results);
    expect(new Set(results.map(({ computedOn }) => computedOn))).toContain('reference');
    expect(devices).toHaveLength(SUSPECT_AFTER);
    expect(backend.info.kind).toBe('reference');
    expect(backend.parallelism).toBe(1);
    expect(log.join('\n')).toContain('suspect');
    const later = await pairs(backend, 1);
    expect(later[0]?.computedOn).toBe('reference');
    expect(devices).toHaveLength(SUSPECT_AFTER);
  });
  test('while nothing runs: the next pair finds a fresh one', async () => {
    const { backend, devices } = await setup([fine]);
    devices[0]?.gpu.destroy();
    await devices[0]?.session.lost;
    expect((await pairs(backend, 1))[0]?.computedOn).toBe('gpu');
    expect(devices).toHaveLength(2);
  });
  test('and no fresh one to be had: the CPU', async () => {
    const reopen = (): never => {
      throw new Error('no adapter');
    };
    const { backend, failures } = await setup([destroyAtSecond], { reopen });
    const results = await pairs(backend, 3);
    await expectRight(results);
    expect(failures.at(-1)).toEqual({ text: expect.stringContaining('no adapter') as string, suspect: true });
  });
});

describe('memory', () => {
  test('a buffer over the limit: this pair goes to the CPU, the device stays', async () => {
    const tooLarge: Before = async ({ context, gpu }, pair) => {
      if (pair === 2) await context.pool.acquire('huge', gpu.limits.maxBufferSize + 1, 128);
    };
    const { backend, devices, failures, log } = await setup([tooLarge]);
    const results = await pairs(backend, 3);
    await expectRight(results);
    expect(results.map(({ computedOn }) => computedOn)).toEqual(['gpu', 'reference', 'gpu']);
    expect([devices.length, failures]).toEqual([1, []]);
    expect(log.join('\n')).toContain('goes to the CPU: The GPU cannot hold huge');
  });
  test('over the cap: the same', async () => {
    const { backend, devices } = await setup([fine], { memoryCap: 1024 });
    const results = await pairs(backend, 2);
    await expectRight(results);
    expect(results.map(({ computedOn }) => computedOn)).toEqual(['reference', 'reference']);
    expect(devices).toHaveLength(1);
  });
});

describe('a driver that has no memory left', () => {
  /** What an error scope gives; a software adapter can not be brought to it without taking the machine's memory. */
  const exhausted: Before = () => {
    throw scopeError('buffer "x" of 1 bytes', 'out-of-memory', { message: 'vkAllocateMemory failed' });
  };
  test('the pair runs again on a fresh device with half the memory, and the device is not suspect for it', async () => {
    const { backend, devices, shares, failures } = await setup([exhausted, exhausted, fine]);
    const results = await pairs(backend, 2);
    await expectRight(results);
    expect(results.map(({ computedOn }) => computedOn)).toEqual(['reference', 'reference']);
    expect(shares).toEqual([0.5, 0.25]);
    expect(failures.map(({ suspect }) => suspect)).toEqual([false, false]);
    expect((await pairs(backend, 1))[0]?.computedOn).toBe('gpu');
    expect(devices.map(({ closed }) => closed)).toEqual([true, true, false]);
  });
});

describe('a command that the device refuses', () => {
  /** A real validation error: a copy beyond the end of the buffer. */
  const refuse: Before = async ({ context }) => {
    const buffer = await context.pool.acquire('small', 256, 4 | 8);
    const encoder = context.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, buffer, 4096, 4096);
    await context.submit('the refused copy', encoder);
  };
  test('once: a fresh device does it; the other pairs end on the old one, which is closed then', async () => {
    const { backend, devices, failures } = await setup([
      (device, pair, signal) => (pair === 1 ? refuse(device, pair, signal) : undefined),
      fine,
    ]);
    const results = await pairs(backend, 3);
    await expectRight(results);
    expect(results.map(({ computedOn }) => computedOn)).toEqual(['gpu', 'gpu', 'gpu']);
    expect(devices.map(({ closed }) => closed)).toEqual([true, false]);
    expect(failures[0]?.text).toContain('refused');
  });
  test('always: the CPU', async () => {
    const { backend } = await setup([refuse]);
    const results = await pairs(backend, 2);
    await expectRight(results);
    expect(results.map(({ computedOn }) => computedOn)).toEqual(['reference', 'reference']);
    expect(backend.info.kind).toBe('reference');
  });
});

describe('a hang', () => {
  /** It does not answer, nor hear of the cancel: only the watchdog ends it. */
  const silent: Before = () => new Promise<void>(() => undefined);

  test('ends by the watchdog, on a fresh device and then on the CPU, though the device answers the probe', async () => {
    const { backend, devices, failures, log } = await setup([silent], { patience: 150 });
    const results = await pairs(backend, 2);
    await expectRight(results);
    expect(results.map(({ computedOn }) => computedOn)).toEqual(['reference', 'reference']);
    expect(devices).toHaveLength(2);
    expect(failures.map(({ text }) => text).join()).toContain('though the device answers');
    expect(log.join('\n')).toContain('suspect');
    expect(devices.map(({ closed }) => closed)).toEqual([false, false]);
    for (const { session } of devices) await session.close();
  });
  test('slow work is left alone as long as results come', async () => {
    // one result every half second: longer than the patience all together, but a busy machine may be five times as slow
    const slow: Before = (_, pair) => new Promise((resolve) => setTimeout(resolve, 500 * pair));
    const { backend, failures } = await setup([slow], { patience: 3000 });
    const results = await pairs(backend, 8);
    expect(new Set(results.map(({ computedOn }) => computedOn))).toEqual(new Set(['gpu']));
    expect(failures).toEqual([]);
  });
  test('patience grows with the work and the slowness of the adapter', () => {
    expect(patienceMs(0, 'hardware')).toBeGreaterThanOrEqual(30_000);
    expect(patienceMs(5e11, 'software')).toBeGreaterThan(patienceMs(5e11, 'hardware'));
    expect(patienceMs(5e11, 'hardware')).toBeGreaterThan(patienceMs(5e10, 'hardware'));
  });
});

test('after the end nothing is started', async () => {
  let begun = (): void => undefined;
  const first = new Promise<void>((resolve) => (begun = resolve));
  const { backend, devices } = await setup([
    () => {
      begun();
      return new Promise((resolve) => setTimeout(resolve, 200));
    },
  ]);
  const running = pairs(backend, 2);
  running.catch(() => undefined);
  await first;
  await backend.dispose();
  await expect(running).rejects.toBeInstanceOf(OffaxisError);
  expect(devices.map(({ closed }) => closed)).toEqual([true]);
});
