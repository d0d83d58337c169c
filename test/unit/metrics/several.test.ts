import { describe, expect, it } from 'vitest';
import { correlation } from '../../../src/metrics/correlation.ts';
import type { AgreementSource, PathSource } from '../../../src/metrics/figure.ts';
import { weightLinearity } from '../../../src/metrics/figures/linearity.ts';
import { overlapOf } from '../../../src/metrics/figures/subspaceSimilarity.ts';
import { leadingPair } from '../../../src/metrics/leadingPair.ts';
import {
  addAgreement,
  addPaths,
  agreementFigures,
  changeProbability,
  expectedConsensus,
  expectedShared,
  pathFigures,
} from '../../../src/metrics/several.ts';
import { cellCount, type GridSpec } from '../../../src/numbers/index.ts';

const agreement = (change: Partial<AgreementSource> = {}): AgreementSource => ({
  ...{ weights: 100, changed: [40, 20], shared: 10, sameSign: 7 },
  expected: { both: 8, one: 40, other: 20 },
  products: { inner: 3, one: 4, other: 9 },
  similarity: { energy: 4, rank: 16 },
  chance: { energy: 2, rank: 16 },
  ...change,
});

describe('two runs', () => {
  it('have the figures of their counts', () => {
    expect(agreementFigures(agreement())).toEqual({
      ...{ updateCosine: 0.5, signAgreement: 0.7 },
      ...{ jaccard: 0.2, jaccardNull: 8 / 52, jaccardIndependent: 8 / 52 },
      ...{ coverage: 0.25, coverageNull: 0.2, coverageBack: 0.5, coverageBackNull: 0.4 },
      ...{ shared: 10, onlyI: 30, onlyJ: 10, neither: 50 },
      ...{ subspaceSimilarity: 0.25, subspaceChance: 0.125 },
    });
  });
  it('that are one have all in common', () => {
    const same = agreement({ changed: [40, 40], shared: 40, sameSign: 40, products: { inner: 4, one: 4, other: 4 } });
    expect(agreementFigures(same)).toMatchObject({
      ...{ updateCosine: 1, signAgreement: 1, jaccard: 1, coverage: 1, coverageBack: 1, onlyI: 0, onlyJ: 0 },
    });
  });
  it('of which one did not move have no direction', () => {
    const still = agreement({ changed: [40, 0], shared: 0, sameSign: 0, products: { inner: 0, one: 4, other: 0 } });
    expect(agreementFigures(still)).toMatchObject({
      ...{ updateCosine: null, signAgreement: null, jaccard: 0, coverage: 0, coverageBack: null },
    });
  });
  it('add up over matrices: the ratio of the sums, and nothing where a matrix is not finite', () => {
    const sum = addAgreement([agreement(), agreement({ changed: [0, 0], shared: 0, sameSign: 0, similarity: null })]);
    expect(agreementFigures(sum)).toMatchObject({
      jaccard: 0.2,
      neither: 150,
      updateCosine: 0.5,
      subspaceSimilarity: 0.25,
    });
    expect(agreementFigures(addAgreement([agreement(), agreement({ products: null })])).updateCosine).toBeNull();
  });
});

describe('independent runs', () => {
  const grid: GridSpec = { grid: 'BF16', onGrid: true };
  const total = new Float64Array(cellCount(grid));
  total.set([400, 300, 200, 100], 240);
  it('change as many weights as they did, and share the products', () => {
    const [p, q] = [200, 700].map((changed) => changeProbability({ grid, total, changed })) as [
      Float64Array,
      Float64Array,
    ];
    const expected = expectedShared(total, p, q);
    expect(expected.one).toBeCloseTo(200, 6);
    expect(expected.other).toBeCloseTo(700, 6);
    expect(expected.both).toBeGreaterThan((200 * 700) / 1000);
    // of two runs: by both, by one of them, by none
    const consensus = expectedConsensus(total, [p, q]);
    expect(consensus[2]).toBeCloseTo(expected.both, 6);
    expect(consensus[1]).toBeCloseTo(900 - 2 * expected.both, 6);
    expect(consensus.reduce((a, b) => a + b, 0)).toBeCloseTo(1000, 9);
  });
  it('that changed nothing change nothing', () => {
    expect(changeProbability({ grid, total, changed: 0 }).some((p) => p > 0)).toBe(false);
  });
});

it('subspaces share what their vectors do', () => {
  const axes = [1, 0, 0, 1, 0, 0, 0, 0];
  const other = [0, 0, 1, 0, 0, 1, 0, 0];
  expect(overlapOf(axes, axes, 2)).toEqual({ energy: 2, rank: 2 });
  expect(overlapOf(axes, other, 2)).toEqual({ energy: 1, rank: 2 });
});

it('the leading pair of a symmetric matrix', () => {
  const { value, vector } = leadingPair([2, 1, 1, 2], 2);
  expect(value).toBeCloseTo(3, 14);
  expect(Math.abs(vector[0] ?? 0)).toBeCloseTo(Math.SQRT1_2, 14);
  expect(leadingPair([5], 1).value).toBe(5);
  // of a random matrix A'A: the vector is an eigenvector, and no direction has more
  const n = 7;
  const a = Array.from({ length: n * n }, (_, i) => Math.sin(1 + i * i));
  const gram = Array.from({ length: n * n }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += (a[k * n + Math.floor(at / n)] ?? 0) * (a[k * n + (at % n)] ?? 0);
    return sum;
  });
  const found = leadingPair(gram, n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += (gram[i * n + j] ?? 0) * (found.vector[j] ?? 0);
    expect(sum).toBeCloseTo(found.value * (found.vector[i] ?? 0), 11);
  }
});

it('a correlation', () => {
  expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 15);
  expect(correlation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 15);
  expect(correlation([1, 1, 1], [1, 2, 3])).toBeNull();
});

/** Of updates given as lists of numbers. */
function path(updates: readonly (readonly number[])[], change: Partial<PathSource> = {}): PathSource {
  const inner = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  const zero = (updates[0] ?? []).map(() => 0);
  return {
    start: 0,
    steps: updates.map((_, t) => t + 1),
    baseSquares: 4,
    products: {
      gram: updates.flatMap((one) => updates.map((other) => inner(one, other))),
      increments: updates.map((one, t) => {
        const step = one.map((x, i) => x - ((updates[t - 1] ?? zero)[i] ?? 0));
        return inner(step, step);
      }),
    },
    similarity: updates.map(() => null),
    chance: { energy: 1, rank: 4 },
    linear: { sum: 3, weights: 4 },
    ...change,
  };
}

describe('along a run', () => {
  it('a straight line has all in one direction', () => {
    const figures = pathFigures(path([1, 2, 3, 4].map((t) => [t, 2 * t, 0])));
    expect(figures.pathEfficiency).toBeCloseTo(1, 12);
    expect(figures.rank1Variance).toBeCloseTo(1, 12);
    expect(figures.rank1R2).toBeCloseTo(1, 12);
    expect(figures.increment?.map((x) => x ?? NaN)[2]).toBeCloseTo(Math.sqrt(5) / 2, 12);
    expect(figures.relativeUpdate?.[3]).toBeCloseTo((4 * Math.sqrt(5)) / 2, 12);
    expect(figures.linearity).toBe(0.75);
  });
  it('a walk of equal steps has 81 % in one direction and an R2 of 0.96', () => {
    // independent steps along axes are a walk: its own figures are those of the walk beside it
    const updates = Array.from({ length: 10 }, (_, t) => Array.from({ length: 10 }, (_, i) => (i <= t ? 1 : 0)));
    const figures = pathFigures(path(updates));
    expect(figures.rank1VarianceWalk).toBeCloseTo(0.81, 1);
    expect(figures.rank1R2Walk).toBeCloseTo(0.96, 1);
    expect(figures.rank1Variance).toBeCloseTo(figures.rank1VarianceWalk ?? NaN, 12);
    expect(figures.rank1R2).toBeCloseTo(figures.rank1R2Walk ?? NaN, 12);
    expect(figures.pathEfficiency).toBeCloseTo(1 / Math.sqrt(10), 12);
    expect(figures.pathEfficiencyWalk).toBeCloseTo(1 / Math.sqrt(10), 12);
    // METRICS: .43 to .48
    expect(figures.linearityWalk).toBeGreaterThan(0.43);
    expect(figures.linearityWalk).toBeLessThan(0.48);
  });
  it('that did not move, or is not finite, has nothing to say', () => {
    const still = pathFigures(path([[0], [0], [0]], { linear: { sum: 0, weights: 0 } }));
    expect(still).toMatchObject({ pathEfficiency: null, rank1Variance: null, rank1R2: null, linearity: null });
    expect(still).toMatchObject({ rank1VarianceWalk: null, linearityWalk: null, relativeUpdate: [0, 0, 0] });
    expect(pathFigures(path([[1], [2]], { products: null }))).toMatchObject({
      increment: null,
      pathEfficiencyWalk: null,
    });
  });
  it('has no R2 of two steps: a line goes through any two', () => {
    expect(
      pathFigures(
        path([
          [1, 0],
          [1, 1],
        ]),
      ),
    ).toMatchObject({ rank1R2: null, rank1R2Walk: null });
  });
  it('adds up over matrices', () => {
    const [one, other] = [path([[1], [2]]), path([[3], [5]])];
    const sum = addPaths(one, [one, other]);
    expect(sum.products).toEqual({ gram: [10, 17, 17, 29], increments: [10, 5] });
    expect(sum).toMatchObject({ baseSquares: 8, linear: { sum: 6, weights: 8 }, chance: { energy: 2, rank: 8 } });
    expect(addPaths(one, [one, path([[1], [2]], { products: null })]).products).toBeNull();
  });
});

describe('the linearity of a weight', () => {
  it('is of those that moved, through four values or more', () => {
    expect(weightLinearity([0, 1, 2, 3], [0, 1, 2, 3])).toBeCloseTo(1, 12);
    expect(weightLinearity([0, 1, 1, 0], [0, 1, 2, 3])).toBeNull();
    expect(weightLinearity([0, 1e-5, 2e-5, 3e-5], [0, 1, 2, 3])).toBeNull();
    expect(weightLinearity([0, NaN, 2, 3], [0, 1, 2, 3])).toBeNull();
  });
});
