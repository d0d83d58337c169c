import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LinearAlgebraBackend, Matrix, PairQuantities } from '../../../src/linalg/backend.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { createWasmBackend } from '../../../src/linalg/wasm/index.ts';
import { hasRelaxedSimd } from '../../../src/linalg/wasm/kernels.ts';
import { buildWasm, type WasmBuild } from './wasmBuild.ts';
import { CASES, pairOf, type PairCase } from './wasmCases.ts';

const reference = createReferenceBackend();
let build: WasmBuild;
beforeAll(async () => {
  build = await buildWasm();
}, 120_000);
afterAll(() => build.remove());

const norm = (values: Float64Array): number => Math.hypot(...values);
const close = (actual: number, expected: number, absolute: number, relative: number, what: string): void => {
  const error = Math.abs(actual - expected);
  // a call of expect for each of a million numbers would take longer than the kernels
  if (!(error <= absolute + relative * Math.abs(expected))) expect.fail(`${what}: ${actual} for ${expected}`);
};

/** METRICS' tolerances, on the quantities they are made from. */
function expectSame(actual: PairQuantities, expected: PairQuantities, { determined }: PairCase): void {
  for (const side of ['baseValues', 'tunedValues', 'updateValues'] as const) {
    const want = expected[side];
    expect(actual[side].length).toBe(want.length);
    want.forEach((s, i) => close(actual[side][i] ?? NaN, s, 1e-6 * (want[0] ?? 0), 0, `${side}[${i}]`));
  }
  const shift = (q: PairQuantities): number =>
    norm(q.tunedValues.map((s, i) => s - (q.baseValues[i] ?? 0))) / norm(q.baseValues);
  if (expected.baseValues[0] !== 0 && shift(expected) >= 2e-6) close(shift(actual), shift(expected), 0, 0.01, 'nss');
  for (const side of ['anglesU', 'anglesV'] as const) {
    const want = expected[side];
    const got = actual[side];
    expect(got === null, side).toBe(want === null);
    if (!want || !got) continue;
    const radians = (angles: NonNullable<PairQuantities['anglesU']>): Float64Array =>
      angles.sines.map((sine, i) =>
        sine < Math.SQRT1_2 ? Math.asin(sine) : Math.acos(Math.min(1, angles.cosines[i] ?? NaN)),
      );
    const wanted = radians(want);
    expect(got.sines.length).toBe(wanted.length);
    if (determined) radians(got).forEach((angle, i) => close(angle, wanted[i] ?? NaN, 3.5e-5, 0.01, `${side}[${i}]`));
  }
  expect(actual.energies === null).toBe(expected.energies === null);
  expect(actual.masks === null).toBe(expected.masks === null);
  expect(actual.zeros).toBe(expected.zeros);
  const updateSquared = norm(expected.updateValues) ** 2;
  for (const part of ['joint', 'left', 'right'] as const) {
    const got = actual.energies?.[part] ?? 0;
    if (determined) close(got, expected.energies?.[part] ?? 0, 1e-13 * updateSquared, 1e-4, part);
    expect(got).toBeLessThanOrEqual(updateSquared * (1 + 1e-9));
  }
  if (determined)
    expected.diagonal?.forEach((x, i) =>
      close(
        Math.abs(actual.diagonal?.[i] ?? NaN),
        Math.abs(x),
        1e-7 * Math.sqrt(updateSquared),
        1e-4,
        `diagonal[${i}]`,
      ),
    );
  for (const mask of ['principal', 'low', 'principalNotLow', 'all'] as const)
    for (const kind of ['total', 'changed'] as const) {
      const want = expected.masks?.[mask][kind];
      const got = actual.masks?.[mask][kind];
      if (!want || !got) continue;
      const apart = want.reduce((sum, n, i) => sum + Math.abs(n - (got[i] ?? NaN)), 0);
      if (mask === 'low' || mask === 'all') expect(apart, `${mask} ${kind}`).toBe(0);
      else if (determined) expect(apart, `${mask} ${kind}`).toBeLessThanOrEqual(4);
    }
}

describe.each(hasRelaxedSimd() ? [false, true] : [false])('WASM backend, relaxed SIMD %s', (relaxed) => {
  let backend: LinearAlgebraBackend;
  beforeAll(async () => {
    backend = await createWasmBackend({ ...build, threads: 2, relaxed });
  });
  afterAll(() => backend.dispose());

  it.each(CASES)('$name agrees with the float64 reference', async (item) => {
    const { base, tuned, options } = pairOf(item);
    const [actual, expected] = await Promise.all([
      backend.comparePair(base, tuned, options),
      reference.comparePair(base, tuned, options),
    ]);
    expectSame(actual, expected, item);
    if (options.grid.roundFirst) return;
    const values = await backend.singularValues(base, {});
    values.forEach((s, i) =>
      close(s, expected.baseValues[i] ?? NaN, 1e-6 * (expected.baseValues[0] ?? 0), 0, `s[${i}]`),
    );
    expect(values.length).toBe(expected.baseValues.length);
  });

  it.each(['BF16', 'F32', 'F64'] as const)(
    'a pair of %s shared by idle threads is the pair of one thread',
    async (type) => {
      const item: PairCase = { name: type, rows: 560, columns: 520, type, kind: 'normal', determined: true };
      const { base, tuned, options } = pairOf(item);
      const alone = await createWasmBackend({ ...build, threads: 1, relaxed });
      const many = await createWasmBackend({ ...build, threads: 3, relaxed });
      try {
        const expected = await alone.comparePair(base, tuned, options);
        const results = await Promise.all([
          many.comparePair(base, tuned, options),
          many.comparePair(tuned, base, options),
        ]);
        const [actual, swapped] = results;
        expectSame(actual, expected, item);
        expect(swapped.baseValues).toEqual(expected.tunedValues);
        expect(swapped.updateValues).toEqual(expected.updateValues);
      } finally {
        await Promise.all([alone.dispose(), many.dispose()]);
      }
    },
  );

  it('stops within a second of a cancel and goes on working', async () => {
    const { base, tuned, options } = pairOf({
      name: 'large',
      rows: 1024,
      columns: 1024,
      type: 'F32',
      kind: 'normal',
      determined: true,
    });
    const controller = new AbortController();
    const running = backend.comparePair(base, tuned, { ...options, signal: controller.signal });
    setTimeout(() => controller.abort(), 150);
    const start = performance.now();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(performance.now() - start).toBeLessThan(1150);
    const small: Matrix = { rows: 1, columns: 1, type: 'F32', data: new Uint8Array(new Float32Array([-3]).buffer) };
    expect([...(await backend.singularValues(small, {}))]).toEqual([3]);
  });

  it('refuses bytes that do not fit the shape', async () => {
    const wrong: Matrix = { rows: 2, columns: 3, type: 'BF16', data: new Uint8Array(10) };
    await expect(backend.singularValues(wrong, {})).rejects.toMatchObject({ code: 'bug' });
  });
});
