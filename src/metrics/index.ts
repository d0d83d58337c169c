/** The definitions behind every figure: pure functions over counts, spectra and histograms. */
export { aggregate, summarize, type SummaryInput } from './summary.ts';
export { attainableRange, maskFigures, positionInRange, type MaskFigures } from './alignment.ts';
export { changeMetrics, changeProfiles } from './change.ts';
export {
  chunkCompare,
  chunkHistogram,
  chunkStats,
  HISTOGRAM_BINS,
  noChange,
  type ChunkComparison,
  type CompareOptions,
} from './chunks.ts';
export type { ChangeTotals } from './figure.ts';
export { erfc, normalTail } from './erfc.ts';
export { angleDegrees } from './figures/angles.ts';
export { energyRank } from './figures/energyRank.ts';
export { marchenkoPasturEdge } from './figures/marchenkoPastur.ts';
export { wedinBound } from './figures/wedin.ts';
export { gaussianNull, hitsDeviation, nullSums, stepNull, type ChangeProbability } from './nulls.ts';
export { checkParameters, checkRank, defaultAngleRank, defaultMaskRank } from './parameters.ts';
export { fitPowerLaw, type PowerLawFit } from './powerLaw.ts';
export { spectrumMetrics } from './spectrum.ts';
export { StatsAccumulator } from './statistics.ts';
export { alignmentMetrics, updateMetrics, type UpdateContext, type UpdateResult } from './update.ts';
