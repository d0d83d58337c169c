import { describe, expect, it } from 'vitest';
import { gaussianNull, hitsDeviation, normalTail, nullSums, stepNull } from '../../../src/metrics/index.ts';
import { cellGaps, Grid, type GridSpec } from '../../../src/numbers/index.ts';
import { normal, uniform } from '../matrices.ts';

const ON: GridSpec = { grid: 'BF16', onGrid: true };
const OFF: GridSpec = { grid: 'BF16', onGrid: false };

function histogram(spec: GridSpec, count: number, seed: number): Float64Array {
  const grid = new Grid(spec.grid);
  const gaps = cellGaps(spec);
  const next = normal(seed);
  const total = new Float64Array(gaps.toward.length);
  for (let i = 0; i < count; i++) {
    const weight = 0.03 * next();
    const cell = grid.cellOf(spec.onGrid ? grid.round(weight) : weight, !spec.onGrid);
    total[cell] = (total[cell] ?? 0) + 1;
  }
  return total;
}

describe.each([
  ['on the grid', ON],
  ['off the grid', OFF],
] as const)('both nulls %s', (_, spec) => {
  const total = histogram(spec, 20000, 1);
  const gaps = cellGaps(spec);
  it.each([5e-5, 1e-3, 0.05, 0.3, 0.7, 0.99, 0.99995, 1])('have the mean %d', (density) => {
    for (const solve of [gaussianNull, stepNull]) {
      const probability = solve(total, gaps, density);
      expect(nullSums(total, probability).mean / 20000 / density).toBeCloseTo(1, 9);
      expect(Math.min(...probability)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...probability)).toBeLessThanOrEqual(1 + 1e-12);
    }
  });
});

describe('the Gaussian null', () => {
  it('is Q(g_t / t) + Q(g_a / t), smaller for larger weights', () => {
    const total = new Float64Array(512);
    const grid = new Grid('BF16');
    const cells = [0.011, 0.03, 0.125].map((w) => grid.classOf(grid.round(w)));
    for (const cell of cells) total[cell] = 100;
    const gaps = cellGaps(ON);
    const probability = gaussianNull(total, gaps, 0.4);
    const [small = 0, medium = 0, power = 0] = cells.map((cell) => probability[cell] ?? 0);
    expect(small).toBeGreaterThan(medium);
    expect(medium).toBeGreaterThan(power);
    // one t explains all three: 0.125 is a power of two, with half the gap toward zero
    const gap = gaps.away[cells[0] ?? 0] ?? 0;
    let t = gap;
    for (let i = 0; i < 100; i++) t *= 1 + (small - 2 * normalTail(gap / t));
    const [g1 = 0, g2 = 0] = cells.slice(1).map((cell) => gaps.away[cell] ?? 0);
    expect(medium).toBeCloseTo(2 * normalTail(g1 / t), 9);
    expect(power).toBeCloseTo(normalTail(g2 / 2 / t) + normalTail(g2 / t), 9);
  });
  it('off the grid equals the mean over the weights themselves, for updates far smaller than a position', () => {
    const grid = new Grid('BF16');
    const next = normal(6);
    // none so small that its cell is not wide against t
    const weights = Array.from({ length: 100_000 }, () => 0.005 + 0.03 * Math.abs(next()));
    const total = new Float64Array(512 * 64);
    for (const w of weights) total[grid.cellOf(w, true)]! += 1;
    const large = (w: number): boolean => Math.abs(w) > 0.03;
    const inside = new Float64Array(512 * 64);
    for (const w of weights.filter(large)) inside[grid.cellOf(w, true)]! += 1;
    // P averaged over where a weight may lie in its cell is t sqrt(2/pi) / width for small t: the share of A follows from the widths
    const width = (w: number): number => {
      const index = grid.classOf(grid.round(w));
      return grid.gapToward(index) + grid.gapAway(index);
    };
    const share = (list: number[]): number => list.reduce((s, w) => s + 1 / width(w), 0);
    const probability = gaussianNull(total, cellGaps(OFF), 1e-4);
    const found = nullSums(inside, probability).mean / nullSums(total, probability).mean;
    expect(Math.abs(found / (share(weights.filter(large)) / share(weights)) - 1)).toBeLessThan(0.05);
  });
});

describe('the step null', () => {
  it('fills sides by their gap and shares the tied ones in equal part', () => {
    const total = new Float64Array(512);
    const grid = new Grid('BF16');
    const [fine, power, coarse] = [0.011, 0.03125, 0.06].map((w) => grid.classOf(grid.round(w))) as [
      number,
      number,
      number,
    ];
    total[fine] = 100;
    total[power] = 100;
    total[coarse] = 100;
    // gaps: fine g, g; power of two 2g toward (half of 4g); coarse 4g both and power 4g away
    const at = (density: number): number[] => {
      const p = stepNull(total, cellGaps(ON), density);
      return [fine, power, coarse].map((cell) => p[cell] ?? NaN);
    };
    expect(at(1 / 6)).toEqual([0.5, 0, 0]);
    expect(at(1 / 3)).toEqual([1, 0, 0]);
    expect(at(0.5)).toEqual([1, 0.5, 0]);
    const [a, b, c] = at(0.75);
    expect(a).toBe(1);
    expect(b).toBeCloseTo(0.5 + 0.25, 12); // half of the tied sides change
    expect(c).toBeCloseTo(0.5, 12);
  });
});

describe('the deviation of the hits', () => {
  it('is that of random changes, given their number', () => {
    const next = uniform(11);
    const groups = [
      { size: 300, p: 0.2 },
      { size: 700, p: 0.5 },
    ];
    const draws = Array.from({ length: 3000 }, () =>
      groups.map(({ size, p }) => {
        let hits = 0;
        for (let i = 0; i < size; i++) if (next() < p) hits++;
        return hits;
      }),
    );
    const excess = draws.map(([a = 0, b = 0]) => {
      // the share of A in a total that differs from the expected one moves by V_A / (V_A + V_B)
      const [vA, vB] = [48, 175];
      return a - 60 - ((a + b - 410) * vA) / (vA + vB);
    });
    const deviation = Math.sqrt(excess.reduce((s, x) => s + x * x, 0) / excess.length);
    expect(Math.abs(deviation / (hitsDeviation(48, 175) ?? NaN) - 1)).toBeLessThan(0.05);
  });
  it('is null under a variance of 10 on either side', () => {
    expect([hitsDeviation(9.99, 100), hitsDeviation(100, 9.99), hitsDeviation(NaN, 100)]).toEqual([null, null, null]);
    expect(hitsDeviation(10, 10)).toBeCloseTo(Math.sqrt(5), 12);
  });
});
