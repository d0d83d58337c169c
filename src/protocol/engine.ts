/** What the engine offers to the extension host. Streams end with `return`; every call takes an AbortSignal on the client side. */
import type { AdapterFacts } from './adapter.ts';
import type {
  AdapterUpdate,
  BackendInfo,
  ComparisonParameters,
  ComparisonTensor,
  ElementStats,
  Histogram,
  Problem,
  QuantisationFacts,
  SpectrumMetrics,
} from './results.ts';
import type { WireError } from './errors.ts';
import type { PackedFacts } from './packedFacts.ts';
import type { Inputs, Shard } from './part.ts';
import type { GpuReport } from './gpu.ts';
import type { DigestEvent, MemoryEstimate, ScanEvent } from './health.ts';
import type { MaskEvent, MaskRequest } from './mask.ts';
import type { UpdatePairEvent } from './updatePair.ts';
import type { SeveralEvent, SeveralRequest } from './several.ts';
import type { VerifyEvent, VerifyRequest } from './verify.ts';
import type { ExportEvent, ExportRequest, PictureEvent, PictureRequest, ValuesBlock, ValuesRequest } from './matrix.ts';

/** One row of the inspector's table. */
export interface TensorRow {
  name: string;
  layer: number | null;
  module: string;
  dtype: string;
  shape: number[];
  sizeBytes: number;
  /** file name within the checkpoint; byte offset in it; null if the shard is missing */
  file: string;
  offset: number | null;
  missing: boolean;
  /** a weight that belongs to the transformer blocks, an embedding or head, or bookkeeping */
  role: 'block' | 'embedding' | 'head' | 'norm' | 'bookkeeping' | 'other';
  /** has a spectrum: floating, 2-D (or a stack of 2-D), both sides >= 2 */
  spectral: boolean;
  /** stored [in, out] (GPT-2's Conv1D): its matrix is the transpose; absent if nothing tells, which is [out, in] until a pair tells */
  transposed?: boolean;
  /** [E, a, b] of a mixture of experts, told by config.json or by the router beside it if the name does not say so */
  stack?: true;
  /** The entry holds codes: `shape`, `module`, `role` and `spectral` are those of the weight that they and their scales make. */
  quantised?: QuantisedRow;
}
export interface QuantisedRow {
  /** name of the entry with the codes */
  codes: string;
  /** name of the weight in the model: "…q_proj.weight" for "…q_proj.qweight" */
  weight: string;
  /** "FP8", "GPTQ" */
  kind: string;
  /** of a code; 0 if it is not known */
  bits: number;
  /** "blocks of 128", "one scale a row"; null if it is not known */
  group: string | null;
  /** of the entry in the file */
  storedShape: number[];
  /** how many weights the codes stand for; null if it is not known */
  parameters: number | null;
  /** why its values cannot be made, or null; `shape` is then that of the codes */
  reason: string | null;
}
export interface ModelConfig {
  modelType: string | null;
  layers: number | null;
  hiddenSize: number | null;
  attentionHeads: number | null;
  keyValueHeads: number | null;
  headDim: number | null;
  /** of the tower beside a language model; absent if it has none */
  vision?: Pick<ModelConfig, 'attentionHeads' | 'keyValueHeads' | 'headDim'>;
}
export interface CheckpointFacts {
  path: string;
  /** "safetensors, one file", "safetensors, 4 shards", "folder" ... */
  format: string;
  sizeBytes: number;
  headerBytes: number;
  /** as the model has them; null if a quantised tensor does not say how many weights it stands for */
  parameters: number | null;
  /** how its weights are quantised, the kind of most weights first; [] if they are not */
  quantisation: QuantisationFacts[];
  /** tensors of each type, those of missing shards left out */
  dtypes: Record<string, number>;
  shards: { file: string; sizeBytes: number | null; missing: boolean }[];
  /** of one shard by itself: the path that opens the checkpoint which it belongs to, if that is there */
  whole?: string;
  metadata: Record<string, string>;
  /** entries of the metadata that were left out on the way to a page; none if absent */
  metadataLeftOut?: number;
  /** problems, the least of them, and tensors, for the length of their names, that were left out on that way */
  problemsLeftOut?: number;
  tensorsLeftOut?: number;
  config: ModelConfig | null;
  /** null if it holds weights */
  adapter: AdapterFacts | null;
  problems: Problem[];
  memory: MemoryEstimate;
  tensors: TensorRow[];
}
export interface TensorStatistics {
  name: string;
  stats: ElementStats;
  histogram: Histogram | null;
}
export interface TensorSpectrum {
  /** name of the matrix: the tensor's, with #q, #k, #v, #gate, #up or an expert's number for a part */
  name: string;
  tensor: string;
  metrics: SpectrumMetrics;
  /** descending */
  singularValues: number[];
  /** Marchenko-Pastur edge on the scale of s (not s^2), and m, n */
  mpEdge: number | null;
  rows: number;
  columns: number;
  elapsedMs: number;
  reasons: string[];
}
export type InspectionEvent =
  | { type: 'statistics'; value: TensorStatistics }
  | { type: 'update'; value: AdapterUpdate }
  | { type: 'spectrum'; value: TensorSpectrum }
  | { type: 'failed'; name: string; error: WireError }
  | { type: 'progress'; done: number; total: number; secondsLeft: number | null };

/** Left-out tensors that are named. */
export const MAX_NAMED_MISSING = 3;
/** How much of the base a comparison covers: of its tensors that are weights, those compared whole, and of the numbers in them. */
export interface Coverage {
  tensors: { compared: number; all: number };
  weights: { compared: number; all: number };
  /** the largest of what is left out, largest first, and why */
  missing: { name: string; reason: string }[];
}
/** What a comparison will do, before it is done. */
export interface ComparisonPlan {
  /** the same for the same files, parameters and backend; another one if any of them is */
  id: string;
  /** another one if a file of either side is */
  files: string;
  base: string;
  tuned: string;
  /** every pair, in the order of the table; spectral ones are the cells of the heatmap */
  pairs: {
    name: string;
    layer: number | null;
    module: string;
    shape: readonly number[];
    dtype: { base: string; tuned: string };
    spectral: boolean;
    reason?: string;
  }[];
  skipped: { name: string; reason: string }[];
  unpaired: { baseOnly: string[]; tunedOnly: string[] };
  coverage: Coverage;
  /** the tuned side is the base with this in it; null if it holds weights */
  tunedAdapter: AdapterFacts | null;
  /** where the matrices of the blocks lie that the adapter leaves as they are, one entry each; absent without an adapter */
  untouched?: { layer: number; module: string }[];
  layers: number;
  cost: {
    bytesToRead: number;
    /** the most that comes from remote addresses, but for headers and the rounding of stretches to whole blocks; what is kept here already does not travel again */
    bytesToTravel: number;
    weights: number;
    matrices: number;
    flops: number;
    /** the same with whole spectra; absent if these are planned, or no spectra at all */
    wholeFlops?: number;
    peakBytes: number;
  };
  heads: { attention: number; keyValue: number } | null;
  problems: Problem[];
}
/** Curves behind one cell; kept by the engine, sent with the result of the matrix. */
export interface MatrixDetail {
  name: string;
  baseSingularValues: number[];
  tunedSingularValues: number[];
  updateSingularValues: number[];
  /** degrees, ascending */
  anglesU: number[];
  anglesV: number[];
  rowDensity: number[];
  columnDensity: number[];
}
export type ComparisonEvent =
  | { type: 'plan'; plan: ComparisonPlan; backend: BackendInfo }
  | { type: 'change'; tensor: ComparisonTensor }
  | { type: 'matrix'; tensor: ComparisonTensor; detail: MatrixDetail }
  | { type: 'failed'; name: string; error: WireError }
  | {
      type: 'progress';
      phase: 'change' | 'alignment' | 'spectra';
      done: number;
      total: number;
      secondsLeft: number | null;
    };

export interface CompareRequest {
  /** chosen by the caller, for `prioritize` */
  runId: string;
  base: string;
  tuned: string;
  parameters: ComparisonParameters;
  /** names already computed (a resumed run): left out of the work */
  done?: string[];
  /** id of the plan that the caller has: that one is not sent again */
  known?: string;
  /** only the pairs of this part are compared; the plan is of all */
  shard?: Shard;
}
/** Tensors of one module, type and shape. */
export type ModuleGroup = Pick<TensorRow, 'module' | 'missing' | 'dtype' | 'shape' | 'role'> & {
  tensors: number;
  /** ascending */
  layers: number[];
};
export interface ModuleList {
  groups: ModuleGroup[];
  /** of them, listed or not */
  total: number;
}
/** How much of a checkpoint may be read to open it. */
export interface OpenLimits {
  /** of the index and all headers together, bytes */
  headerBytes: number;
  milliseconds: number;
}
/** Two checkpoints and what pairs of them: the engine holds a comparison open under it. */
export type ComparedCheckpoints = { base: string; tuned: string } & Pick<
  ComparisonParameters,
  'includeEmbeddings' | 'tensors'
>;
/** Where a picture's weights come from: one checkpoint for its values, two for what changed between them. */
export type PictureCheckpoints = { path: string } | ComparedCheckpoints;
/** What lets a process in at remote addresses. It goes through the process's own pipe, and stands in no argument, variable or log. */
export interface RemoteAccess {
  /** of the Hugging Face Hub, for its own origin alone; null: HF_TOKEN, if that is set */
  hubToken: string | null;
  /** those with a signature or a login in them, as they were typed */
  addresses: readonly string[];
}

/** Methods that answer once. */
export interface EngineCalls {
  /** in place of what was known before; it holds for every request behind it */
  access(params: RemoteAccess): null;
  /** the checkpoints at a remote address, each as an address that opens; a branch of the Hub as the commit that it is now */
  locate(params: { address: string }): readonly string[];
  info(params: Record<string, never>): BackendInfo & { version: string; pid: number; node: string; gpu: GpuReport };
  /** for people: what GPU there is, whatever the choice */
  gpu(params: Record<string, never>): GpuReport;
  /** `limits`: for who must not wait; beyond them it throws bad-file (too large) or read-failed (too slow) */
  open(params: { path: string; limits?: OpenLimits; deltaBase?: string }): PackedFacts;
  plan(params: { base: string; tuned: string; parameters: ComparisonParameters }): ComparisonPlan;
  /** `tensors`: a glob over names, null for all; at most `most` groups are listed */
  modules(params: { path: string; tensors: string | null; most: number }): ModuleList;
  /** what tells that another machine compares the same files */
  inputs(params: ComparedCheckpoints): Inputs;
  /** the comparison is not open any more: its headers need not be kept */
  letGo(params: ComparedCheckpoints): null;
  /** moves a matrix to the front of a running comparison's queue */
  prioritize(params: { runId: string; name: string }): null;
  /** whether every update of this checkpoint, an adapter, is known without its base */
  isKnownAlone(params: { path: string }): boolean;
  /** a rectangle of a plane of a tensor, at most MAX_VALUES values */
  values(params: { path: string } & ValuesRequest): ValuesBlock;
}
/** What the engine says unasked. */
export type EngineNotice =
  /** true while the GPU is looked for or works: a crash then is the device's */
  { type: 'gpu'; busy: boolean } | { type: 'log'; level: 'info' | 'warn'; text: string };

/** Methods that answer with a stream. */
export interface EngineStreams {
  /** for as long as the process lives */
  watch(params: Record<string, never>): EngineNotice;
  /** statistics and spectra of the named tensors (all when empty), and what an adapter's named factors do to the weights of a base */
  inspect(params: {
    path: string;
    /** of a delta: what it was made on; without one the delta itself is looked at */
    deltaBase?: string;
    tensors: string[];
    statistics: boolean;
    spectra: boolean;
    updates?: true;
    includeEmbeddings: boolean;
  }): InspectionEvent;
  compare(params: CompareRequest): ComparisonEvent;
  /** two updates of one base beside each other; `base` null: as far as they are known without it */
  updatePairs(params: { one: string; other: string; base: string | null }): UpdatePairEvent;
  /** problems of the header and of the values; reads every tensor */
  scan(params: { path: string }): ScanEvent;
  /** whether two checkpoints hold the same weights; reads both whole */
  verify(params: VerifyRequest): VerifyEvent;
  /** several tuned checkpoints of one base */
  several(params: SeveralRequest): SeveralEvent;
  /** SHA-256 of every file, of the named tensors or of all */
  digest(params: { path: string; files: boolean; tensors: string[] | 'all' }): DigestEvent;
  /** a downsampled rectangle of one matrix, or of the difference of a pair */
  picture(params: PictureRequest & { checkpoints: PictureCheckpoints }): PictureEvent;
  /** masks of weights into a file of their own */
  mask(params: MaskRequest): MaskEvent;
  /** one tensor into a file of its own; never into a checkpoint */
  exportTensor(params: ExportRequest): ExportEvent;
}
