/** What the host has sent of several checkpoints of one base, and what follows from it. No DOM. */
import type { Answer } from '../../src/answer/clause.ts';
import { expertOfMatrix } from '../../src/families/index.ts';
import { labelsOf, orderModules } from '../../src/families/labels.ts';
import { appendAll } from '../../src/protocol/lists.ts';
import type { WireError } from '../../src/protocol/errors.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import type { RunsResult, StepsResult } from '../../src/protocol/several.ts';
import type {
  SeveralModel as Result,
  SeveralPlan,
  SeveralProgress,
  SeveralState,
  SeveralTensor,
  SeveralToView,
} from '../../src/protocol/severalViews.ts';
import { hasSpectra } from '../../src/results/accumulator.ts';
import { runsInWords, stepsInWords } from '../../src/results/several.ts';
import { joined, tensorCell } from '../comparison/cells.ts';
import { membersAt, type Column, type Grid } from '../comparison/columns.ts';
import type { Metric } from '../comparison/metrics.ts';
import { MAX_COLUMNS, MAX_LAYERS } from '../comparison/model.ts';
import type { Known } from '../comparison/tabs.ts';
import type { CellValue } from '../shared/heatmap.ts';

type RunsModel = Extract<Result, { schema: 'offaxis.runs/1' }>;
export type StepsModel = Extract<Result, { schema: 'offaxis.steps/1' }>;
type RunsRow = RunsResult['tensors'][number];
export type StepsRow = StepsResult['tensors'][number];

const key = (layer: number, module: string): string => `${layer}\n${module}`;

export class SeveralModel implements Grid<SeveralTensor> {
  state: SeveralState | null = null;
  plan: SeveralPlan | null = null;
  progress: SeveralProgress | null = null;
  result: Result | null = null;
  /** of each run, by the names of the tensors */
  private readonly tensors: Map<string, ComparisonTensor>[] = [];
  private readonly failures: Map<string, WireError>[] = [];
  /** some matrix of some run has noise of the same size beside it, some change is too small for the grid */
  known: Known = { hasTwin: false, hasHidden: false };
  readonly runsRows = new Map<string, RunsRow>();
  readonly stepsRows = new Map<string, StepsRow>();
  /** matrices of the blocks: what the maps show */
  matrices: SeveralTensor[] = [];
  modules: string[] = [];
  labels = new Map<string, string>();
  layers: readonly number[] = [];
  /** some matrices are of one expert each */
  hasExperts = false;
  /** rises with everything that is heard */
  revision = 0;
  private members = new Map<string, SeveralTensor[]>();
  private untouched: ReadonlySet<string>[] = [];
  /** of the matrices */
  private names: ReadonlySet<string> = new Set();
  private held: number[] = [];
  private answered: { of: Result | null; answer: Answer | null } = { of: null, answer: null };

  get kind(): 'runs' | 'steps' {
    return this.state?.kind ?? 'runs';
  }
  get runs(): SeveralState['runs'] {
    return this.state?.runs ?? [];
  }
  get ofRuns(): RunsModel | null {
    return this.result?.schema === 'offaxis.runs/1' ? this.result : null;
  }
  get ofSteps(): StepsModel | null {
    return this.result?.schema === 'offaxis.steps/1' ? this.result : null;
  }

  apply(message: SeveralToView): void {
    this.revision++;
    switch (message.type) {
      case 'reset':
        return this.clear();
      case 'state':
        this.state = message.state;
        return;
      case 'plan':
        // a list of its own: more of it is put behind what came with the message
        this.plan = { ...message.plan, tensors: [...message.plan.tensors] };
        return this.readPlan();
      case 'tensors':
        if (this.plan) appendAll(this.plan.tensors, message.tensors);
        return this.readPlan();
      case 'progress':
        this.progress = message.progress;
        return;
      case 'model':
        this.result = message.model;
        return;
      case 'results':
        return this.merge(message);
      default:
        // of the page, not of the runs
        return;
    }
  }

  private clear(): void {
    this.plan = this.progress = this.result = null;
    this.tensors.length = this.failures.length = 0;
    this.known = { hasTwin: false, hasHidden: false };
    this.runsRows.clear();
    this.stepsRows.clear();
    this.readPlan();
  }
  private merge({ comparisons, agreement, failed }: SeveralToView & { type: 'results' }): void {
    for (const { run, tensor } of comparisons) {
      (this.tensors[run] ??= new Map()).set(tensor.name, tensor);
      if (hasSpectra(tensor)) this.failures[run]?.delete(tensor.name);
      this.learn(tensor);
    }
    for (const { run, name, error } of failed) (this.failures[run] ??= new Map()).set(name, error);
    if (agreement.kind === 'runs') for (const row of agreement.rows) this.runsRows.set(row.name, row);
    else for (const row of agreement.rows) this.stepsRows.set(row.name, row);
  }
  private readPlan(): void {
    const { plan } = this;
    this.matrices = (plan?.tensors ?? []).filter(({ spectral, layer }) => spectral && layer !== null);
    this.untouched = (plan?.untouched ?? []).map((of) => new Set(of.map(({ layer, module }) => key(layer, module))));
    this.names = new Set(this.matrices.map(({ name }) => name));
    this.held = this.runs.map((_, run) => this.matrices.filter(({ lacking }) => !lacking?.includes(run)).length);
    this.members = new Map();
    for (const matrix of this.matrices) {
      const place = key(matrix.layer ?? 0, matrix.module);
      const list = this.members.get(place);
      if (list) list.push(matrix);
      else this.members.set(place, [matrix]);
    }
    this.hasExperts = this.matrices.some(({ name }) => expertOfMatrix(name) !== null);
    this.modules = orderModules([...new Set(this.matrices.map(({ module }) => module))]).slice(0, MAX_COLUMNS);
    this.labels = labelsOf(this.modules);
    this.layers = [...new Set(this.matrices.map(({ layer }) => layer ?? 0))].sort((a, b) => a - b).slice(0, MAX_LAYERS);
  }

  /** The matrices of a cell: several if experts or parts share a column. */
  matricesAt(layer: number, module: string): readonly SeveralTensor[] {
    return this.members.get(key(layer, module)) ?? [];
  }
  ofLayer(layer: number): SeveralTensor[] {
    return this.modules.flatMap((module) => this.matricesAt(layer, module));
  }
  tensor(run: number, name: string): ComparisonTensor | undefined {
    return this.tensors[run]?.get(name);
  }
  failure(run: number, name: string): WireError | undefined {
    return this.failures[run]?.get(name);
  }
  /** Matrices of all runs that failed, and the first of them. */
  get failed(): { count: number; first: { run: number; name: string; error: WireError } | null } {
    const all = this.runs.flatMap((_, run) =>
      [...(this.failures[run] ?? [])].map(([name, error]) => ({ run, name, error })),
    );
    const failed = all.filter(({ name }) => this.names.has(name));
    return { count: failed.length, first: failed[0] ?? null };
  }
  /** Matrices that a run holds. */
  heldBy(run: number): number {
    return this.held[run] ?? 0;
  }
  /** Of those the ones whose figures are all there. */
  doneOf(run: number): number {
    return this.matrices.filter(({ name }) => {
      const tensor = this.tensor(run, name);
      return tensor !== undefined && this.isWhole(tensor);
    }).length;
  }
  private isWhole(tensor: ComparisonTensor): boolean {
    return hasSpectra(tensor) || this.state?.parameters.spectra === false;
  }
  /** As it comes: it is asked for with every drawing, and the tensors of all runs are hundreds of thousands. */
  private learn({ metrics }: ComparisonTensor): void {
    const { hasTwin, hasHidden } = this.known;
    this.known = {
      hasTwin: hasTwin || metrics.twin != null,
      hasHidden: hasHidden || (metrics.hiddenShare ?? 0) > 0,
    };
  }

  /** One matrix of a run. */
  matrixCell(run: number, metric: Metric, { name, layer, module, lacking }: SeveralTensor): CellValue {
    if (lacking?.includes(run)) return { status: 'absent', value: null };
    if (this.untouched[run]?.has(key(layer ?? 0, module))) return { status: 'untouched', value: null };
    const tensor = this.tensor(run, name);
    if (tensor && (metric.elementwise || this.isWhole(tensor))) return tensorCell(metric, tensor);
    return { status: this.failure(run, name) ? 'failed' : 'pending', value: null };
  }
  /** All matrices of a run that share a cell. */
  cell(run: number, metric: Metric, layer: number, column: Pick<Column, 'module' | 'expert'>): CellValue {
    const members = membersAt(this, layer, column);
    if (members.length) return joined(members.map((matrix) => this.matrixCell(run, metric, matrix)));
    return { status: this.untouched[run]?.has(key(layer, column.module)) ? 'untouched' : 'absent', value: null };
  }

  /** In words; null before the host has sent figures of the whole. */
  answer(): Answer | null {
    const { result } = this;
    if (this.answered.of !== result) this.answered = { of: result, answer: result && this.inWords() };
    return this.answered.answer;
  }
  private inWords(): Answer | null {
    const { ofRuns, ofSteps } = this;
    // by the names that the page has for them
    if (ofRuns) return runsInWords(this.runs.length ? this.runs : ofRuns.runs, ofRuns.comparisons, ofRuns.model.pairs);
    return (
      ofSteps &&
      stepsInWords(
        ofSteps.steps.map(({ step }) => step),
        ofSteps.model,
      )
    );
  }
}
