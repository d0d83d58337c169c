/**
 * The results that leave the engine: the JSON of the command line, of the export and of the panels. Figures and their ids are those of
 * the catalog (METRICS.md); `null` means undefined for this tensor, and `reasons` says why.
 */
import type { FiguresOf, MaskPrefix, Range } from '../metrics/catalog.ts';
import type { AdapterFacts } from './adapter.ts';
import type { BackendInfo, Recomputed } from './backend.ts';
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
export type ElementStats = FiguresOf<'elements'>;
/** 64 equal bins from min to max of the finite entries, the last one closed. */
export interface Histogram {
  min: number;
  max: number;
  counts: number[];
}
/** Section A, spectral. All null if the tensor is not finite. */
export type SpectrumMetrics = FiguresOf<'spectrum'>;
export type { MaskPrefix, Range };
/** Section B, elementwise: every pair of floating tensors of one shape has these. */
export type ChangeMetrics = FiguresOf<'change'>;
/** Section B, spectral: block matrices only. */
export type UpdateMetrics = FiguresOf<'update'>;
/** The figures of section B of (W0, T), T the noise twin of W1: those that W1 has. */
export type TwinMetrics = ChangeMetrics & Partial<UpdateMetrics>;
/**
 * What the metrics of one pair of tensors look like; spectral fields are absent for elementwise-only tensors and under `--until change`,
 * those that need whole spectra under `--until alignment`.
 */
export type ComparisonMetrics = ChangeMetrics &
  Partial<UpdateMetrics> &
  // only with profiles
  Partial<FiguresOf<'profile'>> & {
    base: Partial<ElementStats & SpectrumMetrics>;
    tuned: Partial<ElementStats & SpectrumMetrics>;
    /** only if the twin was asked for; null without an update, or if a side is not finite */
    twin?: TwinMetrics | null;
  };
/** What a figure needs said beside it. */
export type Flag =
  'base-cast' | 'no-null' | 'below-resolution' | 'not-finite' | 'no-update' | 'zero-base' | 'ill-defined';

export interface ComparisonTensor {
  name: string;
  layer: number | null;
  /** column of the heatmap: "self_attn.q_proj"; experts keep their number in `name` only */
  module: string;
  shape: readonly number[];
  dtype: { base: string; tuned: string };
  metrics: ComparisonMetrics;
  flags: Flag[];
  /** why spectral metrics are absent or null, one sentence each */
  reasons: string[];
  elapsedMs: number;
  /** how the quantised side is quantised, or both: "FP8, blocks of 128"; absent if neither is */
  quantised?: string;
  /** which backend computed the spectral part */
  computedOn?: 'cpu' | 'gpu' | 'reference';
  /** absent if nothing was */
  recomputed?: Recomputed[];
}
export type { BackendInfo, Recomputed };
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
  /**
   * how far a comparison goes: false ends with the change of the weights, 'leading' with what the leading triplets of W0 and D say (both
   * views of alignment), true is all
   */
  spectra: boolean | 'leading';
  profiles: boolean;
  /** the figures of noise of the same size beside each matrix's */
  twin: boolean;
  /** of the noise, a whole number from 0 to 2^53 - 1 */
  twinSeed: number;
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
  twin: false,
  twinSeed: 0,
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
  /** compared over all weights of the base, 0 to 1; null if it has none, or of a part */
  coverage: number | null;
  unchangedBf16: number | null;
  unchangedRelative: number | null;
  unchangedAbsolute: number | null;
  updateDensity: number | null;
  /** block matrices with spectral metrics, of how many planned */
  matrices: { done: number; planned: number };
  /** by metric id */
  metrics: Record<string, Aggregate>;
  /** weighted by energy, beside the plain means; null without a value */
  model: { relativeUpdate: number | null; updateTop1Share: number | null };
  /** over the tensors with a quantised side: how most are quantised, and what it lost; null if there are none */
  quantisation: { text: string; tensors: number; relativeUpdate: number | null; sqnr: number | null } | null;
  /** whether this is the base of that: medians over the block matrices */
  lineage: { verdict: 'tuned' | 'rotated' | 'unrelated' | 'apart' | null; cosine: number | null; nss: number | null };
  /** share of sum norm_F(D)^2 that each holds; layer null: outside the layers */
  layers: { layer: number | null; updateShare: number | null }[];
  /** the same, with how many block matrices have spectra, and their figures as in `metrics` */
  modules: { module: string; updateShare: number | null; matrices: number; metrics: Record<string, Aggregate> }[];
  maskVerdicts: Record<Verdict, number>;
  /** null if no matrix has its whole spectrum */
  wedinVacuous: number | null;
  /** tensors compared elementwise only, with the reason */
  elementwiseOnly: { name: string; reason: string }[];
  failed: { name: string; error: { code: ErrorCode; message: string } }[];
}
/** `guard`: said in place of everything else; `size`: how much and where; `quiet`: like noise, too small to say, or absent. */
export type AnswerKind = 'guard' | 'size' | 'finding' | 'quiet';
/** Which question it answers: how much, where it points, whether the spectrum moved; of several runs, whether they agree; of steps, how. */
export type AnswerTab = 'size' | 'where' | 'spectrum' | 'agree' | 'path';
export interface AnswerClause {
  /** stable, in kebab-case: "concentrated", "spectrum-further" */
  code: string;
  kind: AnswerKind;
  text: string;
  /** the figures that it rests on, if its text does not hold them; and what noise, chance or rounding gives */
  value: string | null;
  noise: string | null;
  tab: AnswerTab;
  /** id of a metric that shows it, or null */
  figure: string | null;
  /** names of the matrices that it speaks of; null: all */
  matrices: string[] | null;
}
/** What the comparison says, in English. */
export interface ComparisonAnswer {
  /** all of it, as the command line prints it; empty if not every tensor's change is known */
  text: string;
  /** what does not clear noise stands in the last one */
  sentences: AnswerClause[][];
  /** what the sentences leave open, and why */
  notes: string[];
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
  /** the tuned side is the base with this adapter in it; null if it holds weights */
  tunedAdapter: AdapterFacts | null;
  answer: ComparisonAnswer;
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
/** What an adapter alone does to one weight: norms and spectrum of its D, from the core between its factors (METRICS F). */
export interface AdapterUpdate {
  /** of the weight, by the adapter's name for its module */
  name: string;
  layer: number | null;
  module: string;
  /** [out, in]; null on an axis that only the base tells */
  shape: [number | null, number | null];
  rank: number | null;
  scale: number | null;
  /** section A's figures of D; null if D is not known without the base */
  spectrum: SpectrumMetrics | null;
  /** those that the factors allow, descending; all others are 0 */
  singularValues: number[];
  /** why there are no figures */
  reasons: string[];
}
/** An adapter by itself, all modules together; sums are over those whose D is known. */
export interface AdapterUpdates {
  /** sqrt of the sum of norm_F(D)^2; null if no D is known */
  updateNorm: number | null;
  /** modules whose D is not known without the base */
  unknown: number;
  matrices: (Omit<AdapterUpdate, 'singularValues'> & { updateShare: number | null; singularValues?: number[] })[];
  /** share of the sum of norm_F(D)^2 that each holds; layer null: outside the layers */
  layers: { layer: number | null; updateShare: number | null }[];
  modules: { module: string; updateShare: number | null; matrices: number }[];
}
/** Weights of one quantisation. */
export interface QuantisationFacts {
  /** "FP8", "GPTQ" */
  kind: string;
  /** of a code; null if it is not known */
  bits: number | null;
  /** "blocks of 128", "one scale a row"; null if it is not known */
  group: string | null;
  /** "GPTQ, 4 bits, groups of 128" */
  text: string;
  tensors: number;
  /** weights that the codes stand for; null if it is not known */
  parameters: number | null;
  /** of the codes; scales and the rest are bookkeeping beside them */
  storedBytes: number;
  /** why their values cannot be made, or null */
  reason: string | null;
}
export type Quantisation = QuantisationFacts & { others: QuantisationFacts[] };
export interface InspectionResult {
  schema: 'offaxis.inspection/1';
  path: string;
  problems: Problem[];
  /** null if it holds weights */
  adapter: AdapterFacts | null;
  /** what it does by itself; null if it holds weights, or statistics and spectra were not asked for */
  adapterUpdates: AdapterUpdates | null;
  metadata: Record<string, string>;
  memory: MemoryEstimate & { context?: { tokens: number; cacheBytes: number } };
  /** how its weights are quantised, the kind of most bytes first; null if they are not */
  quantisation: Quantisation | null;
  tensors: InspectionTensor[];
  summary: {
    tensors: number;
    parameters: number | null;
    sizeBytes: number;
    dtypes: Record<string, number>;
    shards: number;
    missing: number;
    /** matrices of which the spectrum is there, and all of which it was asked for; null if it was not asked for */
    spectra: { computed: number; all: number } | null;
  };
}
