/** One comparison: its phases, its results, and what the panels that show it are told. Knows nothing of VS Code. */
import { randomUUID } from 'node:crypto';
import { isRemote } from '../bytes/index.ts';
import type { WatchFolder } from '../host/diskMonitor.ts';
import type { EngineClient } from '../engine/client.ts';
import { ComparisonRun } from '../engine/comparisonRun.ts';
import type { EngineLog } from '../engine/launch.ts';
import { comparisonCommandLine } from '../export/commandLine.ts';
import type { ComparedCheckpoints, ComparisonEvent, ComparisonPlan } from '../protocol/engine.ts';
import { OffaxisError, toWireError, type WireError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { GpuReport } from '../protocol/gpu.ts';
import type { ComparisonParameters, ComparisonResult } from '../protocol/results.ts';
import type { ComparisonState, ComparisonStatus, ComparisonToView, ParameterChange } from '../protocol/views.ts';
import type { Answer } from '../answer/clause.ts';
import type { Reported } from '../report/index.ts';
import { Accumulator } from '../results/accumulator.ts';
import { visible } from '../text/show.ts';
import { shortNames } from '../text/shortNames.ts';
import type { SpectraChoice } from './cost.ts';
import { OneAtATime } from './oneAtATime.ts';
import { PageFeed } from './pageFeed.ts';
import { PairOnDisk } from './pairOnDisk.ts';
import { planAs } from './planning.ts';
import { SavedResults } from './savedResults.ts';
import { ShareOfTime } from './shareOfTime.ts';
import { fingerprint, STALE } from './stamps.ts';
import type { ComparisonSpec, ComparisonStore, StoredComparison } from './store.ts';

export interface ControllerServices {
  engine: Pick<EngineClient, 'call' | 'stream' | 'tell' | 'allowRestart'>;
  store: ComparisonStore;
  log: EngineLog;
  /** what is worth a line about where spectra are computed; null if nothing is */
  gpuNotice?(gpu: GpuReport): string | null;
  /** when whole spectra are computed; left out: automatic */
  spectra?(): SpectraChoice;
  /** the comparison is one with other parameters from now on */
  onSpec?(spec: ComparisonSpec): void;
  /** null: nothing runs any more */
  onActivity(text: string | null): void;
  /** a run ended with all that there is */
  onDone?(title: string, answer: Answer | null): void;
  watchFolder: WatchFolder;
}

type ComparisonKnown = Pick<ComparisonState, 'base' | 'tuned' | 'baseName' | 'tunedName' | 'plan'> & {
  tensors: Accumulator['tensors'];
  details: Accumulator['details'];
};

export class ComparisonController {
  private readonly results = new Accumulator();
  private status: ComparisonStatus;
  private progress: ComparisonState['progress'] = null;
  private summary: ComparisonState['summary'] = null;
  private readonly page = new PageFeed(
    () => ({ plan: this.results.plan, status: this.status, progress: this.progress, summary: this.summary }),
    () => this.summarize(false),
  );
  private readonly saved: SavedResults<ComparisonSpec, StoredComparison>;
  private readonly work = new OneAtATime({
    failed: (error) => this.failed(error),
    ended: () => this.services.onActivity(null),
  });
  /** under way */
  private run: ComparisonRun | undefined;
  private readonly summarizing = new ShareOfTime();
  /** restored results of other bytes than those on disk now */
  private stale = false;
  private readonly disk: PairOnDisk;

  private current: ComparisonSpec;

  constructor(
    spec: ComparisonSpec,
    private readonly services: ControllerServices,
  ) {
    this.current = spec;
    this.saved = new SavedResults(services.store, services.log);
    this.disk = new PairOnDisk(spec, services.watchFolder, (change) => {
      // Figures of two steps in one comparison would be of neither.
      if (change) this.cancel();
      this.tellDisk();
    });
    const names = shortNames(spec.base, spec.tuned);
    this.status = {
      ...spec,
      baseName: names.base,
      tunedName: names.tuned,
      commandLine: comparisonCommandLine(spec),
      phase: 'planning',
      backend: null,
      error: null,
      notice: null,
    };
  }

  get spec(): ComparisonSpec {
    return this.current;
  }
  get title(): string {
    return visible(`${this.status.baseName} → ${this.status.tunedName}`);
  }
  get view(): Readonly<ComparisonState> {
    return { ...this.status, plan: this.results.plan, progress: this.progress, summary: this.summary };
  }

  /** What is there now, for others to read; the maps are the controller's own and grow. */
  get known(): ComparisonKnown {
    const { base, tuned, baseName, tunedName } = this.status;
    const { plan, tensors, details } = this.results;
    return { base, tuned, baseName, tunedName, plan, tensors, details };
  }

  /** A page said it is ready: it gets everything, and from now on what changes. */
  attach(post: (message: ComparisonToView) => void): void {
    this.page.attach(post, this.results);
    if (this.disk.hasChanged) this.tellDisk();
  }
  /** What the page knows is not so any more: it gets everything anew. */
  private showAnew(): void {
    this.page.begin(this.results);
    if (this.disk.hasChanged) this.tellDisk();
  }

  /**
   * Reads the headers, then computes at once if that is cheap. `decides`: nobody has chosen the parameters, so that noise of the same
   * size is computed if it is cheap too, and whole spectra wait if they would take long.
   */
  open({ decides = false } = {}): Promise<void> {
    return this.work.begin(async (signal) => {
      await this.makePlan(signal, true, decides);
      if (this.status.phase === 'running') await this.compute(signal);
    });
  }

  /** Shows what an earlier window computed; if there is nothing, plans and waits for Start. */
  restore(): Promise<void> {
    return this.work.begin(async (signal) => {
      const { comparison: stored, damaged } = await this.saved.load(this.spec);
      if (!stored) {
        await this.makePlan(signal, false);
        if (damaged) this.update({ error: damaged });
        return;
      }
      this.results.plan = stored.plan;
      this.results.backend = stored.backend;
      this.results.merge(stored);
      this.stale = stored.fingerprint !== (await fingerprint([this.spec.base, this.spec.tuned]));
      this.update({
        backend: stored.backend,
        phase: stored.complete ? 'done' : 'cancelled',
        error: this.stale ? STALE : damaged,
      });
      this.summarize(true);
      this.showAnew();
      if (!this.stale) await this.disk.watchFrom(await this.disk.marks());
    });
  }

  start(): Promise<void> {
    if (this.disk.hasChanged) return this.reload();
    return this.work.begin(async (signal) => {
      if (this.stale) {
        // Figures of other bytes: with them beside new ones the comparison would be of neither.
        this.forget();
        await this.makePlan(signal, false);
      }
      await this.compute(signal);
    });
  }
  /** The files have changed and the reader wants the new ones: header, plan and figures anew. */
  async reload(): Promise<void> {
    this.cancel();
    await this.work.ended;
    this.services.engine.allowRestart();
    this.forget();
    await this.open();
  }
  private forget(): void {
    this.results.clear();
    this.results.plan = null;
    this.stale = false;
    this.summary = null;
    this.status = { ...this.status, error: null };
    this.showAnew();
  }
  /** Other parameters: another comparison of the same files, from its own results or anew. */
  async setParameters(change: ParameterChange): Promise<void> {
    this.cancel();
    await this.work.ended;
    this.adopt({ ...this.current.parameters, ...change });
    await this.reload();
  }
  /** Of a comparison that ended with where the update points: what is there stays, and the whole spectra come beside it. */
  async computeSpectra(): Promise<void> {
    this.cancel();
    await this.work.ended;
    this.adopt({ ...this.current.parameters, spectra: true });
    if (this.disk.hasChanged || this.stale) return this.reload();
    return this.work.begin(async (signal) => {
      await this.makePlan(signal, false);
      await this.compute(signal);
    });
  }
  /** The reader is back: a file system that tells of no changes is asked. */
  lookAtDisk(): Promise<void> {
    return this.disk.look();
  }
  resume(): Promise<void> {
    return this.start();
  }

  /** One failed tensor again, or all of them; after a failure of the whole, everything that is left. */
  retry(name?: string): Promise<void> {
    if (this.disk.hasChanged) return this.reload();
    this.services.engine.allowRestart();
    if (name === undefined) this.results.failed.clear();
    else this.results.failed.delete(name);
    this.showAnew();
    return this.results.plan ? this.start() : this.open();
  }

  dismissNotice(): void {
    this.update({ notice: null });
  }

  cancel(): void {
    this.work.cancel();
  }
  prioritize(name: string): void {
    this.run?.prioritize(name);
  }

  /** The comparison as it stands, for export. Throws bad-parameter before there is anything. */
  result(): ComparisonResult {
    if (this.results.tensors.size === 0)
      throw new OffaxisError(
        'bad-parameter',
        say('Nothing has been computed yet, so there is nothing to export. Start the comparison first.'),
      );
    return this.results.result(this.spec.parameters);
  }

  /**
   * The same for a document, with what tells which bytes it is of. Throws bad-parameter before there is anything and if the files have
   * changed since, and as the engine does.
   */
  async reported(): Promise<Omit<Reported, 'command'>> {
    await this.lookAtDisk();
    if (this.stale || this.disk.hasChanged || (await this.otherPlan()))
      throw new OffaxisError(
        'bad-parameter',
        say(
          'The files have changed since these figures were computed, and a report names the bytes that it is of. Compare again first.',
        ),
      );
    const { base, tuned } = this.spec;
    // as they were opened, where the plan has the files that they led to
    const result = { ...this.result(), base, tuned };
    const [plan, coverage, answer] = [this.results.plan, this.results.coverage(), this.results.answer()];
    if (!plan || !coverage || !answer) throw new OffaxisError('bug', 'There are results without a plan.');
    const { engine } = this.services;
    const inputs = await engine.call('inputs', comparedCheckpoints(this.spec));
    const { version } = await engine.call('info', {});
    return { result, plan, coverage, answer, inputs, version };
  }

  /** Ends the work; what was computed is saved. */
  async dispose(): Promise<void> {
    this.page.detach();
    this.disk.dispose();
    this.cancel();
    await this.work.ended;
    this.page.dispose();
    this.services.engine.tell('letGo', comparedCheckpoints(this.spec));
  }

  private tellDisk(): void {
    this.page.post(this.disk.message);
  }

  private adopt(parameters: ComparisonParameters): void {
    this.current = { ...this.current, parameters };
    this.status = { ...this.status, parameters, commandLine: comparisonCommandLine(this.current) };
    this.services.onSpec?.(this.current);
  }

  private async makePlan(signal: AbortSignal, startCheap: boolean, decides = false): Promise<void> {
    this.progress = null;
    this.update({ phase: 'planning', error: null });
    const marks = await this.disk.marks();
    const choice = this.services.spectra?.() ?? 'automatic';
    const { plan, backend, gpu, parameters, isCheap } = await planAs(this.services.engine, this.spec, {
      decides,
      choice,
      signal,
    });
    await this.disk.watchFrom(marks);
    if (parameters !== this.spec.parameters) this.adopt(parameters);
    this.results.plan = plan;
    this.results.backend = backend;
    this.update({
      phase: startCheap && isCheap ? 'running' : 'planned',
      backend,
      notice: this.services.gpuNotice?.(gpu) ?? this.status.notice,
    });
  }

  private async compute(signal: AbortSignal): Promise<void> {
    const started = performance.now();
    const { log, engine } = this.services;
    const { results } = this;
    await this.forgetOtherVersion(signal);
    const done = [...results.finished(this.spec.parameters.spectra), ...results.failed.keys()];
    const { plan, backend } = results;
    const request = { runId: randomUUID(), ...this.spec, done };
    const run = new ComparisonRun(engine, request, signal, plan && backend && { plan, backend });
    this.run = run;
    this.progress = null;
    this.update({ phase: 'running', error: null });
    log.info(`comparing ${this.spec.base} with ${this.spec.tuned}, ${done.length} tensors already done`);
    const mark = await fingerprint([this.spec.base, this.spec.tuned]);
    this.saved.begin();
    try {
      for await (const event of run.events()) {
        this.collect(event);
        if (this.saved.isDue) await this.saved.save(this.stored(false, mark));
      }
      this.progress = null;
      this.summarize(true);
      this.update({ phase: 'done' });
      this.services.onDone?.(this.title, results.answer());
      log.info(
        `compared in ${((performance.now() - started) / 1000).toFixed(1)} s on ${results.backend?.name ?? 'no backend'}`,
      );
    } finally {
      this.run = undefined;
      if (this.status.phase !== 'done') {
        this.summarize(true);
        this.page.flush();
      }
      await this.saved.save(this.stored(this.status.phase === 'done', mark));
    }
  }

  /** Nobody watches a remote file: before anything joins what was computed of it, its server is asked. Throws as `plan`. */
  private async forgetOtherVersion(signal: AbortSignal): Promise<void> {
    const plan = await this.otherPlan(signal);
    if (!plan) return;
    this.results.clear();
    this.results.plan = plan;
    this.summary = null;
    this.showAnew();
  }
  /** The plan of the files as they are now, if a remote one of them is not what the figures are of; else null. */
  private async otherPlan(signal?: AbortSignal): Promise<ComparisonPlan | null> {
    const { base, tuned } = this.spec;
    if (this.results.tensors.size === 0 || (!isRemote(base) && !isRemote(tuned))) return null;
    const plan = await this.services.engine.call('plan', this.spec, signal);
    return plan.files === this.results.plan?.files ? null : plan;
  }

  /** Of files with this fingerprint; null if there is nothing yet. */
  private stored(complete: boolean, fingerprint: string): StoredComparison | null {
    const { plan, backend, tensors } = this.results;
    if (!plan || !backend || tensors.size === 0) return null;
    return { spec: this.spec, plan, backend, complete, fingerprint, ...this.results.lists() };
  }

  private collect(event: ComparisonEvent): void {
    this.page.add(this.results.add(event));
    if (event.type === 'plan') return this.update({ backend: event.backend });
    if (event.type === 'failed') this.services.log.warn(`${event.name}: ${event.error.message}`);
    if (event.type === 'progress') {
      const { phase, done, total, secondsLeft } = event;
      this.progress = { phase, done, total, secondsLeft };
      this.services.onActivity(`${this.title}: ${done} of ${total} ${phase === 'change' ? 'tensors' : 'matrices'}`);
    }
    this.page.schedule();
  }

  /** Model-level figures of what is there; during a run only as often as they are cheap. */
  private summarize(always: boolean): void {
    if (this.results.tensors.size === 0) return;
    this.summarizing.spend(always, () => {
      this.summary = this.results.summary();
    });
  }

  private update(change: Partial<ComparisonStatus>): void {
    this.status = { ...this.status, ...change };
    this.page.flush();
  }

  private failed(error: unknown): void {
    const wire: WireError = toWireError(error);
    this.progress = null;
    if (wire.code === 'cancelled')
      return this.update(this.results.plan ? { phase: 'cancelled', error: null } : { phase: 'failed', error: wire });
    this.services.log.error(`${this.title}: ${wire.message}`);
    if (wire.code === 'bug' && error instanceof Error) this.services.log.debug(error.stack ?? '');
    this.update({ phase: 'failed', error: wire });
  }
}

/** Under which the engine holds the comparison open. */
export function comparedCheckpoints({ base, tuned, parameters }: ComparisonSpec): ComparedCheckpoints {
  return { base, tuned, includeEmbeddings: parameters.includeEmbeddings, tensors: parameters.tensors };
}
