/** The definitions behind every figure: pure functions over counts, spectra and histograms. */
export { aggregate, summarize, type SummaryInput } from './summary.ts';
export { alignmentMetrics, attainableRange, emptyAlignment, positionInRange } from './alignment.ts';
export { changeMetrics, type ChangeTotals } from './change.ts';
export {
  chunkCompare,
  chunkHistogram,
  chunkStats,
  HISTOGRAM_BINS,
  type ChunkComparison,
  type CompareOptions,
} from './chunks.ts';
export { diagonalAmplification, energyBaselines, energyShares, isIllDefined } from './energies.ts';
export { erfc, normalTail } from './erfc.ts';
export { gaussianNull, hitsDeviation, nullSums, stepNull, type ChangeProbability } from './nulls.ts';
export { checkParameters, checkRank, defaultAngleRank, defaultMaskRank } from './parameters.ts';
export { fitPowerLaw, type PowerLawFit } from './powerLaw.ts';
export { cellCount, cellGaps, classCount, Grid, hasPositions, type CellGaps } from './rounding.ts';
export {
  effectiveRank,
  energyRank,
  frobeniusNorm,
  marchenkoPasturEdge,
  numericalRank,
  outlierCount,
  rankTolerance,
  spectrumMetrics,
  stableRank,
} from './spectrum.ts';
export { StatsAccumulator } from './statistics.ts';
export {
  angleDegrees,
  angleSummary,
  hasSubspace,
  normalizedSpectralShift,
  NSS_RESOLUTION,
  spectrumShift,
  subspaceGap,
  wedinBound,
} from './subspaces.ts';
export { updateMetrics, type UpdateContext, type UpdateResult } from './update.ts';
export { ENERGY_FACTOR, energyVerdict, maskVerdict, VERDICT_POSITION, VERDICT_Z } from './verdict.ts';
