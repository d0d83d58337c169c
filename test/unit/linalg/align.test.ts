/** Masks, energies and s_1(D) from leading triplets: small matrices against the float64 reference, large ones against whole spectra. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlignedSide, AlignmentQuantities, Matrix } from '../../../src/linalg/backend.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { createWasmBackend, type WasmBackend } from '../../../src/linalg/wasm/index.ts';
import { hasRelaxedSimd } from '../../../src/linalg/wasm/kernels.ts';
import { decodeCodes, type MatrixType } from '../../../src/numbers/index.ts';
import { close } from './agreement.ts';
import { oncePer } from './oncePer.ts';
import { buildWasm, type WasmBuild } from './wasmBuild.ts';
import { CASES, encode, gaussian, pairOf, severalOf, type PairCase } from './wasmCases.ts';

const reference = createReferenceBackend();
let build: WasmBuild;
/** Of whole spectra, which both builds are held against. */
let whole: WasmBackend;
beforeAll(async () => {
  build = await buildWasm();
  whole = await createWasmBackend({ ...build, threads: 2, relaxed: false });
});
afterAll(async () => {
  await whole.dispose();
  build.remove();
});

/** METRICS' tolerances: of the values, relative 1e-4 of energies, two hits of masks. `squares`: norm_F(D)^2. */
function expectSameSide(actual: AlignedSide, expected: AlignedSide, squares: number, determined: boolean): void {
  close(actual.updateValue, expected.updateValue, 0, 1e-6, 's1 of the update');
  for (const part of ['energies', 'diagonal', 'directions', 'masks'] as const)
    expect(actual[part] === null, part).toBe(expected[part] === null);
  for (const mask of ['low', 'all', 'principal', 'principalNotLow'] as const)
    for (const kind of ['total', 'changed'] as const) {
      const [got, want] = [actual.masks?.[mask][kind], expected.masks?.[mask][kind]];
      if (!got || !want || (!determined && mask !== 'low' && mask !== 'all')) continue;
      const apart = want.reduce((sum, n, i) => sum + Math.abs(n - (got[i] ?? NaN)), 0);
      expect(apart, `${mask} ${kind}`).toBeLessThanOrEqual(mask === 'low' || mask === 'all' ? 0 : 4);
    }
  if (!determined) return;
  for (const part of ['joint', 'left', 'right'] as const)
    close(actual.energies?.[part] ?? 0, expected.energies?.[part] ?? 0, 1e-13 * squares, 1e-4, part);
  for (const side of ['left', 'right'] as const) {
    const [got, want] = [actual.directions?.[side] ?? [], expected.directions?.[side] ?? []];
    expect(got.length).toBe(want.length);
    want.forEach((x, i) => close(got[i] ?? NaN, x, 1e-7 * squares, 1e-4, `${side}[${i}]`));
  }
  expected.diagonal?.forEach((x, i) =>
    close(Math.abs(actual.diagonal?.[i] ?? NaN), Math.abs(x), 1e-6 * Math.sqrt(squares), 1e-4, `diagonal[${i}]`),
  );
}
function expectValues(actual: Float64Array, expected: Float64Array): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((s, i) => close(actual[i] ?? NaN, s, 1e-6 * (expected[0] ?? 0), 0, `s[${i}]`));
}

/** A pair of which W0 is made by `entry` and D by `change`, both of (row, column). */
function large(
  rows: number,
  columns: number,
  type: MatrixType,
  base: Float64Array,
  change: (i: number) => number,
): { base: Matrix; tuned: Matrix } {
  const matrix = (values: Float64Array): Matrix => ({ rows, columns, type, data: encode(type, values) });
  return { base: matrix(base), tuned: matrix(base.map((w, i) => w + change(i))) };
}
/** A B' of Gaussian factors whose columns weigh `weights`, over noise of this size. */
function falling(rows: number, columns: number, weights: readonly number[], noise: number): Float64Array {
  const next = gaussian(rows + 3 * columns + weights.length);
  const result = Float64Array.from({ length: rows * columns }, () => noise * next());
  for (const weight of weights) {
    const [u, v] = [rows, columns].map((n) => Float64Array.from({ length: n }, next)) as [Float64Array, Float64Array];
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        result[i * columns + j] = (result[i * columns + j] as number) + weight * (u[i] as number) * (v[j] as number);
  }
  return result;
}
/** norm_F(D), over its greatest entry first: squares may leave float64. */
function distance(base: Matrix, tuned: Matrix): number {
  const w0 = decodeCodes(base.type, base.data);
  return Math.hypot(...decodeCodes(tuned.type, tuned.data).map((w, i) => w - (w0[i] ?? NaN)));
}
/** A small case beside others of its base, a large one by itself. */
const pairsOf = (item: PairCase): ReturnType<typeof pairOf> =>
  item.rows * item.columns < 3000 ? severalOf(item) : pairOf(item);
const expectedOf = oncePer((item: PairCase) => {
  const { base, tuned, options } = pairsOf(item);
  return reference.alignPair(base, tuned, options);
});
/** The same pair in every call, and what its whole spectra give. */
const wholeOf = oncePer(async (make: (noise: () => number) => { base: Matrix; tuned: Matrix }) => {
  const { base, tuned } = make(gaussian(5));
  return { base, tuned, whole: await whole.comparePair(base, tuned, { ...alignOptions(base), angleRank: MASK_RANK }) };
});
const MASK_RANK = 16;
const alignOptions = ({ type }: Matrix) =>
  ({ maskRank: MASK_RANK, alpha: 0.3, grid: { grid: 'BF16', onGrid: type === 'BF16' } }) as const;
const like = (count: number): number[] => Array.from({ length: count }, (_, i) => 0.02 * (i + 1) ** -0.6);

const bulk = like(70);
const flat = [...Array(200).keys()].map((i) => (i < 8 ? 0.02 : 0.01));
/** of a case: its pair, from noise of its own, and what goes the way of the whole spectrum */
type Case = [
  name: string,
  make: (noise: () => number) => { base: Matrix; tuned: Matrix },
  reduced: AlignmentQuantities['reduced'],
  determined: boolean,
];
const base = (rows: number, columns: number): Float64Array => falling(rows, columns, bulk, 0.02);
const cases: Case[] = [
  ['square BF16', (noise) => large(640, 640, 'BF16', base(640, 640), () => 4e-4 * noise()), [], true],
  ['tall F16', (noise) => large(900, 520, 'F16', base(900, 520), () => 4e-4 * noise()), [], true],
  ['wide F32', (noise) => large(520, 900, 'F32', base(520, 900), () => 1e-5 * noise()), [], true],
  // of values close to each other, where a basis soon loses its right angles: the products are little beside what they lose
  ['very wide BF16', (noise) => large(640, 5120, 'BF16', base(640, 5120), () => 4e-4 * noise()), [], true],
  ['square F64', (noise) => large(600, 560, 'F64', base(600, 560), () => 1e-9 * noise()), [], true],
  [
    'tiny F64',
    (noise) => {
      const tiny = base(560, 600).map((w) => w * 1e-150);
      return large(560, 600, 'F64', tiny, () => 1e-155 * noise());
    },
    [],
    true,
  ],
  [
    'pure noise BF16',
    (noise) => large(640, 560, 'BF16', falling(640, 560, [], 0.02), () => 4e-4 * noise()),
    ['base'],
    true,
  ],
  ['clusters F32', (noise) => large(600, 560, 'F32', falling(600, 560, flat, 0), () => 1e-5 * noise()), [], true],
  [
    'rank 10 F32',
    (noise) => large(560, 600, 'F32', falling(560, 600, bulk.slice(0, 10), 0), () => 1e-5 * noise()),
    [],
    false,
  ],
  [
    'rank 40 F64',
    (noise) => large(560, 600, 'F64', falling(560, 600, bulk.slice(0, 40), 0), () => 1e-5 * noise()),
    [],
    true,
  ],
  ['unchanged', () => large(560, 600, 'BF16', base(560, 600), () => 0), [], true],
  // of few directions nothing is left to widen its basis by
  ['one weight changed', () => large(560, 600, 'BF16', base(560, 600), (i) => (i === 77 ? 1 : 0)), [], true],
  [
    'a column changed',
    () => large(560, 600, 'BF16', base(560, 600), (i) => (i % 600 === 77 ? 0.1 * Math.cos(i) : 0)),
    [],
    true,
  ],
  [
    'twelve rows changed',
    (noise) => large(560, 600, 'F32', base(560, 600), (i) => (i < 12 * 600 ? 0.1 * noise() : 0)),
    [],
    true,
  ],
  ['zero base', (noise) => large(560, 600, 'BF16', new Float64Array(560 * 600), () => 4e-4 * noise()), [], true],
];
describe.each(hasRelaxedSimd() ? [false, true] : [false])('alignment, relaxed SIMD %s', (relaxed) => {
  let backend: WasmBackend;
  beforeAll(async () => {
    backend = await createWasmBackend({ ...build, threads: 2, relaxed });
  });
  afterAll(() => backend.dispose());

  // the large ones take the reference seconds, and both builds the same way
  const small = CASES.filter((item) => relaxed === hasRelaxedSimd() || item.rows * item.columns < 3000);
  it.each(small)('$name agrees with the float64 reference', async (item) => {
    const { base, tuned, options } = pairsOf(item);
    const [actual, expected] = await Promise.all([backend.alignPair(base, tuned, options), expectedOf(item)]);
    const squares = distance(base, tuned) ** 2;
    expect(actual.zeros).toBe(expected.zeros);
    expectValues(actual.leading.values, expected.leading.values);
    expectSameSide(actual, expected, squares, item.determined);
    expect(actual.others?.length).toBe(expected.others?.length);
    for (const [i, side] of (expected.others ?? []).entries())
      expectSameSide(actual.others?.[i] as AlignedSide, side, squares, item.determined);
  });

  it.each(cases)('%s agrees with the whole spectrum', async (_, make, reduced, determined) => {
    const { base, tuned, whole } = await wholeOf(make);
    const options = alignOptions(base);
    const actual = await backend.alignPair(base, tuned, { ...options, others: [tuned] });
    const squares = whole.updateValues.reduce((sum, s) => sum + s * s, 0);
    const expected: AlignedSide = { ...whole, updateValue: whole.updateValues[0] ?? NaN };
    expect(actual.zeros).toBe(whole.zeros);
    expectValues(actual.leading.values, whole.baseValues.slice(0, MASK_RANK + 1));
    expectSameSide(actual, expected, squares, determined);
    expectSameSide(actual.others?.[0] as AlignedSide, expected, squares, determined);
    expect(actual.reduced).toEqual(reduced);

    // a record that was kept, from another thread or a file
    const again = await backend.alignPair(base, tuned, { ...options, leading: structuredClone(actual.leading) });
    expectSameSide(again, expected, squares, determined);
    expect(again.reduced).not.toContain('base');
    expect(again.leading).toEqual(actual.leading);
  });

  it('gives the energies of an update that keeps away from the leading directions, too', async () => {
    const [rows, columns, r] = [600, 560, 32];
    const weights = Array.from({ length: 60 }, (_, i) => 0.05 * (i + 1) ** -0.6);
    const W = Float64Array.from(new Float32Array(falling(rows, columns, weights, 0.01)));
    const same = large(rows, columns, 'F32', W, () => 0).base;
    const options = { maskRank: r, alpha: 0.3, grid: { grid: 'BF16', onGrid: true } } as const;
    const { leading } = await backend.alignPair(same, same, options);
    // q x r and big x r; the smaller side are the columns
    const [V, U] = [leading.small, leading.large.map((y, at) => y / (leading.values[at % r] ?? NaN))];
    const times = (D: Float64Array, vectors: Float64Array, turned: boolean): Float64Array => {
      const result = new Float64Array((turned ? columns : rows) * r);
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          const [from, to] = turned ? [i, j] : [j, i];
          for (let k = 0; k < r; k++)
            result[to * r + k] =
              (result[to * r + k] as number) + (D[i * columns + j] as number) * (vectors[from * r + k] as number);
        }
      return result;
    };
    const noise = gaussian(8);
    const D = Float64Array.from({ length: rows * columns }, () => 4e-4 * noise());
    // D - D V V', and then without U U' of what is left
    for (const [vectors, turned] of [
      [V, false],
      [U, true],
    ] as const) {
      const inside = times(D, vectors, turned);
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++)
          for (let k = 0; k < r; k++)
            D[i * columns + j] =
              (D[i * columns + j] as number) -
              (inside[(turned ? j : i) * r + k] as number) * (vectors[(turned ? i : j) * r + k] as number);
    }
    const { tuned } = large(rows, columns, 'F32', W, (i) => D[i] as number);
    const { energies } = await backend.alignPair(same, tuned, options);
    const stored = decodeCodes('F32', tuned.data).map((w, i) => w - (W[i] as number));
    const [P, Q] = [times(stored, V, false), times(stored, U, true)];
    let joint = 0;
    for (let a = 0; a < r; a++)
      for (let b = 0; b < r; b++) {
        let sum = 0;
        for (let i = 0; i < rows; i++) sum += (U[i * r + a] as number) * (P[i * r + b] as number);
        joint += sum * sum;
      }
    const squares = (x: Float64Array): number => x.reduce((sum, value) => sum + value * value, 0);
    expect(joint).toBeLessThan(1e-12 * squares(stored));
    close(energies?.joint ?? NaN, joint, 0, 1e-4, 'joint');
    close(energies?.left ?? NaN, squares(Q), 0, 1e-4, 'left');
    close(energies?.right ?? NaN, squares(P), 0, 1e-4, 'right');
  });

  it('is refined further if too many entries lie near the threshold, before the whole spectrum is asked', async () => {
    // Nine in ten are in the mask: its threshold is small, and many entries lie about it.
    const weights = Array.from({ length: 300 }, (_, i) => 0.05 * (i + 1) ** -0.6);
    const { base } = large(1024, 1024, 'BF16', falling(1024, 1024, weights, 0.02), () => 0);
    const options = { maskRank: 48, alpha: 0.9, grid: { grid: 'BF16', onGrid: true } } as const;
    const [actual, whole] = await Promise.all([
      backend.alignPair(base, base, options),
      backend.comparePair(base, base, { ...options, angleRank: 48 }),
    ]);
    expect(actual.reduced).toEqual([]);
    expectValues(actual.leading.values, whole.baseValues.slice(0, 49));
    expectSameSide(actual, { ...whole, updateValue: 0 }, 0, true);
  });

  it('stops when it is cancelled and goes on working', async () => {
    const noise = gaussian(5);
    const { base, tuned } = large(1024, 1024, 'BF16', falling(1024, 1024, [], 0.02), () => 4e-4 * noise());
    const controller = new AbortController();
    const options = { maskRank: 64, alpha: 0.3, grid: { grid: 'BF16', onGrid: true } } as const;
    const running = backend.alignPair(base, tuned, { ...options, signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect((await backend.alignPair(base, base, options)).updateValue).toBe(0);
  });
});
