/** Messages between the extension host and the two webviews. The host pushes state; the webview keeps UI state only. */
import type { ComparisonPlan, MatrixDetail, TensorSpectrum, TensorStatistics } from './engine.ts';
import type { MatrixReply, MatrixRequest } from './matrix.ts';
import type { Digest, Finding, ScanCoverage } from './health.ts';
import type {
  AdapterUpdate,
  BackendInfo,
  ComparisonParameters,
  ComparisonSummary,
  ComparisonTensor,
} from './results.ts';
import type { WireError } from './errors.ts';
import type { PagePlan } from './forPage.ts';
import type { PackedFacts } from './packedFacts.ts';

export interface Progress {
  phase: 'statistics' | 'change' | 'alignment' | 'spectra';
  done: number;
  total: number;
  secondsLeft: number | null;
}

/** A checkpoint's files are not those any more that were read. Times in milliseconds since 1970. */
export interface DiskChange {
  kind: 'changed' | 'deleted';
  /** the file's name; the first one of several */
  file: string;
  at: number;
  /** what is shown was read then */
  readAt: number;
}

/** A scan for problems: under way, or what it found. */
export interface ScanRun {
  state: 'running' | 'done' | 'cancelled' | 'failed';
  /** the worst of them, as many as a page lists; `findingsLeftOut` counts the rest */
  findings: Finding[];
  findingsLeftOut: number;
  /** once it is done */
  coverage: ScanCoverage | null;
  /** bytes */
  done: number;
  total: number;
  secondsLeft: number | null;
  error: WireError | null;
}
/** SHA-256 under way: of a tensor, or of every file (null). */
export interface DigestRun {
  tensor: string | null;
  /** bytes */
  done: number;
  total: number;
  /** why there is none; the run has then ended */
  message: string | null;
}
// ---------- pictures of both pages ----------
/** `svg-white`: with the colours of white paper */
export type PictureAction = 'svg' | 'svg-white' | 'png' | 'tsv';
export type PictureToView =
  /** chosen in the context menu of the picture with this id */
  { type: 'picture'; picture: string; action: PictureAction };
export type PictureFromView =
  /** `data`: SVG text, or a PNG in base64 */
  | { type: 'savePicture'; name: string; format: 'svg' | 'png'; data: string }
  | { type: 'copyText'; text: string; what: string };

// ---------- the glossary of both pages ----------
export type DefinitionFromView =
  /** opens METRICS.md at this heading */
  { type: 'definition'; heading: string };

// ---------- inspector ----------
export type InspectorToView =
  /** `remote`: its bytes come over a network, so values are read only when the reader asks */
  | { type: 'facts'; facts: PackedFacts; baseSelected: string | null; remote?: true }
  | { type: 'statistics'; values: TensorStatistics[] }
  | { type: 'spectra'; values: TensorSpectrum[] }
  /** what an adapter does by itself, all of it */
  | { type: 'updates'; values: AdapterUpdate[] }
  | { type: 'failed'; name: string; error: WireError }
  | { type: 'progress'; progress: Progress | null }
  | { type: 'cancelled'; done: number; total: number }
  | { type: 'error'; error: WireError }
  /** null: what is on disk is what was read */
  | { type: 'disk'; change: DiskChange | null }
  /** values and pictures of one tensor */
  | { type: 'matrix'; reply: MatrixReply }
  | { type: 'scan'; run: ScanRun }
  | { type: 'digests'; values: Digest[]; run: DigestRun | null }
  | { type: 'reveal'; tensor: string }
  | PictureToView;
export type InspectorFromView =
  | PictureFromView
  | DefinitionFromView
  | { type: 'ready' }
  /** statistics of the tensors on show (visible rows and the selected one); cheap, answered as they come */
  | { type: 'statistics'; tensors: string[] }
  /** norms and spectra of an adapter's updates */
  | { type: 'updates' }
  /** spectra of these tensors; empty: all block matrices ("Analyze Spectra") */
  | { type: 'spectra'; tensors: string[] }
  | { type: 'cancel' }
  | { type: 'matrix'; request: MatrixRequest }
  | { type: 'scan' }
  | { type: 'cancelScan' }
  /** SHA-256 of a tensor, or of every file (null) */
  | { type: 'digest'; tensor: string | null }
  | { type: 'cancelDigest' }
  | { type: 'copy'; text: string }
  | { type: 'compareWithBase' }
  /** of a shard: the checkpoint that it is a part of */
  | { type: 'openWhole' }
  | { type: 'retry' }
  | { type: 'showLog' };

// ---------- comparison ----------
export interface ComparisonState {
  base: string;
  tuned: string;
  /** short names to show: the parts of the two paths that differ */
  baseName: string;
  tunedName: string;
  parameters: ComparisonParameters;
  commandLine: string;
  /** planning: reading headers; planned: waits for Start; running; cancelled; done; failed */
  phase: 'planning' | 'planned' | 'running' | 'cancelled' | 'done' | 'failed';
  plan: ComparisonPlan | null;
  backend: BackendInfo | null;
  progress: Progress | null;
  error: WireError | null;
  /** one quiet line, once a machine: why the CPU computes although a GPU was looked for */
  notice: string | null;
  summary: ComparisonSummary | null;
}
/** What changes seldom: the rest of the state is sent as it comes. */
export type ComparisonStatus = Omit<ComparisonState, 'plan' | 'progress' | 'summary'>;
/** Each message stands for one thing and is sent when that has become another one. */
export type ComparisonToView =
  /** null: what is on disk is what was read */
  | { type: 'disk'; base: DiskChange | null; tuned: DiskChange | null }
  | { type: 'matrix'; reply: MatrixReply }
  /** nothing is known any more; everything there is follows */
  | { type: 'reset' }
  | { type: 'state'; state: ComparisonStatus }
  /** its first pairs; `more` of them follow in messages of their own */
  | { type: 'plan'; plan: PagePlan | null; more: number }
  | { type: 'pairs'; pairs: ComparisonPlan['pairs'] }
  | { type: 'progress'; progress: Progress | null }
  /** of what is there so far */
  | { type: 'summary'; summary: ComparisonSummary | null }
  /** beside what was sent before */
  | {
      type: 'results';
      tensors: ComparisonTensor[];
      details: MatrixDetail[];
      failed: { name: string; error: WireError }[];
    }
  /** selects the cell of this tensor or part */
  | { type: 'reveal'; name: string }
  /** the whole comparison as one picture: answered by `savePicture` */
  | { type: 'figure'; white: boolean }
  | PictureToView;
/** What a reader may set for a comparison. */
export type ParameterChange = Partial<
  Pick<ComparisonParameters, 'alpha' | 'maskRank' | 'angleRank' | 'includeEmbeddings' | 'twin'>
>;
export type ComparisonFromView =
  | PictureFromView
  | DefinitionFromView
  | { type: 'ready' }
  /** the files have changed: everything anew */
  | { type: 'reload' }
  | { type: 'matrix'; request: MatrixRequest }
  | { type: 'start' }
  /** compares anew with these, or shows what was computed with them */
  | { type: 'parameters'; change: ParameterChange }
  /** the whole spectra beside what is there */
  | { type: 'computeSpectra' }
  /** another checkpoint on this side: a comparison of its own */
  | { type: 'choose'; side: 'base' | 'tuned' }
  /** the other way round: a comparison of its own */
  | { type: 'swap' }
  | { type: 'cancel' }
  | { type: 'resume' }
  | { type: 'retry'; name?: string }
  | { type: 'prioritize'; name: string }
  | { type: 'export' }
  | { type: 'exportReport' }
  | { type: 'exportFigure' }
  | { type: 'copyCommandLine' }
  | { type: 'chooseAnother' }
  /** the CPU for the rest of the session, and what is left again */
  | { type: 'useCpu' }
  /** asks for a further tuned checkpoint of this base: both beside each other on a page of their own */
  | { type: 'addRun' }
  /** a checkpoint dragged onto the page: a further tuned one of the same base, on a page of several */
  | { type: 'dropped'; uri: string }
  | { type: 'showGpuInformation' }
  | { type: 'dismissNotice' }
  | { type: 'openTensor'; side: 'base' | 'tuned'; name: string }
  | { type: 'showLog' };
