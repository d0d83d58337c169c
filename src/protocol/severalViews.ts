/**
 * Messages between the extension host and the page of several checkpoints of one base: runs beside each other, or the steps of one run.
 * What the page shows are parts of the JSON results `offaxis.runs/1` and `offaxis.steps/1`, as they come. A run's number is its place in
 * `SeveralState.runs`, ascending steps.
 */
import type { AdapterFacts } from './adapter.ts';
import type { ComparisonPlan } from './engine.ts';
import type { WireError } from './errors.ts';
import type { BackendInfo, ComparisonParameters, ComparisonTensor, Problem } from './results.ts';
import type { MatrixPlace, RunsResult, StepsResult } from './several.ts';
import type { ComparisonState, DefinitionFromView, ParameterChange, PictureFromView, PictureToView } from './views.ts';

/** A tuned checkpoint as the page names it. */
export interface ShownRun {
  /** short and telling the runs apart: "rl", "step 200" */
  name: string;
  path: string;
  /** null of runs */
  step: number | null;
}
/** A step of the watched folder that is in no figure yet. */
export interface NewStep {
  step: number;
  path: string;
  /** why it can't be read yet: it is still being written; null: it is complete */
  waiting: string | null;
}
/** The folder of a page of steps, which is watched for new ones. */
export interface FollowedFolder {
  folder: string;
  /** a step that is complete is computed at once; else when `include` asks for it */
  on: boolean;
  /** ascending */
  fresh: NewStep[];
}
/** What changes seldom. */
export interface SeveralState {
  kind: 'runs' | 'steps';
  base: string;
  baseName: string;
  /** the base's own step, of steps; else null */
  baseStep: number | null;
  runs: ShownRun[];
  parameters: ComparisonParameters;
  commandLine: string;
  /** as of a comparison: planned waits for `start`; cancelled and failed keep what came */
  phase: ComparisonState['phase'];
  backend: BackendInfo | null;
  error: WireError | null;
  /** null of runs, and of steps that were named one by one */
  follow: FollowedFolder | null;
}
/** A tensor that some run pairs with the base. */
export interface SeveralTensor extends MatrixPlace {
  /** has spectra, and rows in the results */
  spectral: boolean;
  /** runs that lack it; none if absent */
  lacking?: number[];
}
/** What will be computed, before it is. */
export interface SeveralPlan {
  /** in the order of the table */
  tensors: SeveralTensor[];
  /** tensors left out on the way to the page, for the length of their names */
  leftOut: number;
  layers: number;
  /** of all runs together */
  cost: ComparisonPlan['cost'];
  /** of all runs, each once; a message begins with the names of the runs that it is of, if that is not all of them */
  problems: Problem[];
  /** left out on the way to the page */
  moreProblems: number;
  /** of each run: it is the base with this in it, or null */
  adapters: (AdapterFacts | null)[];
  /** of each run: matrices of the blocks that its adapter leaves as they are */
  untouched: { layer: number; module: string }[][];
}
/** Rows of the result of the page's kind. */
export type SeveralRows =
  { kind: 'runs'; rows: RunsResult['tensors'] } | { kind: 'steps'; rows: StepsResult['tensors'] };
/** The result without its rows, and without its sentences, which the page makes in its own language. */
export type SeveralModel = Omit<RunsResult, 'tensors' | 'answer'> | Omit<StepsResult, 'tensors' | 'answer'>;
export interface SeveralProgress {
  /** tensors, each of all runs */
  done: number;
  total: number;
  secondsLeft: number | null;
}

/** Each message stands for one thing and is sent when that has become another one. */
export type SeveralToView =
  /** nothing is known any more (other runs, other parameters); everything there is follows */
  | { type: 'reset' }
  | { type: 'state'; state: SeveralState }
  /** its first tensors; `more` of them follow in messages of their own */
  | { type: 'plan'; plan: SeveralPlan; more: number }
  | { type: 'tensors'; tensors: SeveralTensor[] }
  | { type: 'progress'; progress: SeveralProgress | null }
  /** beside what was sent before; what comes twice replaces */
  | {
      type: 'results';
      /** each run against the base, tensor by tensor: the maps beside each other */
      comparisons: { run: number; tensor: ComparisonTensor }[];
      /** the runs beside each other, matrix by matrix */
      agreement: SeveralRows;
      failed: { run: number; name: string; error: WireError }[];
    }
  /** of what is there so far; the whole once the phase is "done" */
  | { type: 'model'; model: SeveralModel | null }
  | PictureToView;

export type SeveralFromView =
  | PictureFromView
  | DefinitionFromView
  | { type: 'ready' }
  /** of a page that is "planned" */
  | { type: 'start' }
  | { type: 'cancel' }
  /** goes on without what is done */
  | { type: 'resume' }
  /** what failed again; of files that have changed, everything anew */
  | { type: 'retry' }
  | { type: 'parameters'; change: ParameterChange }
  /** asks for a further tuned checkpoint: of runs; it joins this page */
  | { type: 'addRun' }
  /** a checkpoint dragged onto the page: likewise */
  | { type: 'dropped'; uri: string }
  /** leaves this one out, here and not on disk */
  | { type: 'removeRun'; run: number }
  /** computes with these steps, which are complete; the page begins anew with them */
  | { type: 'include'; steps: number[] }
  | { type: 'follow'; on: boolean }
  /** an ordinary comparison in a panel of its own; null: the base. `tensor`: the matrix to show in it */
  | { type: 'openPair'; from: number | null; to: number; tensor?: string }
  /** the inspector, at a tensor; null: of the base */
  | { type: 'openTensor'; run: number | null; name: string }
  /** asks where to, and writes the JSON */
  | { type: 'export' }
  | { type: 'copyCommandLine' }
  | { type: 'showLog' };
