/** What the host has sent, and what follows from it. No DOM: the elements read it, the messages write it. */
import type { ComparisonPlan, Coverage } from '../../src/protocol/engine.ts';
import type { PagePlan } from '../../src/protocol/forPage.ts';
import { appendAll } from '../../src/protocol/lists.ts';
import type { ComparisonSummary, ComparisonTensor } from '../../src/protocol/results.ts';
import type { Answer } from '../../src/answer/clause.ts';
import type { ComparisonState, ComparisonToView, DiskChange } from '../../src/protocol/views.ts';
import { Accumulator, hasSpectra, hasWholeSpectra } from '../../src/results/accumulator.ts';
import { describeName, expertOfMatrix } from '../../src/families/index.ts';
import { labelsOf, orderModules } from '../../src/families/labels.ts';
import { t } from '../shared/l10n.ts';

/** A file decides how many layers and modules there are; the map has room for so many rows and columns. */
export const MAX_LAYERS = 1000;
export const MAX_COLUMNS = 256;

/** Tensors up to which the answer is made anew while results come: it takes 10 microseconds for each. */
const MOST_WHILE_RUNNING = 20_000;

/** How the plan begins its reason for two shapes (src/checkpoint/whyNot.ts). */
const RESHAPED = 'shapes differ';

export type Pair = ComparisonPlan['pairs'][number];
const NOTHING: PagePlan['leftOut'] = { pairs: 0, skipped: 0, baseOnly: 0, tunedOnly: 0, problems: 0 };
const key = (layer: number, module: string): string => `${layer}\n${module}`;

export class ComparisonModel {
  state: ComparisonState | null = null;
  private readonly results = new Accumulator();
  readonly tensors = this.results.tensors;
  readonly details = this.results.details;
  readonly failed = this.results.failed;
  /** columns of the map, in reading order */
  modules: string[] = [];
  labels = new Map<string, string>();
  /** rows of the map: the layers that exist, ascending, as many as it has room for */
  layers: readonly number[] = [];
  /** layers that have matrices, shown or not */
  layerCount = 0;
  /** matrices that the map has no place for: they are in the export only */
  beyondMap = 0;
  /** types of either side, in the order in which they come */
  dtypes: string[] = [];
  /** pairs of block matrices: what the map, the cards and the tallies count */
  matrices: Pair[] = [];
  /** what the lists of the plan were cut by on their way here */
  leftOut: PagePlan['leftOut'] = NOTHING;
  /** pairs of the plan that are still to come */
  private awaited = 0;
  /** A page that is opened anew hears these before the rest of its state. */
  private told: Pick<ComparisonState, 'progress' | 'summary'> = { progress: null, summary: null };
  private members = new Map<string, Pair[]>();
  private layerMembers = new Map<number, Pair[]>();
  /** some matrices are of one expert each */
  hasExperts = false;
  /** rises with everything that is heard */
  revision = 0;
  /** cells of what the plan leaves out, with its reason; made when it is first asked */
  private leftOutCells: ReadonlyMap<string, string> | null = null;
  /** cells of matrices that an adapter leaves as they are */
  private untouched: ReadonlySet<string> = new Set();
  private liveCache: ComparisonTensor[] | null = null;
  /** the sentences follow from hundreds of thousands of tensors: made anew for a new summary, and while stored results arrive */
  private answered: { summary: ComparisonSummary | null; size: number; answer: Answer | null } = {
    summary: null,
    size: 0,
    answer: null,
  };

  /** set while the files of a side are others than those compared */
  disk: { base: DiskChange | null; tuned: DiskChange | null } | null = null;

  apply(message: ComparisonToView): void {
    this.liveCache = null;
    this.revision++;
    switch (message.type) {
      case 'reset':
        return this.results.clear();
      case 'state':
        this.state = { ...message.state, plan: this.results.plan, ...this.told };
        return;
      case 'plan':
        this.results.plan = message.plan;
        this.leftOut = message.plan?.leftOut ?? NOTHING;
        this.awaited = message.more;
        this.readPlan(message.plan);
        return this.change({ plan: message.plan });
      case 'pairs': {
        const { plan } = this.results;
        if (!plan) return;
        appendAll(plan.pairs, message.pairs);
        this.awaited -= message.pairs.length;
        if (this.awaited <= 0) this.readPlan(plan);
        return;
      }
      case 'summary':
        return this.tell({ summary: message.summary });
      case 'progress':
        return this.tell({ progress: message.progress });
      case 'results':
        this.results.merge(message);
        return;
      case 'disk':
        this.disk = message.base || message.tuned ? { base: message.base, tuned: message.tuned } : null;
        return;
      default:
        // of the page, not of the comparison
        return;
    }
  }

  private tell(change: Partial<ComparisonModel['told']>): void {
    this.told = { ...this.told, ...change };
    this.change(change);
  }
  private change(change: Partial<ComparisonState>): void {
    if (this.state) this.state = { ...this.state, ...change };
  }

  private readPlan(plan: ComparisonPlan | null): void {
    this.members = new Map();
    this.layerMembers = new Map();
    this.leftOutCells = null;
    const dtypes = new Set<string>();
    for (const { dtype } of plan?.pairs ?? []) dtypes.add(dtype.base).add(dtype.tuned);
    this.dtypes = [...dtypes];
    const untouched = plan?.untouched ?? [];
    this.untouched = new Set(untouched.map(({ layer, module }) => key(layer, module)));
    this.matrices = (plan?.pairs ?? []).filter((p) => p.spectral && p.layer !== null);
    for (const pair of this.matrices) {
      const list = this.members.get(key(pair.layer ?? 0, pair.module));
      if (list) list.push(pair);
      else this.members.set(key(pair.layer ?? 0, pair.module), [pair]);
      const layer = this.layerMembers.get(pair.layer ?? 0);
      if (layer) layer.push(pair);
      else this.layerMembers.set(pair.layer ?? 0, [pair]);
    }
    this.hasExperts = this.matrices.some(({ name }) => expertOfMatrix(name) !== null);
    const modules = orderModules([...new Set([...this.matrices, ...untouched].map((p) => p.module))]);
    this.modules = modules.slice(0, MAX_COLUMNS);
    this.labels = labelsOf(this.modules);
    const layers = [...new Set([...this.matrices, ...untouched].map((p) => p.layer ?? 0))].sort((a, b) => a - b);
    this.layerCount = layers.length;
    this.layers = layers.slice(0, MAX_LAYERS);
    const last = this.layers.at(-1) ?? 0;
    const shown = new Set(this.modules);
    this.beyondMap = this.matrices.filter((p) => (p.layer ?? 0) > last || !shown.has(p.module)).length;
  }

  /** Some cells of the map are of matrices that an adapter leaves as they are. */
  get hasUntouched(): boolean {
    return this.untouched.size > 0;
  }
  /** The matrices of a cell: several if experts or parts share a column. */
  matricesAt(layer: number, module: string): readonly Pair[] {
    return this.members.get(key(layer, module)) ?? [];
  }
  status(pair: Pair, elementwise = false): 'done' | 'pending' | 'failed' {
    const tensor = this.tensors.get(pair.name);
    if (tensor && (elementwise || hasSpectra(tensor) || this.state?.parameters.spectra === false)) return 'done';
    return this.failed.has(pair.name) ? 'failed' : 'pending';
  }
  /** The matrices of a layer, in the order of the plan. */
  ofLayer(layer: number): readonly Pair[] {
    return this.layerMembers.get(layer) ?? [];
  }
  /** Why a cell holds no matrix, as a state. */
  missing(layer: number, module: string): 'absent' | 'untouched' | 'reshaped' {
    if (this.isUntouched(layer, module)) return 'untouched';
    return this.leftOutAt(layer, module)?.startsWith(RESHAPED) ? 'reshaped' : 'absent';
  }
  /** Block matrices whose spectra are computed. */
  live(): ComparisonTensor[] {
    this.liveCache ??= this.matrices.flatMap((pair) => {
      const tensor = this.tensors.get(pair.name);
      return tensor && hasSpectra(tensor) ? [tensor] : [];
    });
    return this.liveCache;
  }
  /** Of the block matrices, how many have what is asked for of their spectra. */
  get finished(): number {
    const isWhole = this.state?.parameters.spectra !== 'leading';
    return isWhole ? this.live().filter(hasWholeSpectra).length : this.live().length;
  }
  /** Some matrix has what its leading triplets say, and no whole spectra. */
  get needsWholeSpectra(): boolean {
    return this.live().some((tensor) => !hasWholeSpectra(tensor) && !this.failed.has(tensor.name));
  }
  /** Noise of the same size stands beside the figures of some matrix. */
  get hasTwin(): boolean {
    return this.live().some(({ metrics }) => metrics.twin);
  }
  /**
   * What is there in words; null before the whole plan and a summary are there, and if the list is cut by which an adapter's matrices are
   * counted. The host sends a summary now and then, and at the end.
   */
  answer(): Answer | null {
    const { size } = this.tensors;
    const isWaiting = this.awaited > 0 || (this.state?.phase === 'running' && size > MOST_WHILE_RUNNING);
    const isCut = this.leftOut.skipped > 0 && this.results.plan?.tunedAdapter != null;
    const summary = isWaiting || isCut ? null : (this.state?.summary ?? null);
    if (this.answered.summary !== summary || this.answered.size !== size)
      this.answered = { summary, size, answer: summary && this.results.answer(summary) };
    return this.answered.answer;
  }
  /** Fractions of weights over all compared floating tensors, weighted by parameters: the summary's, and whether it is of all of them. */
  weighted(id: 'unchangedBf16' | 'updateDensity'): { value: number | null; weights: number; complete: boolean } {
    const { summary, plan } = this.state ?? { summary: null, plan: null };
    return {
      value: summary?.[id] ?? null,
      weights: summary?.weights ?? 0,
      complete: this.tensors.size >= (plan?.pairs.length ?? 0) + this.awaited,
    };
  }
  /** Does an adapter leave the matrices of this cell as they are? */
  isUntouched(layer: number, module: string): boolean {
    return this.untouched.has(key(layer, module));
  }
  /** How much of the base is compared, or as planned is going to be. */
  get coverage(): Coverage | null {
    return this.results.coverage();
  }
  /** Why a cell of the grid holds no pair; null if the plan does not say. */
  absence(layer: number, module: string): string | null {
    const { plan } = this.results;
    if (!plan) return null;
    if (this.isUntouched(layer, module)) return t('The adapter does not change it: it is the base.');
    const reason = this.leftOutAt(layer, module);
    if (reason) return reason;
    const [stem = module] = module.split('#');
    const here = (name: string): boolean => `.${name}`.includes(`.${layer}.`) && name.includes(stem);
    const inBase = plan.unpaired.baseOnly.find(here);
    if (inBase) return t('The tuned checkpoint has no {0}.', inBase);
    const inTuned = plan.unpaired.tunedOnly.find(here);
    return inTuned ? t('The base checkpoint has no {0}.', inTuned) : null;
  }
  /** The reason of the plan for leaving out a matrix of this cell. */
  private leftOutAt(layer: number, module: string): string | null {
    if (!this.leftOutCells) {
      const cells = new Map<string, string>();
      const { plan } = this.results;
      for (const { name, reason } of plan?.skipped ?? []) {
        const named = describeName(name);
        if (named.layer !== null) cells.set(key(named.layer, named.module), reason);
      }
      for (const pair of plan?.pairs ?? [])
        if (!pair.spectral && pair.reason && pair.layer !== null) cells.set(key(pair.layer, pair.module), pair.reason);
      this.leftOutCells = cells;
    }
    return (
      this.leftOutCells.get(key(layer, module)) ?? this.leftOutCells.get(key(layer, module.split('#')[0] ?? '')) ?? null
    );
  }
}
