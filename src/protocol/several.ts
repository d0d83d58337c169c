/** Several checkpoints of one base (METRICS D): what the engine streams, and the JSON that is made of it. */
import type { AgreementFigures, AgreementSource, PathFigures, PathSource } from '../metrics/severalCatalog.ts';
import type { ComparisonEvent } from './engine.ts';
import type {
  BackendInfo,
  ChangeMetrics,
  ComparisonAnswer,
  ComparisonParameters,
  ComparisonSummary,
  UpdateMetrics,
} from './results.ts';

export interface SeveralRequest {
  base: string;
  /** two or more, or one with `steps` */
  tuned: readonly string[];
  parameters: ComparisonParameters;
  /** of each tuned checkpoint, ascending, and of the base, if they are steps of one run */
  steps: { start: number; steps: readonly number[] } | null;
  /** tensors that are finished already (a resumed run): left out of the work */
  done?: readonly string[];
}
/** Where a matrix stands. */
export interface MatrixPlace {
  name: string;
  layer: number | null;
  module: string;
  shape: readonly number[];
}
/** Sums of one matrix over the runs that hold it, of which the figures are made. */
export interface AgreementOfRuns extends MatrixPlace {
  /** places i < j in the order of the request */
  pairs: { i: number; j: number; source: AgreementSource; reasons: string[] }[];
  /** weights changed by exactly 0 .. N runs, and expected of independent ones if they have nulls; null if a run lacks the matrix */
  consensus: { counts: number[]; expected: number[] | null } | null;
  /** of steps; null if one of them lacks the matrix */
  path: PathSource | null;
  /** why figures of the path are null, one sentence each */
  reasons: string[];
}
/** `run`: place in the order of the request. */
export type SeveralEvent =
  | { type: 'run'; run: number; event: Exclude<ComparisonEvent, { type: 'progress' }> }
  | { type: 'agreement'; value: AgreementOfRuns }
  /** a matrix whose runs can't be put beside each other */
  | { type: 'skipped'; run: number; name: string; reason: string }
  /** every event of this tensor has come */
  | { type: 'finished'; name: string }
  | { type: 'progress'; done: number; total: number; secondsLeft: number | null };

export type RunPair = { i: number; j: number } & AgreementFigures & { reasons: string[] };
interface SeveralResult {
  base: string;
  parameters: ComparisonParameters;
  backend: BackendInfo;
  /** of each run against the base */
  comparisons: ComparisonSummary[];
  skipped: { run: number; name: string; reason: string }[];
  unpaired: { run: number; baseOnly: string[]; tunedOnly: string[] }[];
  answer: ComparisonAnswer;
}
export interface RunsResult extends SeveralResult {
  schema: 'offaxis.runs/1';
  runs: { name: string; path: string }[];
  model: {
    pairs: RunPair[];
    /** weights of the matrices that all runs hold, changed by exactly 0 .. N of them; beside it of independent runs, or null */
    consensus: number[];
    consensusNull: number[] | null;
  };
  tensors: (MatrixPlace & { pairs: RunPair[] })[];
}
type Figures = ChangeMetrics & UpdateMetrics;
type NumberId = { [Id in keyof Figures]: Figures[Id] extends number | null ? Id : never }[keyof Figures];
/** Figures of section B, a value for every step; absent if no step has it. */
export type StepSeries = Partial<Record<Exclude<NumberId, keyof PathFigures>, (number | null)[]>>;
export interface StepsResult extends SeveralResult {
  schema: 'offaxis.steps/1';
  steps: { step: number; path: string }[];
  model: PathFigures;
  tensors: (MatrixPlace & PathFigures & StepSeries & { reasons: string[] })[];
}
