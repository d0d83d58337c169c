import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChunkStats, ElementKernels, LinearAlgebraBackend } from '../../../src/linalg/backend.ts';
import { createWasmBackend } from '../../../src/linalg/wasm/index.ts';
import { hasRelaxedSimd } from '../../../src/linalg/wasm/kernels.ts';
import { chunkCompare, chunkHistogram, chunkStats } from '../../../src/metrics/index.ts';
import { encode, gridOfType, normal, uniform } from '../matrices.ts';
import { buildWasm, type WasmBuild } from './wasmBuild.ts';
import type { GridSpec, MatrixType } from '../../../src/numbers/index.ts';

let build: WasmBuild;
beforeAll(async () => {
  build = await buildWasm();
});
afterAll(() => build.remove());

const TYPES: MatrixType[] = ['BF16', 'F16', 'F32', 'F64'];
type Kind = 'weights' | 'any' | 'positive' | 'negative' | 'zeros' | 'tiny' | 'not finite';
const KINDS: Kind[] = ['weights', 'any', 'positive', 'negative', 'zeros', 'tiny', 'not finite'];

/** Values of a kind, and the same values with some changed: by much, by a little, in sign, to NaN. */
function sides(kind: Kind, type: MatrixType, count: number): [Uint8Array, Uint8Array] {
  const next = normal(count + kind.length);
  const random = uniform(count);
  const largest = type === 'F16' ? 4 : 30;
  const draw = (): number => {
    const x = 0.02 * next();
    if (kind === 'any') return x * 10 ** (largest * (2 * random() - 1));
    if (kind === 'positive') return Math.abs(x) + 1e-3;
    if (kind === 'negative') return -Math.abs(x) - 1e-3;
    if (kind === 'zeros') return random() < 0.4 ? 0 : random() < 0.5 ? -0 : x;
    if (kind === 'tiny') return x * (type === 'F16' ? 2 ** -12 : 2 ** -122);
    if (kind === 'not finite' && random() < 0.02) return [NaN, Infinity, -Infinity][Math.floor(3 * random())] ?? NaN;
    return x;
  };
  const base = Float64Array.from({ length: count }, draw);
  const tuned = base.map((w) => {
    const r = random();
    return r < 0.5 ? w : r < 0.8 ? w * (1 + 0.01 * next()) : r < 0.9 ? w + 1e-5 * next() : r < 0.95 ? -w : draw();
  });
  return [encode(type, base), encode(type, tuned)];
}

function expectStats(actual: ChunkStats, expected: ChunkStats, tolerance = 1e-12): void {
  const { sum, sumSquares, ...exact } = expected;
  expect(actual).toMatchObject(exact);
  const scale = Math.sqrt(sumSquares * Math.max(1, expected.finite));
  expect(Math.abs(actual.sum - sum)).toBeLessThanOrEqual(tolerance * scale);
  expect(Math.abs(actual.sumSquares - sumSquares)).toBeLessThanOrEqual(tolerance * sumSquares);
}

describe.each(hasRelaxedSimd() ? [false, true] : [false])('streaming kernels, relaxed SIMD %s', (relaxed) => {
  let backend: LinearAlgebraBackend;
  let elements: ElementKernels;
  beforeAll(async () => {
    backend = await createWasmBackend({ ...build, threads: 1, relaxed });
    if (!backend.elements) throw new Error('the backend has no streaming kernels');
    elements = backend.elements;
  });
  afterAll(() => backend.dispose());

  const agree = async (
    types: [MatrixType, MatrixType],
    grid: GridSpec,
    [base, tuned]: [Uint8Array, Uint8Array],
    columns: number,
    eta = 1e-3,
  ): Promise<void> => {
    const options = { grid, eta, absoluteTolerance: 1e-5, columns };
    const actual = await elements.compare(types[0], base, types[1], tuned, options);
    const expected = chunkCompare(types[0], base, types[1], tuned, options);
    expectStats(actual.base, expected.base);
    expectStats(actual.tuned, expected.tuned);
    const { equalBf16, equalRelative, equalAbsolute, changed, hidden, offGrid } = expected;
    expect(actual).toMatchObject({ equalBf16, equalRelative, equalAbsolute, changed, hidden, offGrid });
    for (const sum of ['sumSquaresUpdate', 'sumSquaresHidden'] as const)
      expect(actual[sum] / (expected[sum] || 1), sum).toBeCloseTo(expected[sum] === 0 ? 0 : 1, 11);
    expect(actual.rowChanged).toEqual(expected.rowChanged);
    expect(actual.columnChanged).toEqual(expected.columnChanged);
  };

  it.each(TYPES.flatMap((type) => KINDS.map((kind) => ({ type, kind }))))(
    'compares $kind in $type as the definition does',
    async ({ type, kind }) => {
      for (const [rows, columns] of [
        [1, 7],
        [3, 8],
        [37, 129],
        [5, 4100],
        [70_001, 1],
      ] as const)
        await agree([type, type], gridOfType(type), sides(kind, type, rows * columns), columns);
      await agree([type, type], gridOfType(type), sides(kind, type, 20_003), 0);
      await agree([type, type], gridOfType(type), sides(kind, type, 999), 0, 0.02);
    },
  );

  it.each(['weights', 'zeros'] as const)('takes long chunks of %s by fours', async (kind) => {
    const [rows, columns] = [700, 1551];
    const [base, tuned] = sides(kind, 'BF16', rows * columns);
    // a difference that equals the tolerance: 2^-17 = 7.6e-6 is one of bf16
    const options = { grid: gridOfType('BF16'), eta: 1e-3, absoluteTolerance: 2 ** -17, columns };
    const actual = await elements.compare('BF16', base, 'BF16', tuned, options);
    const expected = chunkCompare('BF16', base, 'BF16', tuned, options);
    expectStats(actual.base, expected.base, 1e-8);
    expectStats(actual.tuned, expected.tuned, 1e-8);
    const { equalBf16, equalRelative, equalAbsolute, changed, rowChanged, columnChanged } = expected;
    expect(actual).toMatchObject({ equalBf16, equalRelative, equalAbsolute, changed });
    expect(Math.abs(actual.sumSquaresUpdate / expected.sumSquaresUpdate - 1)).toBeLessThan(1e-8);
    expect(actual.rowChanged).toEqual(rowChanged);
    expect(actual.columnChanged).toEqual(columnChanged);
    expectStats(await elements.stats('BF16', base), expected.base, 1e-8);
  });

  it('compares two types on every grid', async () => {
    for (const grid of ['BF16', 'F8_E4M3', 'F8_E5M2', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ'] as const) {
      const [base] = sides('any', 'F32', 5000);
      const [, tuned] = sides('any', 'BF16', 5000);
      await agree(['F32', 'BF16'], { grid, onGrid: false }, [base, tuned], 50);
    }
  });

  it.each(TYPES)('gives statistics and histogram of %s', async (type) => {
    for (const kind of KINDS) {
      const [data] = sides(kind, type, 12_345);
      const expected = chunkStats(type, data);
      expectStats(await elements.stats(type, data), expected);
      const { min, max } = expected;
      expect(await elements.histogram(type, data, min, max)).toEqual(chunkHistogram(type, data, min, max));
    }
    const equal = encode(type, new Float64Array(100).fill(0.5));
    expect(await elements.histogram(type, equal, 0.5, 0.5)).toEqual(chunkHistogram(type, equal, 0.5, 0.5));
  });

  it('reads shared and unaligned bytes where they lie', async () => {
    const [base, tuned] = sides('weights', 'BF16', 5000);
    const shift = (data: Uint8Array): Uint8Array => {
      const copy = new Uint8Array(new SharedArrayBuffer(data.length + 1), 1);
      copy.set(data);
      return copy;
    };
    await agree(['BF16', 'BF16'], gridOfType('BF16'), [shift(base), shift(tuned)], 100);
  });
});

describe('a few numbers', () => {
  const signal = new AbortController().signal;
  it('are worked on in the calling thread, as the definition says, whatever was worked on before', async () => {
    // Without its threads: what would need one fails.
    const backend = await createWasmBackend({ ...build, workerFile: `${build.workerFile}.nothing`, threads: 1 });
    const { elements } = backend;
    if (!elements) throw new Error('the backend has no streaming kernels');
    for (const [rows, columns] of [
      [1, 1],
      [64, 64],
      [1, 9],
      [700, 1],
      [3, 0],
      [5, 7],
    ] as const)
      for (const type of TYPES) {
        // 8 KiB of the widest type
        const count = Math.min(1024, rows * Math.max(1, columns));
        const width = columns > 0 && count % columns === 0 ? columns : 0;
        const [base, tuned] = sides('not finite', type, count);
        const options = { grid: gridOfType(type), eta: 1e-3, absoluteTolerance: 1e-5, columns: width };
        const expected = chunkCompare(type, base, type, tuned, options);
        const actual = await elements.compare(type, base, type, tuned, { ...options, signal });
        const { changed, hidden, equalRelative, rowChanged, columnChanged } = expected;
        expect(actual, type).toMatchObject({ changed, hidden, equalRelative, rowChanged, columnChanged });
        expectStats(actual.base, expected.base);
        expectStats(await elements.stats(type, tuned, signal), expected.tuned);
      }
    const [many] = sides('weights', 'F64', 1025);
    await expect(elements.stats('F64', many, signal)).rejects.toThrow();
    const [few] = sides('weights', 'F64', 8);
    await expect(elements.stats('F64', few, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
    await backend.dispose();
  });
});
