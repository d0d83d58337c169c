/** Several checkpoints of one base: their phases, their results, and what the page that shows them is told. Knows nothing of VS Code. */
import { disk } from '../../bytes/index.ts';
import type { EngineClient } from '../../engine/client.ts';
import type { EngineLog } from '../../engine/launch.ts';
import { SeveralRun } from '../../engine/severalRun.ts';
import { severalCommandLine } from '../../export/commandLine.ts';
import type { ComparisonPlan } from '../../protocol/engine.ts';
import { OffaxisError, toWireError, type WireError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import type { RunsResult, SeveralEvent, StepsResult } from '../../protocol/several.ts';
import type {
  SeveralModel,
  SeveralPlan,
  SeveralProgress,
  SeveralState,
  SeveralToView,
} from '../../protocol/severalViews.ts';
import type { ParameterChange } from '../../protocol/views.ts';
import { refuseUnpaired } from '../../results/nothingPairs.ts';
import { SeveralAccumulator, type NamedRun } from '../../results/several.ts';
import { startsUnasked } from '../cost.ts';
import { OneAtATime } from '../oneAtATime.ts';
import { SavedResults } from '../savedResults.ts';
import { ShareOfTime } from '../shareOfTime.ts';
import { fingerprint, STALE } from '../stamps.ts';
import { SeveralFeed } from './feed.ts';
import { severalPlan } from './plan.ts';
import { namesOf, pathsOf, requestOf, type SeveralSpec, type SeveralStore, type StoredSeveral } from './spec.ts';
import { StepWatcher, type StepFolder } from './stepWatcher.ts';

/** What is other in the spec; null: nothing is. It may throw, and then nothing changes. */
type Change = (spec: SeveralSpec) => Partial<SeveralSpec> | null | Promise<Partial<SeveralSpec> | null>;

export interface SeveralServices {
  engine: Pick<EngineClient, 'call' | 'stream' | 'tell' | 'allowRestart'>;
  store: SeveralStore;
  log: EngineLog;
  /** other runs, parameters, or whether new steps are followed */
  onSpec(spec: SeveralSpec): void;
  /** null: nothing runs any more */
  onActivity(text: string | null): void;
  /** of a spec with a folder */
  stepFolder(folder: string): StepFolder;
  /** of a test */
  lookMs?: number;
}

export class SeveralController {
  private results: SeveralAccumulator;
  private state: SeveralState;
  private plan: SeveralPlan | null = null;
  private progress: SeveralProgress | null = null;
  private model: SeveralModel | null = null;
  private readonly summarizing = new ShareOfTime();
  private stale = false;
  /** fingerprint of the files that the results are of */
  private mark: string | null = null;
  private readonly work = new OneAtATime({
    failed: (error) => this.failed(error),
    ended: () => this.services.onActivity(null),
  });
  private disposed = false;
  /** changes of the spec under way: nothing joins in between */
  private adopting = 0;
  /** the last of them: the next one waits for it */
  private changes: Promise<unknown> = Promise.resolve();
  private readonly page = new SeveralFeed(
    () => ({ state: this.state, plan: this.plan, progress: this.progress, model: this.model }),
    () => this.results,
    () => this.summarize(false),
  );
  private readonly saved: SavedResults<SeveralSpec, StoredSeveral>;
  private readonly watcher: StepWatcher | null;
  private current: SeveralSpec;

  constructor(
    spec: SeveralSpec,
    private readonly services: SeveralServices,
  ) {
    this.current = spec;
    this.results = new SeveralAccumulator(spec.runs.length);
    this.saved = new SavedResults(services.store, services.log);
    this.state = { ...this.shown(), phase: 'planning', backend: null, error: null, follow: null };
    this.watcher =
      spec.folder === null
        ? null
        : new StepWatcher(
            services.stepFolder(spec.folder),
            (step) => this.isShown(step),
            () => this.changedFolder(),
            services.lookMs,
          );
    this.state = { ...this.state, follow: this.follow() };
  }

  get spec(): SeveralSpec {
    return this.current;
  }
  get view(): Readonly<SeveralState> {
    return this.state;
  }

  /** A page said it is ready: it gets everything, and from now on what changes. */
  attach(post: (message: SeveralToView) => void): void {
    this.page.attach(post);
  }

  /** Reads the headers, then computes at once if that is cheap. Of a watched folder: the steps that are complete. */
  open(): Promise<void> {
    return this.begin(async (signal) => {
      this.watcher?.start();
      if (this.watcher && this.current.runs.length === 0) await this.takeComplete(this.watcher, signal);
      await this.makePlan(signal);
      if (
        this.state.phase === 'planned' &&
        this.plan &&
        startsUnasked({ pairs: this.plan.tensors, cost: this.plan.cost })
      )
        await this.compute(signal);
    });
  }

  /** Shows what an earlier window computed; if there is nothing, plans and waits for Start. */
  restore(): Promise<void> {
    if (this.current.runs.length === 0) return this.open();
    return this.begin(async (signal) => {
      this.watcher?.start();
      const { comparison: stored, damaged } = await this.saved.load(this.current);
      if (!stored) {
        await this.makePlan(signal);
        if (damaged) this.update({ error: damaged });
        return;
      }
      this.results.merge(stored);
      this.mark = stored.fingerprint;
      this.plan = severalPlan(this.plans(), this.runNames());
      this.stale = stored.fingerprint !== (await fingerprint(pathsOf(this.current)));
      this.summarize(true);
      this.update({
        backend: this.results.runs[0]?.backend ?? null,
        phase: stored.complete ? 'done' : 'cancelled',
        error: this.stale ? STALE : damaged,
      });
      this.page.begin();
    });
  }

  /** What is left, or all of it; if the files have changed since, all of it. */
  start(): Promise<void> {
    return this.begin((signal) => this.compute(signal));
  }
  retry(): Promise<void> {
    this.services.engine.allowRestart();
    if (this.stale || !this.plan) return this.anew();
    this.results.forgetFailures();
    this.page.begin();
    return this.start();
  }
  cancel(): void {
    this.work.cancel();
  }
  setParameters(change: ParameterChange): Promise<void> {
    return this.adopt(({ parameters }) => ({ parameters: { ...parameters, ...change } }));
  }
  /** A further checkpoint of the same base. Throws bad-parameter if it is there already, and of steps. */
  async addRun(path: string): Promise<void> {
    if (this.current.kind === 'steps')
      throw new OffaxisError('bad-parameter', say('A page of steps takes its steps from their folder.'));
    await this.adopt((spec) => {
      if (pathsOf(spec).includes(path))
        throw new OffaxisError('bad-parameter', say`${path} is among these checkpoints already. Choose another one.`);
      return { runs: [...spec.runs, { path, step: null }] };
    });
  }
  /** Of runs. Throws bad-parameter if too few were left. */
  removeRun(run: number): Promise<void> {
    // by its path: by the time that the change is made it may have another place
    const path = this.current.runs[run]?.path;
    return this.adopt((spec) => {
      const runs = spec.runs.filter((one) => one.path !== path);
      if (runs.length === spec.runs.length) return null;
      if (runs.length < 2)
        throw new OffaxisError(
          'bad-parameter',
          say('No checkpoint can be left out: two are the least to put beside each other.'),
        );
      return { runs };
    });
  }
  /** Computes with these complete steps of the folder as well; those that were deleted since are left out. */
  include(steps: readonly number[]): Promise<void> {
    return this.adopt(async (spec) => {
      const fresh = (this.watcher?.current ?? []).filter(
        ({ step, waiting }) => waiting === null && steps.includes(step),
      );
      if (fresh.length === 0) return null;
      const isThere = await Promise.all(spec.runs.map(({ path }) => this.isThere(path)));
      const runs = [...spec.runs.filter((_, i) => isThere[i]), ...fresh.map(({ step, path }) => ({ step, path }))];
      return { runs: runs.sort((a, b) => (a.step ?? 0) - (b.step ?? 0)) };
    }, true);
  }
  setFollow(on: boolean): void {
    this.current = { ...this.current, follow: on };
    this.services.onSpec(this.current);
    this.changedFolder();
  }
  /** The reader is back: a file system that tells of no changes is asked. */
  lookAtDisk(): void {
    void this.watcher?.look();
  }

  /** offaxis.runs/1 or offaxis.steps/1 of what is there. Throws bad-parameter before there is anything. */
  result(): RunsResult | StepsResult {
    if (this.results.finished.size === 0 || !this.results.isPlanned)
      throw new OffaxisError(
        'bad-parameter',
        say('Nothing has been computed yet, so there is nothing to export. Start the comparison first.'),
      );
    const { base, tuned, steps, parameters } = requestOf(this.current);
    return steps
      ? this.results.stepsResult(tuned, steps, base, parameters)
      : this.results.runsResult(this.named(), base, parameters);
  }
  private runNames(): string[] {
    return namesOf(this.current).runs.map(({ name }) => name);
  }
  private named(): NamedRun[] {
    return namesOf(this.current).runs.map(({ name, path }) => ({ name, path }));
  }

  /** Ends the work; what was computed is saved. */
  async dispose(): Promise<void> {
    this.disposed = true;
    this.page.detach();
    this.watcher?.dispose();
    this.cancel();
    await this.work.ended;
    this.letGo();
  }

  private letGo(): void {
    const { base, runs, parameters } = this.current;
    const { includeEmbeddings, tensors } = parameters;
    for (const { path } of runs) this.services.engine.tell('letGo', { base, tuned: path, includeEmbeddings, tensors });
  }

  private shown(): Pick<
    SeveralState,
    'kind' | 'base' | 'baseName' | 'baseStep' | 'runs' | 'parameters' | 'commandLine'
  > {
    const { kind, base, baseStep, parameters } = this.current;
    const names = namesOf(this.current);
    const commandLine = severalCommandLine(this.current);
    return { kind, base, baseName: names.base, baseStep, runs: names.runs, parameters, commandLine };
  }
  private follow(): SeveralState['follow'] {
    const { folder, follow } = this.current;
    return folder === null ? null : { folder, on: follow, fresh: this.watcher?.current ?? [] };
  }
  /** Of the page, its base, or no step of this run: one before the base, or a second one of a number. */
  private isShown({ step, path }: { step: number; path: string }): boolean {
    const { base, baseStep, runs } = this.current;
    if (path === base || step <= (baseStep ?? 0)) return true;
    return runs.some((run) => run.path === path || run.step === step);
  }
  private async isThere(path: string): Promise<boolean> {
    const stamp = await disk.stamp(path);
    if (stamp === null) this.services.log.info(`${path} is gone, and left out`);
    return stamp !== null;
  }

  private async begin(body: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.work.isBusy) return this.work.ended;
    await this.work.begin(body);
    this.followOn();
  }

  /**
   * Other checkpoints or parameters: the results are of others, from the store or anew. `computes`: whatever it costs. Changes come one
   * after the other, each to what the one before it made; what is computed of that meanwhile is ended.
   */
  private async adopt(change: Change, computes = false): Promise<void> {
    this.adopting++;
    const turn = this.changes.then(() => this.take(change, computes));
    this.changes = turn.catch(() => undefined);
    await (
      await turn
    )?.ended;
  }
  /** `ended`: of the work that it begins, for which the next change does not wait. Null: nothing changes. */
  private async take(change: Change, computes: boolean): Promise<{ ended: Promise<void> } | null> {
    let changed: Partial<SeveralSpec> | null;
    try {
      // what is refused, or changes nothing, ends no work
      changed = await change(this.current);
      while (changed && this.work.isBusy) {
        this.cancel();
        await this.work.ended;
        changed = await change(this.current);
      }
    } finally {
      this.adopting--;
    }
    if (this.disposed) return null;
    if (!changed) {
      this.followOn();
      return null;
    }
    this.letGo();
    this.current = { ...this.current, ...changed };
    this.services.onSpec(this.current);
    return { ended: this.anew(computes) };
  }
  private async anew(computes = false): Promise<void> {
    this.forget();
    if (!computes) return this.open();
    await this.begin(async (signal) => {
      await this.makePlan(signal);
      await this.compute(signal);
    });
  }
  private forget(): void {
    this.results = new SeveralAccumulator(this.current.runs.length);
    this.plan = null;
    this.model = null;
    this.progress = null;
    this.stale = false;
    this.state = { ...this.state, ...this.shown(), phase: 'planning', error: null, follow: this.follow() };
    this.page.begin();
  }

  /** The steps that the folder holds whole now. */
  private async takeComplete(watcher: StepWatcher, signal: AbortSignal): Promise<void> {
    const fresh = await watcher.settle(signal);
    const runs = fresh.flatMap(({ step, path, waiting }) => (waiting === null ? [{ step, path }] : []));
    if (runs.length === 0)
      throw new OffaxisError(
        'bad-file',
        say('No step of this folder but the base is complete yet. It joins as soon as its files are whole.'),
      );
    this.current = { ...this.current, runs };
    this.services.onSpec(this.current);
    this.results = new SeveralAccumulator(runs.length);
    this.state = { ...this.state, ...this.shown(), follow: this.follow() };
  }

  private async makePlan(signal: AbortSignal): Promise<void> {
    const { base, runs, parameters } = this.current;
    const { engine } = this.services;
    this.progress = null;
    this.update({ phase: 'planning', error: null });
    const plans: ComparisonPlan[] = [];
    for (const { path } of runs) {
      const plan = await engine.call('plan', { base, tuned: path, parameters }, signal);
      refuseUnpaired(plan, base, path);
      plans.push(plan);
    }
    const { kind, name, precision, threads } = await engine.call('info', {}, signal);
    this.plan = severalPlan(plans, this.runNames());
    this.update({ phase: 'planned', backend: { kind, name, precision, threads } });
  }

  private async compute(signal: AbortSignal): Promise<void> {
    const { log, engine } = this.services;
    const started = performance.now();
    const mark = await fingerprint(pathsOf(this.current));
    if (this.results.finished.size > 0 && this.mark !== mark) {
      // Figures of other bytes: with them beside new ones the result would be of neither.
      this.forget();
      await this.makePlan(signal);
    }
    this.mark = mark;
    const { results } = this;
    const request = { ...requestOf(this.current), done: [...results.finished] };
    const run = new SeveralRun(engine, request, signal);
    this.progress = null;
    this.update({ phase: 'running', error: null });
    log.info(`comparing ${request.tuned.length} checkpoints with ${request.base}`);
    const stored = (): StoredSeveral | null =>
      results.finished.size === 0
        ? null
        : { spec: this.current, complete: this.state.phase === 'done', fingerprint: mark, ...results.lists() };
    this.saved.begin();
    try {
      for await (const event of run.events()) {
        this.collect(event);
        if (this.saved.isDue) await this.saved.save(stored());
      }
      this.progress = null;
      this.summarize(true);
      this.update({ phase: 'done' });
      log.info(`compared in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    } finally {
      if (this.state.phase !== 'done') this.summarize(true);
      await this.saved.save(stored());
    }
  }

  private collect(event: SeveralEvent): void {
    this.results.add(event);
    if (event.type === 'run' && event.event.type === 'failed')
      this.services.log.warn(`${event.event.name}: ${event.event.error.message}`);
    if (event.type === 'progress') {
      const { done, total, secondsLeft } = event;
      this.progress = { done, total, secondsLeft };
      this.services.onActivity(`${this.state.baseName}: ${done} of ${total} tensors`);
    }
    this.page.add(event);
  }

  /** The model-level figures of what is there; during a run only as often as they are cheap. */
  private summarize(always: boolean): void {
    if (this.results.finished.size === 0 || !this.results.isPlanned) return;
    const { base, tuned, steps, parameters } = requestOf(this.current);
    this.summarizing.spend(always, () => {
      this.model = steps
        ? this.results.stepsFigures(tuned, steps, base, parameters)
        : this.results.runsFigures(this.named(), base, parameters);
    });
  }

  private plans(): ComparisonPlan[] {
    return this.results.runs.flatMap(({ plan }) => plan ?? []);
  }

  private update(change: Partial<SeveralState>): void {
    this.state = { ...this.state, ...change };
    this.page.flush();
  }

  private changedFolder(): void {
    this.update({ follow: this.follow() });
    this.followOn();
  }
  /** Complete steps join as soon as nothing else runs. */
  private followOn(): void {
    if (this.work.isBusy || this.adopting > 0 || this.disposed || !this.current.follow) return;
    const complete = (this.watcher?.current ?? []).filter(({ waiting }) => waiting === null);
    if (complete.length > 0)
      this.include(complete.map(({ step }) => step)).catch((error: unknown) => this.failed(error));
  }

  private failed(error: unknown): void {
    const wire: WireError = toWireError(error);
    this.progress = null;
    if (wire.code === 'cancelled')
      return this.update(this.plan ? { phase: 'cancelled', error: null } : { phase: 'failed', error: wire });
    this.services.log.error(wire.message);
    if (wire.code === 'bug' && error instanceof Error) this.services.log.debug(error.stack ?? '');
    this.update({ phase: 'failed', error: wire });
  }
}
