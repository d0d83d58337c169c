import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { dot, transpose, type Dense } from '../../../src/linalg/reference/dense.ts';
import { maskSize, selectLargest } from '../../../src/linalg/reference/masks.ts';
import { singularValues, svd } from '../../../src/linalg/reference/svd.ts';
import { Grid } from '../../../src/numbers/index.ts';
import { encode, gaussian, gridOfType, matrix } from '../matrices.ts';

const backend = createReferenceBackend();

function dense(rows: number, columns: number, data: Float64Array): Dense {
  return { rows, columns, data };
}
/** Columns with orthonormal directions and the given singular values. */
function withSpectrum(rows: number, values: readonly number[], seed: number): Dense {
  const columns = values.length;
  const left = svd(dense(rows, columns, gaussian(rows, columns, seed))).left;
  const right = svd(dense(columns, columns, gaussian(columns, columns, seed + 1))).right;
  const data = new Float64Array(rows * columns);
  for (const [term, s] of values.entries())
    for (let i = 0; i < data.length; i++)
      data[i] = (data[i] ?? 0) + s * (left[term]?.[Math.floor(i / columns)] ?? 0) * (right[term]?.[i % columns] ?? 0);
  return dense(rows, columns, data);
}

const range = (n: number, value: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => value(i));
const CASES: Record<string, Dense> = {
  tall: dense(50, 12, gaussian(50, 12, 1)),
  wide: dense(12, 50, gaussian(12, 50, 2)),
  square: dense(24, 24, gaussian(24, 24, 3)),
  'one column': dense(9, 1, gaussian(9, 1, 4)),
  'one row': dense(1, 9, gaussian(1, 9, 5)),
  'rank-deficient': withSpectrum(30, [5, 2, 1, ...range(9, () => 0)], 6),
  'exactly rank one': dense(
    6,
    4,
    Float64Array.from({ length: 24 }, (_, i) => (Math.floor(i / 4) + 1) * ((i % 4) + 1)),
  ),
  zero: dense(7, 5, new Float64Array(35)),
  'with a zero column': dense(
    6,
    3,
    gaussian(6, 3, 9).map((x, i) => (i % 3 === 1 ? 0 : x)),
  ),
  clustered: withSpectrum(
    40,
    range(16, (i) => (i < 8 ? 1 : 1 - 1e-13 * i)),
    10,
  ),
  identity: dense(
    10,
    10,
    Float64Array.from({ length: 100 }, (_, i) => (i % 11 === 0 ? 1 : 0)),
  ),
  graded: withSpectrum(
    40,
    range(16, (i) => 10 ** -i),
    12,
  ),
  'rows scaled over twelve decades': dense(
    24,
    12,
    gaussian(24, 12, 14).map((x, i) => x * 10 ** -(Math.floor(i / 12) / 2)),
  ),
  huge: dense(
    8,
    6,
    gaussian(8, 6, 15).map((x) => x * 1e150),
  ),
  tiny: dense(
    8,
    6,
    gaussian(8, 6, 16).map((x) => x * 1e-140),
  ),
};

describe.each(Object.entries(CASES))('the decomposition of a matrix: %s', (_, w) => {
  const { values, left, right } = svd(w);
  const scale = values[0] || 1;
  it('gives back the matrix', () => {
    let worst = 0;
    for (let i = 0; i < w.data.length; i++) {
      const [row, column] = [Math.floor(i / w.columns), i % w.columns];
      const sum = values.reduce(
        (s, value, term) => s + value * (left[term]?.[row] ?? NaN) * (right[term]?.[column] ?? NaN),
        0,
      );
      worst = Math.max(worst, Math.abs(sum - (w.data[i] ?? NaN)));
    }
    expect(worst / scale).toBeLessThan(1e-13);
  });
  it('has orthonormal vectors on both sides, for zero values too', () => {
    for (const vectors of [left, right])
      for (const [i, a] of vectors.entries())
        for (const [j, b] of vectors.entries()) expect(Math.abs(dot(a, b) - (i === j ? 1 : 0))).toBeLessThan(1e-13);
  });
  it('descends and agrees with the values alone, of the transpose too', () => {
    expect(values).toHaveLength(Math.min(w.rows, w.columns));
    for (const [i, s] of values.entries()) {
      expect(s).toBeLessThanOrEqual(values[i - 1] ?? Infinity);
      for (const alone of [singularValues(w), singularValues(transpose(w))])
        expect(Math.abs((alone[i] ?? NaN) - s) / scale).toBeLessThan(1e-14 * w.data.length ** 0.5);
    }
  });
});

describe('singular values that are known', () => {
  it('are found to the last digits, small ones relative to themselves for graded columns', () => {
    const values = singularValues(
      withSpectrum(
        40,
        range(16, (i) => 10 ** -i),
        12,
      ),
    );
    for (const [i, s] of values.entries()) expect(Math.abs(s - 10 ** -i)).toBeLessThan(1e-14);
    // a diagonal loses nothing at all
    const diagonal = Float64Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 10 ** -i : 0));
    for (const [i, s] of singularValues(dense(8, 8, diagonal)).entries()) expect(s / 10 ** (-9 * i)).toBeCloseTo(1, 14);
  });
});

describe('mask selection', () => {
  it('takes the largest, ties to the lowest index', () => {
    expect([...selectLargest(Float64Array.of(1, 3, 2, 3, 3), 2)]).toEqual([0, 1, 0, 1, 0]);
    expect([...selectLargest(Float64Array.of(-1, -0, 0, -1), 3)]).toEqual([1, 1, 1, 0]);
    expect([...selectLargest(Float64Array.of(1, 2), 0)]).toEqual([0, 0]);
  });
  it('sizes masks by floor(alpha m n + 0.5)', () => {
    expect([maskSize(0.3, 5), maskSize(0.5, 3), maskSize(0.01, 10)]).toEqual([2, 2, 0]);
  });
});

describe('a pair', () => {
  const options = { maskRank: 1, angleRank: 1, alpha: 0.25, grid: gridOfType('F64') };
  const pair = (base: number[], tuned: number[], rows: number, columns: number, more = {}) =>
    backend.comparePair(matrix(rows, columns, 'F64', base), matrix(rows, columns, 'F64', tuned), {
      ...options,
      ...more,
    });

  it('turned by a known angle shows it on the side that was turned', async () => {
    for (const angle of [1e-9, 1e-3, 0.5, 1.5]) {
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const { anglesU, anglesV } = await pair([3, 0, 0, 1], [3 * c, -s, 3 * s, c], 2, 2);
      expect((anglesU?.sines[0] ?? NaN) / s).toBeCloseTo(1, 6);
      expect(anglesU?.cosines[0]).toBeCloseTo(c, 14);
      expect(anglesV?.sines[0]).toBeLessThan(1e-15);
    }
  });

  it('has the energies and the diagonal of its definition', async () => {
    // base diag(3, 1): u_1 = v_1 = e_1
    const quantities = await pair([3, 0, 0, 1], [3.5, 0.2, 0.1, 1.3], 2, 2);
    expect(quantities.energies?.joint).toBeCloseTo(0.25, 12);
    expect(quantities.energies?.left).toBeCloseTo(0.25 + 0.04, 12);
    expect(quantities.energies?.right).toBeCloseTo(0.25 + 0.01, 12);
    expect(quantities.diagonal?.[0]).toBeCloseTo(0.5, 12);
  });

  it('counts the weights of each mask by class, stored zeros left out', async () => {
    const base = [8, 4, 4, 2, 0, 0.25, 0.5, 0];
    const tuned = [8, 4.5, 4, 2, 1, 0.25, 0.75, 0];
    const grid = { grid: 'BF16', onGrid: true } as const;
    const more = { grid, alpha: 0.5 };
    const { masks, zeros } = await backend.comparePair(matrix(4, 2, 'BF16', base), matrix(4, 2, 'BF16', tuned), {
      ...options,
      ...more,
    });
    const total = (counts: Float64Array | undefined): number => counts?.reduce((a, b) => a + b, 0) ?? NaN;
    expect(zeros).toBe(2);
    expect([total(masks?.all.total), total(masks?.all.changed)]).toEqual([6, 2]);
    // low: the two zeros, 0.25 and 0.5; of them two are not zero, and 0.5 changed
    expect([total(masks?.low.total), total(masks?.low.changed)]).toEqual([2, 1]);
    // principal: half of the weights, all of the first two rows: 8, 4, 4, 2
    expect([total(masks?.principal.total), total(masks?.principal.changed)]).toEqual([4, 1]);
    expect(total(masks?.principalNotLow.total)).toBe(4);
    const power = new Grid('BF16').classOf(4);
    expect([masks?.all.total[power], masks?.all.changed[power]]).toEqual([2, 1]);
  });

  it('has no angles without an update, or beyond the rank; nothing of a zero base', async () => {
    const same = await pair([3, 0, 0, 1], [3, 0, 0, 1], 2, 2);
    expect([same.anglesU, same.anglesV, same.updateValues[0]]).toEqual([null, null, 0]);
    const short = await pair([3, 0, 0, 0], [3, 0, 0, 1], 2, 2, { angleRank: 2 });
    expect([short.anglesU, short.anglesV]).toEqual([null, null]);
    const zero = await pair([0, 0, 0, 0], [3, 0, 0, 1], 2, 2);
    expect(zero).toMatchObject({ anglesU: null, energies: null, diagonal: null, masks: null, zeros: 4 });
  });

  it('takes data that lies unaligned, and leaves it as it is', async () => {
    const codes = encode('F32', gaussian(6, 4, 1));
    const shifted = new Uint8Array(codes.length + 3);
    shifted.set(codes, 3);
    const before = shifted.slice();
    const values = await backend.singularValues({ rows: 6, columns: 4, type: 'F32', data: shifted.subarray(3) }, {});
    expect(values).toEqual(await backend.singularValues({ rows: 6, columns: 4, type: 'F32', data: codes }, {}));
    expect(shifted).toEqual(before);
  });

  it('is cancelled by its signal, and refuses data of another size', async () => {
    const abort = new AbortController();
    abort.abort();
    await expect(pair([3, 0, 0, 1], [3, 0, 0, 2], 2, 2, { signal: abort.signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
    await expect(pair([3, 0, 0], [3, 0, 0], 2, 2)).rejects.toMatchObject({ code: 'bug' });
  });
});
