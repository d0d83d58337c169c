/** Section B, spectral: everything reported about one pair of matrices, from a backend's raw quantities. */
import type { GridSpec, PairQuantities } from '../linalg/backend.ts';
import type { Flag, SpectrumMetrics, UpdateMetrics } from '../protocol/results.ts';
import { alignmentMetrics, emptyAlignment } from './alignment.ts';
import { diagonalAmplification, energyBaselines, energyShares, isIllDefined } from './energies.ts';
import {
  effectiveRank,
  frobeniusNorm,
  numericalRank,
  outlierCount,
  rankTolerance,
  spectrumMetrics,
  stableRank,
} from './spectrum.ts';
import {
  angleDegrees,
  angleSummary,
  hasSubspace,
  normalizedSpectralShift,
  NSS_RESOLUTION,
  spectrumShift,
  subspaceGap,
  wedinBound,
} from './subspaces.ts';

export interface UpdateContext {
  rows: number;
  columns: number;
  /** r and k that the quantities were computed with */
  maskRank: number;
  angleRank: number;
  grid: GridSpec;
  /** false for BF16 against F16: no null, lift, z or position */
  hasNull: boolean;
  /** population variances of the entries of W0, W1 and D, for the Marchenko-Pastur edges; null where not finite */
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
  const metrics = { ...emptyUpdate(context) };
  if (quantities === null)
    return {
      metrics,
      base: spectrumMetrics(null, rows, columns, null),
      tuned: spectrumMetrics(null, rows, columns, null),
      flags: ['not-finite'],
      reasons: [],
    };
  const flags: Flag[] = [];
  const reasons: string[] = [];
  const note = (flag: Flag, reason: string): void => {
    flags.push(flag);
    reasons.push(reason);
  };
  const { baseValues, updateValues } = quantities;
  if (!context.hasNull)
    note('no-null', 'The two sides are stored on different grids (bf16 and f16): no rounding null.');
  if (updateValues[0] === 0)
    note('no-update', 'Both checkpoints store the same weights here: there is no update to measure.');
  if (baseValues[0] === 0)
    note('zero-base', 'The base matrix is zero: what divides by it, and its masks, are not defined.');
  Object.assign(metrics, spectrumShifts(quantities, note), subspaces(quantities, context, reasons));
  metrics.illDefined = isIllDefined(baseValues, context.maskRank, rankTolerance(baseValues[0] ?? 0, rows, columns));
  if (metrics.illDefined)
    note(
      'ill-defined',
      `The leading ${context.maskRank} directions of the base are not separated from the next: its masks and energies are not determined.`,
    );
  metrics.zeroShare = quantities.zeros / (rows * columns);
  if (updateValues[0] !== 0) {
    Object.assign(metrics, updateShape(quantities, context), energies(quantities, context));
    if (quantities.masks) Object.assign(metrics, alignmentMetrics(quantities.masks, context.grid, context.hasNull));
    if (metrics.principalOverlap === null && quantities.masks)
      reasons.push('No weight other than stored zeros changed its code: there is no overlap to measure.');
  }
  return {
    metrics,
    base: spectrumMetrics(baseValues, rows, columns, baseVariance),
    tuned: spectrumMetrics(quantities.tunedValues, rows, columns, tunedVariance),
    flags,
    reasons,
  };
}

/** Norm and ranks of D, which has an update. */
function updateShape(
  { updateValues }: PairQuantities,
  { rows, columns, updateVariance }: UpdateContext,
): Partial<UpdateMetrics> {
  return {
    updateStableRank: stableRank(updateValues),
    updateTop1Share: (updateValues[0] ?? 0) / frobeniusNorm(updateValues),
    updateEffectiveRank: effectiveRank(updateValues),
    updateRankRatio: numericalRank(updateValues, rows, columns) / updateValues.length,
    updateOutlierCount: updateVariance === null ? null : outlierCount(updateValues, rows, columns, updateVariance),
  };
}

function spectrumShifts(
  { baseValues, tunedValues, updateValues }: PairQuantities,
  note: (flag: Flag, reason: string) => void,
): Partial<UpdateMetrics> {
  const norm = frobeniusNorm(updateValues);
  const nss = normalizedSpectralShift(baseValues, tunedValues);
  if (norm > 0 && nss !== null && nss < NSS_RESOLUTION)
    note('below-resolution', 'The spectral shift is below 2e-6 of the spectrum, under what can be resolved.');
  return {
    updateSpectralNorm: updateValues[0] ?? 0,
    nss: norm === 0 && nss !== null ? 0 : nss,
    spectralShare: norm === 0 ? null : spectrumShift(baseValues, tunedValues) / norm,
  };
}

function subspaces(quantities: PairQuantities, context: UpdateContext, reasons: string[]): Partial<UpdateMetrics> {
  const { baseValues, tunedValues, updateValues, anglesU, anglesV } = quantities;
  const { angleRank: k, rows, columns } = context;
  const gap = subspaceGap(baseValues, tunedValues, k);
  const wedin = wedinBound(updateValues[0] ?? 0, gap);
  const result: Partial<UpdateMetrics> = { gap, wedinBound: wedin.bound, wedinVacuous: wedin.vacuous };
  if (updateValues[0] === 0 && baseValues[0] !== 0)
    return { ...result, angleUMax: 0, angleUMean: 0, angleVMax: 0, angleVMean: 0 };
  if (!anglesU || !anglesV) {
    const short = hasSubspace(baseValues, k, rows, columns) ? 'tuned matrix' : 'base matrix';
    reasons.push(`The ${short} has a numerical rank under ${k}: there is no subspace of that size to compare.`);
    return result;
  }
  const u = angleSummary(angleDegrees(anglesU));
  const v = angleSummary(angleDegrees(anglesV));
  return { ...result, angleUMax: u.max, angleUMean: u.mean, angleVMax: v.max, angleVMean: v.mean };
}

function energies(quantities: PairQuantities, { rows, columns }: UpdateContext): Partial<UpdateMetrics> {
  const squared = frobeniusNorm(quantities.updateValues) ** 2;
  const shares = quantities.energies && energyShares(quantities.energies, squared);
  return {
    jointEnergy: shares?.joint ?? null,
    leftEnergy: shares?.left ?? null,
    rightEnergy: shares?.right ?? null,
    diagonalAmplification: quantities.diagonal && diagonalAmplification(quantities.diagonal, squared, rows, columns),
  };
}

function emptyUpdate({ rows, columns, maskRank, angleRank }: UpdateContext): UpdateMetrics {
  const baselines = energyBaselines(rows, columns, maskRank);
  return {
    ...emptyAlignment(),
    updateSpectralNorm: null,
    updateStableRank: null,
    updateTop1Share: null,
    updateEffectiveRank: null,
    updateRankRatio: null,
    updateOutlierCount: null,
    nss: null,
    spectralShare: null,
    diagonalAmplification: null,
    angleUMax: null,
    angleUMean: null,
    angleVMax: null,
    angleVMean: null,
    gap: null,
    wedinBound: null,
    wedinVacuous: null,
    jointEnergy: null,
    leftEnergy: null,
    rightEnergy: null,
    jointEnergyBaseline: baselines.joint,
    leftEnergyBaseline: baselines.left,
    rightEnergyBaseline: baselines.right,
    illDefined: null,
    zeroShare: null,
    angleRank,
    maskRank,
  };
}
