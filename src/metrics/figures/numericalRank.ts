/** Numerical rank: #{ s_i > tol }, tol = max(m, n) * 2^-23 * s_1; of the update as a ratio to q (arXiv 2505.11711). */
import { spectrumFigure, updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { exact } from '../tolerance.ts';

/** tol(W). */
export function rankTolerance(largest: number, rows: number, columns: number): number {
  return Math.max(rows, columns) * 2 ** -23 * largest;
}
/** 0 for a zero matrix. */
export function numericalRank(values: Float64Array, rows: number, columns: number): number {
  const tolerance = rankTolerance(values[0] ?? 0, rows, columns);
  return values.filter((s) => s > tolerance).length;
}

// the samples' values lie 2.7e-6 s1 and more from the threshold: their counts are exact
const common = { nullable: true, tolerance: exact } as const;

export const NUMERICAL_RANK = [
  spectrumFigure({
    ...common,
    id: 'numericalRank',
    kind: 'integer',
    group: 'spectrum',
    unit: 'count',
    range: [0, null],
    scale: null,
    label: say('Numerical rank'),
    sentence: say('Singular values above max(m, n) · 2⁻²³ · σ₁.'),
    compute: ({ values, rows, columns }) => numericalRank(values, rows, columns),
  }),
  updateFigure({
    ...common,
    id: 'updateRankRatio',
    whole: true,
    kind: 'number',
    group: 'update',
    unit: 'share',
    range: [0, 1],
    scale: { kind: 'lin', lo: 0, hi: 1 },
    label: say('Rank ratio of the update'),
    sentence: say('Numerical rank of D over q. Rounding alone gives full rank.'),
    compute: ({ moved, rows, columns }) =>
      moved && numericalRank(moved.updateValues, rows, columns) / moved.updateValues.length,
  }),
] as const;
