/** Pairs on the WebGPU backend, on a software adapter, against the float64 reference, and larger ones against the CPU backend. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FloatTail, LinearAlgebraBackend, PairQuantities } from '../../../../src/linalg/backend.ts';
import { createReferenceBackend } from '../../../../src/linalg/reference/index.ts';
import { createWasmBackend, type WasmBackend } from '../../../../src/linalg/wasm/index.ts';
import { createWebGpuBackend } from '../../../../src/linalg/webgpu/index.ts';
import { batchBytes } from '../../../../src/linalg/webgpu/pairs.ts';
import { close, expectSame } from '../agreement.ts';
import { buildWasm, type WasmBuild } from '../wasmBuild.ts';
import { CASES, pairOf, SEVERAL_CASES, severalOf, type PairCase } from '../wasmCases.ts';
import { openTestDevice, type TestDevice } from './device.ts';
import { cpuMs } from '../../growth.ts';

const reference = createReferenceBackend();
let held: TestDevice;
let build: WasmBuild;
let cpu: WasmBackend;
let backend: LinearAlgebraBackend;
/** pairs whose masks and energies were left to the CPU */
let masksOnCpu = 0;

function open(options: { memoryCap?: number; bindingLimit?: number }): Promise<LinearAlgebraBackend> {
  const tail: FloatTail = {
    ...cpu.tail,
    leading: (...args) => {
      masksOnCpu++;
      return cpu.tail.leading(...args);
    },
  };
  return createWebGpuBackend({
    ...{ device: held.device, adapterName: held.name, cpu, tail, memoryCap: 2 ** 30, ...options },
  });
}
beforeAll(async () => {
  held = await openTestDevice();
  build = await buildWasm();
  cpu = await createWasmBackend({ ...build, threads: 2 });
  backend = await open({});
  // lavapipe compiles at the first dispatch, for minutes on a cold cache
  const { base, tuned, options } = pairOf(CASES[0] as PairCase);
  await backend.comparePair(base, tuned, options);
}, 600_000);
afterAll(async () => {
  await backend?.dispose();
  held?.device.destroy();
  await held?.device.lost;
  await cpu?.dispose();
  build?.remove();
});

describe('every case of the suite', () => {
  it.each(CASES)('$name agrees with the float64 reference', async (item) => {
    const { base, tuned, options } = pairOf(item);
    const [actual, expected] = await Promise.all([
      backend.comparePair(base, tuned, options),
      reference.comparePair(base, tuned, options),
    ]);
    expectSame(actual, expected, item);
    const values = await backend.singularValues(base, {});
    expect(values.length).toBe(expected.baseValues.length);
    for (const [i, s] of values.entries())
      close(s, expected.baseValues[i] ?? NaN, 1e-6 * (expected.baseValues[0] ?? 0), 0, `s[${i}]`);
  });
});

describe('random and weight-like matrices', () => {
  const cases: PairCase[] = (
    [
      ['gaussian', 640, 640, 'BF16', 'normal'],
      ['power-law', 256, 320, 'BF16', 'power-law'],
      ['gaussian', 1024, 320, 'F16', 'normal'],
    ] as const
  ).map(([name, rows, columns, type, kind]) => ({ ...{ name, rows, columns, type, kind }, determined: true }));
  it.each(cases)('$name $rows x $columns: GPU and CPU agree', async (item) => {
    const { base, tuned, options } = pairOf(item);
    const before = masksOnCpu;
    const [actual, expected] = await Promise.all([
      backend.comparePair(base, tuned, options),
      cpu.comparePair(base, tuned, options),
    ]);
    expect(masksOnCpu, 'masks on the CPU').toBe(before);
    expect(actual.computedOn ?? 'gpu').toBe('gpu');
    expectSame(actual, expected, item);
  });

  it.each([3e-4, 1.1e-4, 5e-5])('an update of %s of the norm keeps the tolerances in float32', async (change) => {
    const item: PairCase = {
      ...{ name: 'small', rows: 260, columns: 220, type: 'F32', kind: 'normal', determined: true, change },
    };
    const { base, tuned, options } = pairOf(item);
    const actual = await backend.comparePair(base, tuned, options);
    expect(actual.recomputed ?? []).toEqual([]);
    expectSame(actual, await cpu.comparePair(base, tuned, options), item);
  });

  it.each([
    ['nss', 2e-7, 'normal'],
    ['angles', 3e-6, 'clustered'],
  ] as const)('%s of an update of %s are computed again in float64', async (what, change, kind) => {
    // 60 lies within a cluster of equal values: the update alone says which vectors lead
    const item: PairCase = {
      ...{
        name: what,
        rows: 150,
        columns: 140,
        type: 'F32',
        kind,
        determined: kind === 'normal',
        change,
        angleRank: 60,
      },
    };
    const { base, tuned, options } = pairOf(item);
    const actual = await backend.comparePair(base, tuned, options);
    const expected = await cpu.comparePair(base, tuned, options);
    expect(actual.recomputed).toContain(what);
    expectSame(actual, expected, item);
    const shift = (q: PairQuantities): number =>
      Math.hypot(...q.tunedValues.map((s, i) => s - (q.baseValues[i] ?? 0))) / Math.hypot(...q.baseValues);
    close(shift(actual), shift(expected), 0, 1e-6, 'nss');
  });

  it('masks whose threshold many entries share are computed again in float64', async () => {
    const item: PairCase = { name: 'ties', rows: 150, columns: 140, type: 'F32', kind: 'normal', determined: true };
    const { base, tuned, options } = pairOf(item);
    // three rows in four are zero: so is the reconstruction, and the threshold with it
    for (const { data } of [base, tuned]) new Float32Array(data.buffer).fill(0, 0, 113 * 140);
    const actual = await backend.comparePair(base, tuned, options);
    expect(actual.recomputed).toContain('masks');
    expectSame(actual, await cpu.comparePair(base, tuned, options), item);
  });

  it.each(['BF16', 'F32'] as const)('a pair of %s with its noise twin, beside one without', async (type) => {
    const item: PairCase = { name: 'twin', rows: 150, columns: 220, type, kind: 'normal', determined: true };
    const { base, tuned, options } = pairOf(item);
    const norm = Math.hypot(...(await cpu.comparePair(base, tuned, options)).updateValues);
    const twin = await backend.noiseTwin(base, { seed: 5n, norm, grid: null });
    const [actual, expected, alone, both] = await Promise.all([
      backend.comparePair(base, tuned, { ...options, others: [twin] }),
      cpu.comparePair(base, tuned, { ...options, others: [twin] }),
      backend.comparePair(base, tuned, options),
      backend.comparePair(base, twin, options),
    ]);
    expect(actual.recomputed ?? []).toEqual([]);
    expectSame(actual, expected, item);
    const { others: [found] = [], ...pair } = actual;
    expect(pair).toEqual(alone);
    expect({ ...found, baseValues: actual.baseValues, zeros: actual.zeros }).toEqual(both);
  });

  it.each(SEVERAL_CASES)('$name as three tuned sides, with the directions of each update', async (item) => {
    const { base, tuned, options } = severalOf(item);
    const [actual, expected] = await Promise.all([
      backend.comparePair(base, tuned, options),
      reference.comparePair(base, tuned, options),
    ]);
    expect(actual.others?.[0]?.updateRight).toBeNull();
    expectSame(actual, expected, item);
  });

  it('tuned sides that the device does not hold together go there in parts', async () => {
    const item: PairCase = { name: 'parts', rows: 150, columns: 220, type: 'BF16', kind: 'normal', determined: true };
    const { base, tuned, options } = severalOf(item);
    // as much as one side takes
    const small = await open({ memoryCap: batchBytes({ base, tuned, options: { ...options, others: [] } }, 1) });
    try {
      const [actual, whole] = [
        await small.comparePair(base, tuned, options),
        await backend.comparePair(base, tuned, options),
      ];
      expect(actual.computedOn).toBeUndefined();
      expect(actual).toEqual(whole);
    } finally {
      await small.dispose();
    }
  });

  it('pairs in a batch are what they are alone', async () => {
    const items = [0.01, 0.02, 0.05].map((change): PairCase => ({
      ...{ name: `${change}`, rows: 100, columns: 90, type: 'BF16', kind: 'normal', determined: true, change },
    }));
    const alone: PairQuantities[] = [];
    for (const item of items) {
      const { base, tuned, options } = pairOf(item);
      alone.push(await backend.comparePair(base, tuned, options));
    }
    const together = await Promise.all(
      items.map((item) => {
        const { base, tuned, options } = pairOf(item);
        return backend.comparePair(base, tuned, options);
      }),
    );
    expect(together).toEqual(alone);
  });
});

describe('a device with little room', () => {
  const item: PairCase = { name: 'tiles', rows: 330, columns: 200, type: 'F32', kind: 'normal', determined: true };
  it('takes a matrix larger than a binding in tiles', async () => {
    const tiled = await open({ bindingLimit: 2 ** 17 });
    try {
      const { base, tuned, options } = pairOf(item);
      const before = masksOnCpu;
      const actual = await tiled.comparePair(base, tuned, options);
      expect(actual.computedOn ?? 'gpu').toBe('gpu');
      expect(masksOnCpu).toBe(before);
      expectSame(actual, await cpu.comparePair(base, tuned, options), item);
    } finally {
      await tiled.dispose();
    }
  });
  it('leaves to the CPU what is over its cap', async () => {
    const small = await open({ memoryCap: 2 ** 20 });
    try {
      const { base, tuned, options } = pairOf(item);
      const actual = await small.comparePair(base, tuned, options);
      expect(actual.computedOn).toBe('cpu');
      expect(actual.recomputed).toBeUndefined();
      expect(await small.singularValues(base, {})).toEqual(await cpu.singularValues(base, {}));
    } finally {
      await small.dispose();
    }
  });
  it('stops at a cancel, and goes on working', async () => {
    const { base, tuned, options } = pairOf(item);
    const stop = new AbortController();
    const running = backend.comparePair(base, tuned, { ...options, signal: stop.signal });
    setTimeout(() => stop.abort(), 60);
    const cancelled = await cpuMs(() => expect(running).rejects.toMatchObject({ code: 'cancelled' }));
    const whole = await cpuMs(async () =>
      expect((await backend.comparePair(base, tuned, options)).masks).not.toBeNull(),
    );
    expect(cancelled).toBeLessThan(whole / 2);
  });
});
