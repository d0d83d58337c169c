/** Section B, spectral: everything reported about one pair of matrices, from a backend's raw quantities. */
import { INTRUDER_VECTORS, type PairQuantities } from '../linalg/backend.ts';
import type { GridSpec } from '../numbers/index.ts';
import type { Flag, SpectrumMetrics, UpdateMetrics } from '../protocol/results.ts';
import { maskFigures } from './alignment.ts';
import { figuresOf } from './catalog.ts';
import { evaluate, type UpdateSource } from './figure.ts';
import { frobeniusNorm } from './figures/norms.ts';
import { rankTolerance } from './figures/numericalRank.ts';
import { spectrumMetrics } from './spectrum.ts';
import { NSS_RESOLUTION } from './verdict.ts';

export interface UpdateContext {
  rows: number;
  columns: number;
  /** r and k that the quantities were computed with */
  maskRank: number;
  angleRank: number;
  grid: GridSpec;
  /** false if a side is computed from several numbers, as codes and scales: no null, lift, z or position */
  hasNull: boolean;
  /** population variances of the entries of W0, W1 and D, for the Marchenko-Pastur edges; null if not finite */
  baseVariance: number | null;
  tunedVariance: number | null;
  updateVariance: number | null;
}
export interface UpdateResult {
  metrics: UpdateMetrics;
  base: SpectrumMetrics;
  tuned: SpectrumMetrics;
  flags: Flag[];
  /** why figures are null or to be read with care, one sentence each */
  reasons: string[];
}

/** `quantities` null: a side is not finite; then all but the baselines and ranks is null. */
export function updateMetrics(quantities: PairQuantities | null, context: UpdateContext): UpdateResult {
  const { rows, columns, baseVariance, tunedVariance } = context;
  const moved = quantities && quantities.updateValues[0] !== 0 ? quantities : null;
  const source: UpdateSource = {
    ...context,
    pair: quantities,
    moved,
    updateSquared: moved ? frobeniusNorm(moved.updateValues) ** 2 : 0,
    masks: moved?.masks ? maskFigures(moved.masks, context.grid, context.hasNull) : null,
  };
  const metrics = evaluate(figuresOf('update'), source);
  return {
    metrics,
    base: spectrumMetrics(quantities && quantities.baseValues, rows, columns, baseVariance),
    tuned: spectrumMetrics(quantities && quantities.tunedValues, rows, columns, tunedVariance),
    ...(quantities ? remarks(quantities, metrics, context) : { flags: ['not-finite'], reasons: [] }),
  };
}

/** What is to be said beside the figures, and why some are null. */
function remarks(
  { baseValues, updateValues, masks, anglesU, anglesV }: PairQuantities,
  metrics: UpdateMetrics,
  { rows, columns, maskRank, angleRank: k, hasNull }: UpdateContext,
): Pick<UpdateResult, 'flags' | 'reasons'> {
  const flags: Flag[] = [];
  const reasons: string[] = [];
  const note = (flag: Flag, reason: string): void => {
    flags.push(flag);
    reasons.push(reason);
  };
  const moved = updateValues[0] !== 0;
  if (!hasNull)
    note(
      'no-null',
      'A side is computed from several numbers, as codes and their scales: what rounding noise gives is not defined.',
    );
  if (!moved) note('no-update', 'There is no update to measure here.');
  if (baseValues[0] === 0)
    note('zero-base', 'The base matrix is zero: what divides by it, and its masks, are not defined.');
  if (moved && metrics.nss !== null && metrics.nss < NSS_RESOLUTION)
    note('below-resolution', 'The spectral shift is below 2e-6 of the spectrum, under what can be resolved.');
  if ((moved || baseValues[0] === 0) && !(anglesU && anglesV)) {
    const short = hasSubspace(baseValues, k, rows, columns) ? 'tuned matrix' : 'base matrix';
    reasons.push(`The ${short} has a numerical rank under ${k}: there is no subspace of that size to compare.`);
  }
  if (moved && anglesU && metrics.intruders === null)
    reasons.push(
      `Only ${k} leading vectors were compared: intruder dimensions need the ${Math.min(INTRUDER_VECTORS, rows, columns)} that they are counted among.`,
    );
  if (metrics.illDefined)
    note(
      'ill-defined',
      `The leading ${maskRank} directions of the base are not separated from the next: its masks and energies are not determined.`,
    );
  if (moved && metrics.principalOverlap === null && masks)
    reasons.push('No weight other than stored zeros changed its code: there is no overlap to measure.');
  return { flags, reasons };
}

/** Whether there is a leading k-dimensional subspace: s_k above the numerical-rank threshold. */
function hasSubspace(values: Float64Array, k: number, rows: number, columns: number): boolean {
  return (values[k - 1] ?? 0) > rankTolerance(values[0] ?? 0, rows, columns);
}
