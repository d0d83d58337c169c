import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agreeingSums, pairIndex, type AgreeingSide, type AgreeingSums } from '../../../src/linalg/agreeing.ts';
import { createWasmBackend, type WasmBackend } from '../../../src/linalg/wasm/index.ts';
import { decodeCodes, Grid, hasPositions, type GridSpec, type MatrixType } from '../../../src/numbers/index.ts';
import { encode, gaussian } from './wasmCases.ts';

const BF16: GridSpec = { grid: 'BF16', onGrid: true };
/** More than a block, and no multiple of one. */
const COUNT = 5000;

function sidesOf(type: MatrixType, grid: GridSpec, merged: MatrixType | null = null): AgreeingSide[] {
  const next = gaussian(7);
  const w0 = Float64Array.from({ length: COUNT }, (_, i) => (i % 11 === 0 ? 0 : next()));
  const base = { type, data: encode(type, w0) };
  return [1e-3, 3e-3, 0, 0.1].map((size) => {
    const w1 = w0.map((w, i) => (i % 7 === 0 ? w : w + size * next()));
    return { base, tuned: { type, data: encode(type, w1) }, merged, grid };
  });
}

/** By the definition, one weight after the other. */
function defined(sides: readonly AgreeingSide[]): Omit<AgreeingSums, 'cells'> {
  const n = sides.length;
  const values = sides.map(({ base, tuned }) => [
    decodeCodes(base.type, base.data),
    decodeCodes(tuned.type, tuned.data),
  ]);
  const list = (length: number): Float64Array => new Float64Array(length);
  const add = (to: Float64Array, at: number, value: number): void => void (to[at] = (to[at] ?? 0) + value);
  const pairs = (n * (n - 1)) / 2;
  const sums = {
    ...{ weights: 0, changed: list(n), consensus: list(n + 1), squares: list(n), increments: list(n), baseSquares: 0 },
    pairs: { inner: list(pairs), shared: list(pairs), sameSign: list(pairs) },
  };
  for (let k = 0; k < COUNT; k++) {
    const w0 = values.map(([base]) => base?.[k] ?? NaN);
    const d = values
      .map(([, tuned], i) => (tuned?.[k] ?? NaN) - (w0[i] ?? NaN))
      .map((x) => (Number.isFinite(x) ? x : 0));
    const counts = w0.every((w) => w !== 0);
    const moved = sides.map(({ grid, merged }, i) => {
      const on = new Grid(grid.grid);
      const after = values[i]?.[1]?.[k] ?? NaN;
      const stored = merged === 'BF16' || merged === 'F16' ? new Grid(merged).round(after) : after;
      return counts && !Object.is(on.round(w0[i] ?? NaN) + 0, on.round(stored) + 0);
    });
    if (Number.isFinite(w0[0])) sums.baseSquares += (w0[0] ?? 0) ** 2;
    if (counts) {
      sums.weights++;
      add(sums.consensus, moved.filter(Boolean).length, 1);
    }
    for (let i = 0; i < n; i++) {
      const [x, before] = [d[i] ?? 0, i > 0 ? (d[i - 1] ?? 0) : 0];
      add(sums.changed, i, moved[i] ? 1 : 0);
      add(sums.squares, i, x * x);
      add(sums.increments, i, (x - before) ** 2);
      for (let j = i + 1; j < n; j++) {
        const [y, at] = [d[j] ?? 0, pairIndex(i, j, n)];
        add(sums.pairs.inner, at, x * y);
        if (!moved[i] || !moved[j]) continue;
        add(sums.pairs.shared, at, 1);
        if (x * y > 0) add(sums.pairs.sameSign, at, 1);
      }
    }
  }
  return sums;
}

/** Counts exactly; sums of products as the order of adding allows. */
function expectSums(actual: AgreeingSums, expected: Omit<AgreeingSums, 'cells'>): void {
  expect(actual.weights).toBe(expected.weights);
  for (const id of ['changed', 'consensus'] as const) expect([...actual[id]], id).toEqual([...expected[id]]);
  for (const id of ['shared', 'sameSign'] as const) expect([...actual.pairs[id]], id).toEqual([...expected.pairs[id]]);
  const near = (one: ArrayLike<number>, other: ArrayLike<number>): void => {
    expect(one.length).toBe(other.length);
    for (let i = 0; i < one.length; i++)
      expect(Math.abs((one[i] ?? NaN) - (other[i] ?? NaN))).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(other[i] ?? 0)));
  };
  near(actual.squares, expected.squares);
  near(actual.increments, expected.increments);
  near(actual.pairs.inner, expected.pairs.inner);
  near([actual.baseSquares], [expected.baseSquares]);
}

it('numbers pairs in the order of two loops', () => {
  const seen: number[] = [];
  for (let i = 0; i < 5; i++) for (let j = i + 1; j < 5; j++) seen.push(pairIndex(i, j, 5));
  expect(seen).toEqual([...seen.keys()]);
});

const CASES: [string, AgreeingSide[]][] = [
  ['bf16', sidesOf('BF16', BF16)],
  ['f16', sidesOf('F16', { grid: 'F16', onGrid: true })],
  ['float32 on the grid of bf16', sidesOf('F32', { grid: 'BF16', onGrid: false })],
  ['float64 sums that a merge would store in bf16', sidesOf('F64', BF16, 'BF16')],
];

describe.each(CASES)('%s', (_, sides) => {
  it('agrees with the definition', () => {
    const sums = agreeingSums(sides, () => undefined);
    const expected = defined(sides);
    expect(expected.changed.filter((count) => count > 0)).toHaveLength(3);
    expectSums(sums, expected);
  });
  it('counts the cells of the weights that are not 0', () => {
    const [side] = sides as [AgreeingSide];
    const grid = new Grid(side.grid.grid);
    const sums = agreeingSums(sides, () => undefined);
    const counted = sums.cells[0] ?? new Float64Array(0);
    const expected = new Float64Array(counted.length);
    for (const w of decodeCodes(side.base.type, side.base.data))
      if (w !== 0) {
        const cell = grid.cellOf(w, hasPositions(side.grid));
        expected[cell] = (expected[cell] ?? 0) + 1;
      }
    expect(counted).toEqual(expected);
    expect(sums.cells[1]).toBe(counted);
  });
});

it('leaves out what is 0 in the base of any side, and takes NaN as no update', () => {
  const sides = sidesOf('BF16', BF16);
  const half = sidesOf('F16', { grid: 'F16', onGrid: true });
  const mixed = [sides[0], half[1]] as AgreeingSide[];
  const tuned = mixed[0]?.tuned.data;
  if (tuned) new Uint16Array(tuned.buffer).fill(0x7fc0, 100, 102);
  expectSums(
    agreeingSums(mixed, () => undefined),
    defined(mixed),
  );
});

describe('on a worker thread', () => {
  let backend: WasmBackend;
  beforeAll(async () => {
    if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
    const built = { kernelDirectory: resolve('dist/kernels'), workerFile: resolve('dist/linalg-worker.mjs') };
    backend = await createWasmBackend({ ...built, threads: 1 });
  });
  afterAll(() => backend?.dispose());
  it('is the same, and can be cancelled', async () => {
    const sides = sidesOf('BF16', BF16);
    const found = await backend.elements?.agreeing(sides);
    expect(found).toEqual(agreeingSums(sides, () => undefined));
    const gone = AbortSignal.abort();
    await expect(backend.elements?.agreeing(sides, gone)).rejects.toMatchObject({ code: 'cancelled' });
  });
});
