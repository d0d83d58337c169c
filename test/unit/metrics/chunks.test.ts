import { describe, expect, it } from 'vitest';
import { Grid, type GridSpec, type MatrixType } from '../../../src/numbers/index.ts';
import {
  changeMetrics,
  chunkCompare,
  chunkHistogram,
  chunkStats,
  StatsAccumulator,
  type ChunkComparison,
} from '../../../src/metrics/index.ts';
import { encode, gridOfType, normal, uniform } from '../matrices.ts';

const TYPES: readonly MatrixType[] = ['BF16', 'F16', 'F32', 'F64'];
const PROBES = { eta: 1e-3, absoluteTolerance: 1e-5 };

function compare(
  type: MatrixType,
  base: number[],
  tuned: number[],
  columns = 0,
  grid = gridOfType(type),
): ChunkComparison {
  return chunkCompare(type, encode(type, base), type, encode(type, tuned), { grid, ...PROBES, columns });
}

describe.each(TYPES)('statistics of %s', (type) => {
  it('count and sum over finite entries', () => {
    const stats = chunkStats(type, encode(type, [1, -2, 0, -0, NaN, Infinity, -Infinity, 0.5]));
    expect(stats).toMatchObject({ finite: 5, sum: -0.5, sumSquares: 5.25, min: -2, max: 1, zeros: 2, nan: 1, inf: 2 });
  });
  it('know what is subnormal in the storage type', () => {
    const smallest = { BF16: 2 ** -126, F16: 2 ** -14, F32: 2 ** -126, F64: 2 ** -1022 }[type];
    expect(chunkStats(type, encode(type, [smallest, smallest / 2, -smallest / 4, 0])).subnormal).toBe(2);
  });
  it('read data that lies unaligned', () => {
    const codes = encode(type, [1, 2, 3]);
    const shifted = new Uint8Array(codes.length + 1);
    shifted.set(codes, 1);
    expect(chunkStats(type, shifted.subarray(1))).toEqual(chunkStats(type, codes));
  });
});

describe('the accumulator', () => {
  it('gives population figures, the same however the tensor is cut', () => {
    const next = normal(2);
    const values = Float32Array.from({ length: 999 }, next);
    const whole = new StatsAccumulator();
    whole.add(chunkStats('F32', encode('F32', values)));
    const parts = new StatsAccumulator();
    for (const [from, to] of [
      [0, 1],
      [1, 500],
      [500, 500],
      [500, 999],
    ])
      parts.add(chunkStats('F32', encode('F32', values.subarray(from, to))));
    const mean = values.reduce((a, b) => a + b, 0) / 999;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / 999;
    for (const { mean: m, std, min, max, absMax } of [whole.finish(), parts.finish()]) {
      expect(m).toBeCloseTo(mean, 12);
      expect(std).toBeCloseTo(Math.sqrt(variance), 12);
      expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
      expect(absMax).toBe(Math.max(...values.map(Math.abs)));
    }
  });
  it('has no spread for a constant, no figures without finite entries, no norm with a NaN', () => {
    const constant = new StatsAccumulator();
    constant.add(chunkStats('F32', encode('F32', Array<number>(1000).fill(0.1))));
    expect(constant.finish().std).toBe(0);
    const empty = new StatsAccumulator();
    empty.add(chunkStats('BF16', encode('BF16', [NaN, Infinity])));
    expect(empty.finish()).toMatchObject({ min: null, max: null, mean: null, std: null, absMax: null, nan: 1, inf: 1 });
    expect([empty.norm, empty.isFinite]).toEqual([null, false]);
  });
});

describe('the histogram', () => {
  it('has 64 equal bins, the last one closed', () => {
    const counts = chunkHistogram('F64', encode('F64', [0, 1, 63.999, 64, NaN, Infinity]), 0, 64);
    expect([counts[0], counts[1], counts[63]]).toEqual([1, 1, 2]);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(4);
  });
  it('puts a constant tensor into the closed bin', () => {
    expect(chunkHistogram('F32', encode('F32', [2, 2, 2]), 2, 2)[63]).toBe(3);
  });
});

describe.each(TYPES)('comparing %s', (type) => {
  it('holds +0 and -0, NaN and NaN, equal infinities unchanged, and non-finite against finite changed', () => {
    const base = [0, -0, NaN, Infinity, -Infinity, NaN, Infinity, 1];
    const tuned = [-0, 0, NaN, Infinity, -Infinity, 1, 1, Infinity];
    expect(compare(type, base, tuned)).toMatchObject({
      equalBf16: 5,
      equalRelative: 5,
      equalAbsolute: 5,
      changed: 3,
      sumSquaresUpdate: 0,
    });
    expect(compare(type, [Infinity], [-Infinity])).toMatchObject({ equalRelative: 0, equalAbsolute: 0, changed: 1 });
  });
  it('counts changed weights by row and column', () => {
    const { rowChanged, columnChanged, changed } = compare(type, [1, 2, 3, 4, 5, 6], [1, 4, 3, 8, 10, 6], 3);
    expect([...rowChanged]).toEqual([1, 2]);
    expect([...columnChanged]).toEqual([1, 2, 0]);
    expect(changed).toBe(3);
  });
  it('agrees with the definitions weight by weight', () => {
    const next = normal(3);
    const pick = uniform(4);
    const base = Array.from({ length: 4000 }, () => next() * 10 ** (-5 * pick()));
    const tuned = base.map((w) => (pick() < 0.3 ? w : w * (1 + 0.004 * next())));
    const found = compare(type, base, tuned);
    const stored = new Grid(type === 'F16' ? 'F16' : 'BF16');
    const read = (w: number): number => (type === 'F64' ? w : type === 'F32' ? Math.fround(w) : stored.round(w));
    const pairs = base.map((w, i): [number, number] => [read(w), read(tuned[i] ?? 0)]);
    const count = (test: (a: number, b: number) => boolean): number => pairs.filter(([a, b]) => test(a, b)).length;
    const bf16 = new Grid('BF16');
    expect(found.equalBf16).toBe(count((a, b) => bf16.round(a) === bf16.round(b)));
    expect(found.equalRelative).toBe(count((a, b) => Math.abs(b - a) <= 1e-3 * Math.max(Math.abs(a), Math.abs(b))));
    expect(found.equalAbsolute).toBe(count((a, b) => Math.abs(b - a) <= 1e-5));
    expect(found.changed).toBe(count((a, b) => stored.round(a) !== stored.round(b)));
    expect(found.sumSquaresUpdate).toBeCloseTo(
      pairs.reduce((s, [a, b]) => s + (b - a) ** 2, 0),
      12,
    );
  });
});

describe('storage', () => {
  it('counts f16 changes on the f16 grid, which bf16 does not show', () => {
    expect(compare('F16', [1], [1 + 2 ** -10])).toMatchObject({ changed: 1, equalBf16: 1 });
  });
  it('counts float32 changes on the bf16 grid by nearest even', () => {
    const [half, above] = [1 + 2 ** -8, 1 + 2 ** -8 + 2 ** -20];
    expect(compare('F32', [1, 1, 1 + 2 ** -7], [half, above, half])).toMatchObject({ changed: 2, equalBf16: 1 });
  });
  it('rounds to an F8 grid, where what is beyond its range is not a number', () => {
    const grid: GridSpec = { grid: 'F8_E4M3', onGrid: false };
    const options = { grid, ...PROBES, columns: 0 };
    const found = chunkCompare('F32', encode('F32', [1, 500]), 'BF16', encode('BF16', [1.05, 448]), options);
    // 1.05 is 1 on the grid: 500 alone, which becomes NaN, has changed
    expect(found).toMatchObject({ changed: 1, equalBf16: 0 });
    expect(found.base.nan).toBe(0);
  });
  it('refuses chunks of different length', () => {
    expect(() => compare('F32', [1, 2], [1])).toThrow(/cannot be compared/);
  });
});

describe('change metrics', () => {
  const metricsOf = (base: number[], tuned: number[]) => {
    const totals = compare('F32', base, tuned);
    const sides = [totals.base, totals.tuned].map((chunk) => {
      const stats = new StatsAccumulator();
      stats.add(chunk);
      return stats;
    });
    const [before, after] = sides;
    if (!before || !after) throw new Error('Two sides.');
    return changeMetrics(totals, before, after, base.length);
  };
  it('are shares of the weights and norms', () => {
    const found = metricsOf([3, 4, 0, 0], [3, 4, 1, 0]);
    expect(found).toEqual({
      unchangedBf16: 0.75,
      unchangedRelative: 0.75,
      unchangedAbsolute: 0.75,
      updateDensity: 0.25,
      baseNorm: 5,
      updateNorm: 1,
      relativeUpdate: 0.2,
      cosine: expect.closeTo(5 / Math.sqrt(26), 12) as number,
      hiddenShare: 0,
      hiddenEnergy: 0,
    });
  });
  it('tell what the tuned side holds beneath its grid', () => {
    // 1 + 2^-9 is 1 on bf16, 1 + 2^-7 is its neighbour
    const found = metricsOf([1, 1, 2, 3], [1 + 2 ** -9, 1 + 2 ** -7, 2, 3]);
    expect(found).toMatchObject({ updateDensity: 0.25, hiddenShare: 0.5, hiddenEnergy: 1 / 17 });
    expect(metricsOf([1, NaN], [1, NaN])).toMatchObject({ hiddenShare: null, hiddenEnergy: null });
    expect(metricsOf([1, Infinity], [1 + 2 ** -9, 1])).toMatchObject({ hiddenShare: 0.5, hiddenEnergy: null });
  });
  it('have no relative update for a zero base and no norms if a side is not finite', () => {
    expect(metricsOf([0, 0], [1, 0])).toMatchObject({ baseNorm: 0, updateNorm: 1, relativeUpdate: null });
    expect(metricsOf([1, 1], [1, NaN])).toMatchObject({ baseNorm: Math.SQRT2, updateNorm: null, relativeUpdate: null });
    expect([metricsOf([0, 0], [1, 0]).cosine, metricsOf([1, 1], [1, NaN]).cosine]).toEqual([null, null]);
    expect(metricsOf([3, 4], [6, 8]).cosine).toBeCloseTo(1, 12);
    expect(metricsOf([1, 1], [1, -1]).cosine).toBeCloseTo(0, 12);
    expect(metricsOf([1, 0], [-2, 0]).cosine).toBeCloseTo(-1, 12);
    expect(metricsOf([NaN, 1], [NaN, 1])).toMatchObject({ unchangedBf16: 1, baseNorm: null, updateNorm: null });
  });
  it('hold an empty tensor unchanged', () => {
    expect(metricsOf([], [])).toMatchObject({ unchangedBf16: 1, updateDensity: 0, baseNorm: 0 });
  });
});
