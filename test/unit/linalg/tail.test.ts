/** The float64 end of a device's work: bands, and leading vectors made exact. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LeadingStart, Matrix, PairQuantities, UpperBand } from '../../../src/linalg/backend.ts';
import { decodeCodes } from '../../../src/numbers/index.ts';
import { svd, type Svd } from '../../../src/linalg/reference/svd.ts';
import { createWasmBackend, type WasmBackend } from '../../../src/linalg/wasm/index.ts';
import { buildWasm, type WasmBuild } from './wasmBuild.ts';
import { gaussian, pairOf, type PairCase } from './wasmCases.ts';

let build: WasmBuild;
let backend: WasmBackend;
beforeAll(async () => {
  build = await buildWasm();
  backend = await createWasmBackend({ ...build, threads: 2 });
});
afterAll(async () => {
  await backend?.dispose();
  build?.remove();
});

function bandOf(order: number, width: number, entry: (i: number, d: number) => number): UpperBand {
  const data = new Float32Array(order * (width + 1));
  for (let i = 0; i < order; i++)
    for (let d = 0; d <= width && i + d < order; d++) data[i * (width + 1) + d] = entry(i, d);
  return { order, width, data };
}
function dense({ order, width, data }: UpperBand): Svd {
  const values = new Float64Array(order * order);
  for (let i = 0; i < order; i++)
    for (let d = 0; d <= width && i + d < order; d++) values[i * order + i + d] = data[i * (width + 1) + d] ?? 0;
  return svd({ rows: order, columns: order, data: values });
}
const column = (data: Float32Array, count: number, i: number): Float64Array =>
  Float64Array.from({ length: data.length / count }, (_, j) => data[j * count + i] ?? 0);
const along = (x: Float64Array, y: Float64Array): number => Math.abs(x.reduce((sum, a, i) => sum + a * (y[i] ?? 0), 0));

describe('bands', () => {
  const next = gaussian(7);
  const cases: [string, UpperBand, boolean][] = [
    ['random, 32 wide', bandOf(150, 32, next), true],
    ['graded', bandOf(120, 32, (i) => next() * 10 ** (-i / 20)), true],
    ['narrower than the band', bandOf(20, 32, next), true],
    ['one', bandOf(1, 32, () => -3), true],
    ['rank-deficient', bandOf(90, 32, (i) => (i < 40 ? next() : 0)), false],
    ['zero', bandOf(64, 32, () => 0), false],
  ];
  it.each(cases)('%s: values and vectors agree with the reference', async (_, band, full) => {
    const expected = dense(band);
    const vectors = Math.min(12, band.order);
    const { values, left, right } = await backend.tail.band(band, vectors);
    const largest = expected.values[0] ?? 0;
    expect(values).toHaveLength(band.order);
    for (const [i, s] of expected.values.entries())
      expect(Math.abs((values[i] ?? NaN) - s)).toBeLessThanOrEqual(3e-8 * largest);
    if (!full) return;
    for (let i = 0; i < vectors; i++) {
      expect(along(column(right, vectors, i), expected.right[i] as Float64Array)).toBeCloseTo(1, 6);
      expect(along(column(left, vectors, i), expected.left[i] as Float64Array)).toBeCloseTo(1, 6);
    }
  });
});

/** Vectors as a device in float32 finds them: each turned into the others by 1e-7 s_1 over the distance, and rounded. */
function start(base: Matrix, count: number, error: number): { start: LeadingStart; exact: Svd } {
  const exact = svd({ ...base, data: decodeCodes(base.type, base.data) });
  const small = base.rows >= base.columns ? exact.right : exact.left;
  const q = small.length;
  const next = gaussian(count);
  const vectors = new Float32Array(q * count);
  for (let i = 0; i < count; i++) {
    const turned = Float64Array.from(small[i] as Float64Array);
    for (let j = 0; j < q; j++) {
      if (j === i) continue;
      const distance = (exact.values[i] ?? 0) - (exact.values[j] ?? 0);
      const part = Math.max(-0.3, Math.min(0.3, (error * (exact.values[0] ?? 0) * next()) / distance || 0));
      turned.forEach((x, n) => (turned[n] = x + part * (small[j]?.[n] ?? 0)));
    }
    const norm = Math.hypot(...turned);
    turned.forEach((x, n) => (vectors[n * count + i] = x / norm));
  }
  return { start: { vectors, count, values: exact.values.map((s) => s * (1 + 1e-8 * next())) }, exact };
}
const apart = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, n, i) => sum + Math.abs(n - (b[i] ?? NaN)), 0);

describe('leading vectors', () => {
  const cases: PairCase[] = [
    ['square', 200, 200, 'BF16', 'normal'],
    ['tall', 300, 150, 'F32', 'normal'],
    ['wide', 150, 301, 'F16', 'normal'],
    ['power-law', 260, 240, 'BF16', 'power-law'],
    ['graded', 160, 200, 'F32', 'graded'],
    ['small', 24, 17, 'BF16', 'normal'],
    ['unchanged', 100, 90, 'BF16', 'unchanged'],
  ].map(([name, rows, columns, type, kind]) => ({ name, rows, columns, type, kind, determined: true }) as PairCase);
  it.each(cases)('$name: from float32, masks and energies of the CPU path', async (item) => {
    const { base, tuned, options } = pairOf(item);
    const expected: PairQuantities = await backend.comparePair(base, tuned, options);
    const q = Math.min(base.rows, base.columns);
    const count = Math.min(q, 2 * options.maskRank);
    const { start: given } = start(base, count, 1e-5);
    const actual = await backend.tail.leading(base, tuned, given, options);
    expect(actual.doubtful).toBeLessThanOrEqual(2);
    expect(actual.zeros).toBe(expected.zeros);
    for (const mask of ['principal', 'low', 'principalNotLow', 'all'] as const)
      for (const kind of ['total', 'changed'] as const) {
        const difference = apart(
          actual.masks?.[mask][kind] ?? new Float64Array(),
          expected.masks?.[mask][kind] ?? new Float64Array(1).fill(NaN),
        );
        expect(difference, `${mask} ${kind}`).toBeLessThanOrEqual(
          mask === 'principal' || mask === 'principalNotLow' ? 2 : 0,
        );
      }
    for (const part of ['joint', 'left', 'right'] as const) {
      const want = expected.energies?.[part] ?? NaN;
      expect(Math.abs((actual.energies?.[part] ?? NaN) - want)).toBeLessThanOrEqual(1e-6 * want);
    }
    actual.diagonal?.forEach((x, i) =>
      expect(Math.abs(Math.abs(x) - Math.abs(expected.diagonal?.[i] ?? NaN))).toBeLessThanOrEqual(
        1e-4 * (Math.abs(x) + Math.sqrt(expected.energies?.joint ?? 0) / 100),
      ),
    );
  });

  it('says how many entries are in doubt if the start is too poor to be mended', async () => {
    const { base, tuned, options } = pairOf({
      name: 'poor',
      rows: 300,
      columns: 290,
      type: 'BF16',
      kind: 'normal',
      determined: true,
    });
    const next = gaussian(3);
    const { exact } = start(base, 2, 0);
    const count = options.maskRank;
    const random = { vectors: Float32Array.from({ length: 290 * count }, next), count, values: exact.values };
    const { doubtful } = await backend.tail.leading(base, tuned, random, options);
    expect(doubtful).toBeGreaterThan(2);
  });
});
