/**
 * Against the Marchenko-Pastur edge, e = variance * (sqrt m + sqrt n)^2 with the whole variance of the entries, spikes included: the soft
 * rank e / s_1^2, and #{ s_i^2 > e }. One matrix in ten of pure noise has a value above it. Of D: METRICS.md calls its outliers the
 * evidence of structure that its ranks are not.
 */
import { spectrumFigure, updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { exact, relative, SUM_TOLERANCE } from '../tolerance.ts';

/** The edge on the scale of s: sqrt(e). */
export function marchenkoPasturEdge(variance: number, rows: number, columns: number): number {
  return Math.sqrt(variance) * (Math.sqrt(rows) + Math.sqrt(columns));
}
export function outlierCount(values: Float64Array, rows: number, columns: number, variance: number): number {
  const edge = marchenkoPasturEdge(variance, rows, columns);
  return values.filter((s) => s > edge).length;
}

const common = { nullable: true, range: [0, null], scale: null } as const;
// the samples' values lie 2.7e-6 s1 and more from the edge: their counts are exact
const outliers = { ...common, kind: 'integer', unit: 'count', tolerance: exact } as const;

export const MARCHENKO_PASTUR = [
  spectrumFigure({
    ...common,
    id: 'mpSoftRank',
    kind: 'number',
    group: 'spectrum',
    unit: 'number',
    label: say('MP soft rank'),
    sentence: say('Marchenko–Pastur edge over σ₁², both squared: near 1 for noise.'),
    tolerance: relative(SUM_TOLERANCE),
    noise: () => 1,
    compute: ({ values: [largest = 0], rows, columns, variance }) =>
      variance === null || largest === 0 ? null : (marchenkoPasturEdge(variance, rows, columns) / largest) ** 2,
  }),
  spectrumFigure({
    ...outliers,
    id: 'outlierCount',
    group: 'spectrum',
    label: say('Outliers above MP'),
    short: say('Outliers'),
    sentence: say('Values above the Marchenko–Pastur edge; one matrix in ten of pure noise has one.'),
    column: 'outliers',
    noise: () => 0,
    compute: ({ values, rows, columns, variance }) =>
      variance === null ? null : outlierCount(values, rows, columns, variance),
  }),
  updateFigure({
    ...outliers,
    id: 'updateOutlierCount',
    whole: true,
    group: 'update',
    label: say('Outliers of the update'),
    sentence: say('Singular values of D above its own Marchenko-Pastur edge.'),
    compute: ({ moved, rows, columns, updateVariance }) =>
      moved && (updateVariance === null ? null : outlierCount(moved.updateValues, rows, columns, updateVariance)),
  }),
] as const;
