/**
 * The results that leave the engine: the JSON of the command line, of the export and of the panels. Field names of metrics are the
 * ids of the metric definitions (README, "JSON"); `null` means undefined for this tensor, and `reasons` says why.
 */
import type { ErrorCode } from './errors.ts';
import type { MemoryEstimate } from './health.ts';

export type Severity = 'error' | 'warning' | 'info';

/** Something wrong with a file. `message` names what is wrong, where, and what to do. */
export interface Problem {
  severity: Severity;
  /** stable identifier in kebab-case, e.g. "header-too-large" */
  code: string;
  message: string;
  file?: string;
  tensor?: string;
  /** offset in the file, bytes */
  byteOffset?: number;
}

/** Section A, elementwise: over finite entries, population std, float64; counts over all entries. */
export interface ElementStats {
  min: number | null;
  max: number | null;
  mean: number | null;
  std: number | null;
  absMax: number | null;
  zeros: number;
  nan: number;
  inf: number;
  /** subnormal in the storage type */
  subnormal: number;
}
/** 64 equal bins from min to max of the finite entries, the last one closed. */
export interface Histogram {
  min: number;
  max: number;
  counts: number[];
}
/** Section A, spectral. All null where the tensor is not finite. */
export interface SpectrumMetrics {
  spectralNorm: number | null;
  frobeniusNorm: number | null;
  stableRank: number | null;
  effectiveRank: number | null;
  numericalRank: number | null;
  conditionNumber: number | null;
  energyRank90: number | null;
  energyRank99: number | null;
  powerLawAlpha: number | null;
  powerLawXmin: number | null;
  powerLawD: number | null;
  alphaHat: number | null;
  logAlphaNorm: number | null;
  mpSoftRank: number | null;
  outlierCount: number | null;
}
export type Range = [number, number];
type MaskFields<P extends string> = Record<
  `${P}Overlap` | `${P}Null` | `${P}NullStep` | `${P}Lift` | `${P}Z` | `${P}Position` | `${P}PositionStep`,
  number | null
> &
  Record<`${P}Range`, Range | null>;
export type MaskPrefix = 'principal' | 'low' | 'principalNotLow';
export type AlignmentMetrics = MaskFields<'principal'> & MaskFields<'low'> & MaskFields<'principalNotLow'>;

/** Section B, elementwise: every pair of floating tensors of one shape has these. */
export interface ChangeMetrics {
  unchangedBf16: number;
  unchangedRelative: number;
  unchangedAbsolute: number;
  updateDensity: number;
  baseNorm: number | null;
  updateNorm: number | null;
  relativeUpdate: number | null;
}
/** Section B, spectral: block matrices only. */
export interface UpdateMetrics extends AlignmentMetrics {
  updateSpectralNorm: number | null;
  updateStableRank: number | null;
  updateTop1Share: number | null;
  updateEffectiveRank: number | null;
  updateRankRatio: number | null;
  updateOutlierCount: number | null;
  nss: number | null;
  spectralShare: number | null;
  diagonalAmplification: number | null;
  angleUMax: number | null;
  angleUMean: number | null;
  angleVMax: number | null;
  angleVMean: number | null;
  gap: number | null;
  wedinBound: number | null;
  wedinVacuous: boolean | null;
  jointEnergy: number | null;
  leftEnergy: number | null;
  rightEnergy: number | null;
  jointEnergyBaseline: number;
  leftEnergyBaseline: number;
  rightEnergyBaseline: number;
  illDefined: boolean | null;
  zeroShare: number | null;
  /** the k and r that were used for this matrix */
  angleRank: number;
  maskRank: number;
}
/** What the metrics of one pair of tensors look like; spectral fields are absent for elementwise-only tensors and under --no-spectra. */
export type ComparisonMetrics = ChangeMetrics &
  Partial<UpdateMetrics> & {
    base: Partial<ElementStats & SpectrumMetrics>;
    tuned: Partial<ElementStats & SpectrumMetrics>;
    /** only with profiles: mean of the change mask over each row, each column */
    rowDensity?: number[];
    columnDensity?: number[];
  };
/** What a figure needs said beside it. */
export type Flag =
  'mixed-storage' | 'no-null' | 'below-resolution' | 'not-finite' | 'no-update' | 'zero-base' | 'ill-defined';

/**
 * What a GPU's float32 does not resolve in a pair, so that it was computed again in float64 on the CPU: the change of the spectrum, a
 * value beside the rank threshold, the gap, the angles, or the entries beside the principal mask's threshold.
 */
export type Recomputed = 'nss' | 'rank' | 'gap' | 'angles' | 'masks';

export interface ComparisonTensor {
  name: string;
  layer: number | null;
  /** column of the heatmap: "self_attn.q_proj"; experts keep their number in `name` only */
  module: string;
  shape: number[];
  dtype: { base: string; tuned: string };
  metrics: ComparisonMetrics;
  flags: Flag[];
  /** why spectral metrics are absent or null, one sentence each */
  reasons: string[];
  elapsedMs: number;
  /** which backend computed the spectral part */
  computedOn?: 'cpu' | 'gpu' | 'reference';
  /** absent where nothing was */
  recomputed?: Recomputed[];
}
export interface BackendInfo {
  kind: 'cpu' | 'gpu' | 'reference';
  name: string;
  precision: string;
  threads: number;
}
export interface ComparisonParameters {
  /** fraction of weights in a mask, 0 < alpha < 1 */
  alpha: number;
  /** null: min(64, ceil(q/8)) a matrix */
  maskRank: number | null;
  /** null: min(512, floor(q/2)) a matrix */
  angleRank: number | null;
  eta: number;
  absoluteTolerance: number;
  includeEmbeddings: boolean;
  spectra: boolean;
  profiles: boolean;
  /** glob over tensor names, null for all */
  tensors: string | null;
}
export const DEFAULT_PARAMETERS: ComparisonParameters = {
  alpha: 0.3,
  maskRank: null,
  angleRank: null,
  eta: 1e-3,
  absoluteTolerance: 1e-5,
  includeEmbeddings: false,
  spectra: true,
  profiles: false,
  tensors: null,
};
export interface Aggregate {
  /** unweighted mean over the block matrices that have a value */
  mean: number | null;
  max: number | null;
  /** matrices that count, and those whose value is null */
  count: number;
  nulls: number;
}
export type Verdict = 'off' | 'on' | 'noise' | 'none';
export interface ComparisonSummary {
  /** fractions of weights, over all compared floating tensors, weighted by parameters */
  weights: number;
  unchangedBf16: number | null;
  unchangedRelative: number | null;
  unchangedAbsolute: number | null;
  updateDensity: number | null;
  /** block matrices with spectral metrics, of how many planned */
  matrices: { done: number; planned: number };
  /** by metric id */
  metrics: Record<string, Aggregate>;
  maskVerdicts: Record<Verdict, number>;
  wedinVacuous: number;
  /** tensors compared elementwise only, with the reason */
  elementwiseOnly: { name: string; reason: string }[];
  failed: { name: string; error: { code: ErrorCode; message: string } }[];
}
export interface ComparisonResult {
  schema: 'offaxis.comparison/1';
  base: string;
  tuned: string;
  parameters: ComparisonParameters;
  backend: BackendInfo;
  tensors: ComparisonTensor[];
  skipped: { name: string; reason: string }[];
  unpaired: { baseOnly: string[]; tunedOnly: string[] };
  summary: ComparisonSummary;
}

export interface InspectionTensor {
  name: string;
  layer: number | null;
  module: string;
  dtype: string;
  shape: number[];
  sizeBytes: number;
  stats?: ElementStats & { histogram: Histogram | null };
  spectrum?: SpectrumMetrics;
  singularValues?: number[];
}
export interface InspectionResult {
  schema: 'offaxis.inspection/1';
  path: string;
  problems: Problem[];
  metadata: Record<string, string>;
  memory: MemoryEstimate & { context?: { tokens: number; cacheBytes: number } };
  tensors: InspectionTensor[];
  summary: {
    tensors: number;
    parameters: number;
    sizeBytes: number;
    dtypes: Record<string, number>;
    shards: number;
    missing: number;
  };
}
