/** One comparison: its phases, its results, and what the panels that show it are told. Knows nothing of VS Code. */
import { randomUUID } from 'node:crypto';
import { type DiskMark, DiskMonitor, type WatchFolder } from '../host/diskMonitor.ts';
import type { EngineClient } from '../engine/client.ts';
import { ComparisonRun } from '../engine/comparisonRun.ts';
import type { EngineLog } from '../engine/launch.ts';
import { assembleComparison, summaryOf } from '../engine/results.ts';
import { comparisonCommandLine } from '../export/commandLine.ts';
import { OffaxisError, toWireError, type WireError } from '../protocol/errors.ts';
import type { GpuReport } from '../protocol/gpu.ts';
import type { ComparisonResult } from '../protocol/results.ts';
import type { ComparisonState, ComparisonToView } from '../protocol/views.ts';
import { startsUnasked } from './cost.ts';
import { shortNames } from './names.ts';
import { ComparisonResults, type ResultBatch } from './results.ts';
import { fingerprint, type ComparisonSpec, type ComparisonStore } from './store.ts';

/** At most ten messages a second reach the page. */
export const BATCH_MS = 100;
/** The summary may take this share of the host's time while results stream in. */
const SUMMARY_SHARE = 0.05;
/** A window that is closed in the middle of a run loses at most this much of it. */
const SAVE_MS = 15_000;
const PORTION = 64;
const STALE: WireError = {
  code: 'bad-file',
  message: 'These figures were computed before the files changed on disk. Press Retry to compute them again.',
};

export interface ControllerServices {
  engine: Pick<EngineClient, 'call' | 'stream' | 'allowRestart'>;
  store: ComparisonStore;
  log: EngineLog;
  /** what is worth a line about where spectra are computed; null where nothing is */
  gpuNotice?(gpu: GpuReport): string | null;
  /** null: nothing runs any more */
  onActivity(text: string | null): void;
  watchFolder: WatchFolder;
}

type ComparisonKnown = Pick<ComparisonState, 'base' | 'tuned' | 'baseName' | 'tunedName' | 'plan'> & {
  tensors: ComparisonResults['tensors'];
  details: ComparisonResults['details'];
};

export class ComparisonController {
  private readonly results = new ComparisonResults();
  private state: ComparisonState;
  private post: ((message: ComparisonToView) => void) | undefined;
  private batch: ResultBatch = { tensors: [], details: [], failed: [] };
  private timer: NodeJS.Timeout | undefined;
  private work: { abort: AbortController; ended: Promise<void>; run?: ComparisonRun } | undefined;
  private summaryAllowedAt = 0;
  private savedAt = 0;
  /** restored results of other bytes than those on disk now */
  private stale = false;
  private readonly disk: { base: DiskMonitor; tuned: DiskMonitor };

  constructor(
    readonly spec: ComparisonSpec,
    private readonly services: ControllerServices,
  ) {
    const monitor = (path: string): DiskMonitor =>
      new DiskMonitor(path, services.watchFolder, (change) => {
        // Figures of two steps in one comparison would be of neither.
        if (change) this.cancel();
        this.tellDisk();
      });
    this.disk = { base: monitor(spec.base), tuned: monitor(spec.tuned) };
    const names = shortNames(spec.base, spec.tuned);
    this.state = {
      ...spec,
      baseName: names.base,
      tunedName: names.tuned,
      commandLine: comparisonCommandLine(spec),
      phase: 'planning',
      plan: null,
      backend: null,
      progress: null,
      error: null,
      notice: null,
      summary: null,
    };
  }

  get title(): string {
    return `${this.state.baseName} → ${this.state.tunedName}`;
  }
  get view(): Readonly<ComparisonState> {
    return this.state;
  }

  /** What is there now, for others to read; the maps are the controller's own and grow. */
  get known(): ComparisonKnown {
    const { base, tuned, baseName, tunedName, plan } = this.state;
    const { tensors, details } = this.results;
    return { base, tuned, baseName, tunedName, plan, tensors, details };
  }

  /** A page said it is ready: it gets everything, and from now on what changes. */
  attach(post: (message: ComparisonToView) => void): void {
    this.post = post;
    this.batch = { tensors: [], details: [], failed: [] };
    post({ type: 'state', state: this.state, reset: true });
    for (const portion of this.results.portions(PORTION)) post({ type: 'results', ...portion });
    if (this.hasChanged) this.tellDisk();
  }

  /** Reads the headers, then computes at once where that is cheap. */
  open(): Promise<void> {
    return this.begin(async (work) => {
      await this.makePlan(work.abort.signal, true);
      if (this.state.phase === 'running') await this.compute(work);
    });
  }

  /** Shows what an earlier window computed; where there is nothing, plans and waits for Start. */
  restore(): Promise<void> {
    return this.begin(async (work) => {
      const stored = await this.services.store.load(this.spec).catch((error: Error) => {
        this.services.log.warn(`stored comparison not readable: ${error.message}`);
        return null;
      });
      if (!stored) return this.makePlan(work.abort.signal, false);
      for (const tensor of stored.tensors) this.results.tensors.set(tensor.name, tensor);
      for (const detail of stored.details) this.results.details.set(detail.name, detail);
      for (const failure of stored.failed) this.results.failed.set(failure.name, failure);
      this.stale = stored.fingerprint !== (await fingerprint(this.spec.base, this.spec.tuned));
      this.update({
        plan: stored.plan,
        backend: stored.backend,
        phase: stored.complete ? 'done' : 'cancelled',
        error: this.stale ? STALE : null,
      });
      this.summarize(true);
      if (this.post) this.attach(this.post);
      if (!this.stale) await this.watchFrom(await this.marks());
    });
  }

  start(): Promise<void> {
    return this.hasChanged ? this.reload() : this.begin((work) => this.compute(work));
  }
  /** The files have changed and the reader wants the new ones: header, plan and figures anew. */
  async reload(): Promise<void> {
    this.cancel();
    await this.work?.ended;
    this.services.engine.allowRestart();
    this.results.clear();
    this.stale = false;
    this.state = { ...this.state, plan: null, summary: null, error: null };
    if (this.post) this.attach(this.post);
    await this.open();
  }
  /** The reader is back: a file system that tells of no changes is asked. */
  async lookAtDisk(): Promise<void> {
    await Promise.all([this.disk.base.look(), this.disk.tuned.look()]);
  }
  resume(): Promise<void> {
    return this.start();
  }

  /** One failed tensor again, or all of them; after a failure of the whole, everything that is left. */
  retry(name?: string): Promise<void> {
    if (this.hasChanged) return this.reload();
    this.services.engine.allowRestart();
    if (this.stale) this.results.clear();
    else if (name === undefined) this.results.failed.clear();
    else this.results.failed.delete(name);
    if (this.post) this.attach(this.post);
    return this.state.plan ? this.start() : this.open();
  }

  dismissNotice(): void {
    this.update({ notice: null });
  }

  cancel(): void {
    this.work?.abort.abort();
  }
  prioritize(name: string): void {
    this.work?.run?.prioritize(name);
  }

  /** The comparison as it stands, for export. Throws bad-parameter before there is anything. */
  result(): ComparisonResult {
    const { plan, backend, parameters } = this.state;
    if (!plan || !backend || this.results.tensors.size === 0)
      throw new OffaxisError(
        'bad-parameter',
        'Nothing has been computed yet, so there is nothing to export. Start the comparison first.',
      );
    const tensors = new Map(this.results.tensors);
    if (parameters.profiles)
      for (const { name, rowDensity, columnDensity } of this.results.details.values()) {
        const tensor = tensors.get(name);
        if (tensor) tensors.set(name, { ...tensor, metrics: { ...tensor.metrics, rowDensity, columnDensity } });
      }
    return assembleComparison(plan, backend, parameters, tensors, [...this.results.failed.values()]);
  }

  /** Ends the work; what was computed is saved. */
  async dispose(): Promise<void> {
    this.post = undefined;
    this.disk.base.dispose();
    this.disk.tuned.dispose();
    this.cancel();
    await this.work?.ended;
    clearTimeout(this.timer);
  }

  private get hasChanged(): boolean {
    return this.disk.base.current !== null || this.disk.tuned.current !== null;
  }
  private marks(): Promise<[DiskMark, DiskMark]> {
    return Promise.all([this.disk.base.mark(), this.disk.tuned.mark()]);
  }
  private async watchFrom([base, tuned]: [DiskMark, DiskMark]): Promise<void> {
    await Promise.all([this.disk.base.accept(base), this.disk.tuned.accept(tuned)]);
  }
  private tellDisk(): void {
    this.post?.({ type: 'disk', base: this.disk.base.current, tuned: this.disk.tuned.current });
  }

  /** One piece of work at a time; errors end in the state. */
  private async begin(body: (work: NonNullable<ComparisonController['work']>) => Promise<void>): Promise<void> {
    if (this.work) return this.work.ended;
    const abort = new AbortController();
    const work = { abort, ended: Promise.resolve() };
    this.work = work;
    work.ended = body(work)
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.work = undefined;
        this.services.onActivity(null);
      });
    await work.ended;
  }

  private async makePlan(signal: AbortSignal, startCheap: boolean): Promise<void> {
    this.update({ phase: 'planning', error: null, progress: null });
    const { engine } = this.services;
    const marks = await this.marks();
    const plan = await engine.call('plan', this.spec, signal);
    await this.watchFrom(marks);
    const { kind, name, precision, threads, gpu } = await engine.call('info', {}, signal);
    this.update({
      phase: startCheap && startsUnasked(plan) ? 'running' : 'planned',
      plan,
      backend: { kind, name, precision, threads },
      notice: this.services.gpuNotice?.(gpu) ?? this.state.notice,
    });
  }

  private async compute(work: NonNullable<ComparisonController['work']>): Promise<void> {
    const started = performance.now();
    const { log, engine } = this.services;
    const done = this.state.plan ? [...this.results.finished(this.state.plan), ...this.results.failed.keys()] : [];
    const run = new ComparisonRun(engine, { runId: randomUUID(), ...this.spec, done }, work.abort.signal);
    work.run = run;
    if (this.stale) await this.watchFrom(await this.marks());
    this.stale = false;
    this.update({ phase: 'running', error: null, progress: null });
    log.info(`comparing ${this.spec.base} with ${this.spec.tuned}, ${done.length} tensors already done`);
    const mark = await fingerprint(this.spec.base, this.spec.tuned);
    this.savedAt = performance.now();
    try {
      for await (const event of run.events()) {
        if (event.type === 'plan') this.update({ plan: event.plan, backend: event.backend });
        else if (event.type === 'progress') this.progress(event);
        else if (event.type !== 'summary') this.collect(event);
        if (performance.now() - this.savedAt > SAVE_MS) await this.save(false, mark);
      }
      this.update({ phase: 'done', progress: null });
      log.info(
        `compared in ${((performance.now() - started) / 1000).toFixed(1)} s on ${this.state.backend?.name ?? 'no backend'}`,
      );
    } finally {
      this.summarize(true);
      this.flush();
      await this.save(this.state.phase === 'done', mark);
    }
  }

  private progress({ phase, done, total, secondsLeft }: NonNullable<ComparisonState['progress']>): void {
    this.state = { ...this.state, progress: { phase, done, total, secondsLeft } };
    this.services.onActivity(`${this.title}: ${done} of ${total} ${phase === 'spectra' ? 'matrices' : 'tensors'}`);
    this.schedule();
  }

  private collect(event: Parameters<ComparisonResults['add']>[0]): void {
    this.results.add(event);
    if (event.type === 'failed') {
      this.batch.failed.push({ name: event.name, error: event.error });
      this.services.log.warn(`${event.name}: ${event.error.message}`);
    } else {
      const tensor = this.results.tensors.get(event.tensor.name);
      if (tensor) this.batch.tensors.push(tensor);
      if (event.type === 'matrix') this.batch.details.push(event.detail);
    }
    this.schedule();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.summarize(false);
      this.flush();
    }, BATCH_MS);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { batch } = this;
    this.batch = { tensors: [], details: [], failed: [] };
    if (batch.tensors.length || batch.failed.length) this.post?.({ type: 'results', ...batch });
    this.post?.({ type: 'state', state: this.state, reset: false });
  }

  /** Model-level figures of what is there; during a run only as often as they are cheap. */
  private summarize(always: boolean): void {
    const begin = performance.now();
    if (!this.state.plan || this.results.tensors.size === 0 || (!always && begin < this.summaryAllowedAt)) return;
    const summary = summaryOf(this.state.plan, this.results.tensors, [...this.results.failed.values()]);
    this.state = { ...this.state, summary };
    const end = performance.now();
    this.summaryAllowedAt = end + (end - begin) / SUMMARY_SHARE;
  }

  private update(change: Partial<ComparisonState>): void {
    this.state = { ...this.state, ...change };
    this.flush();
  }

  private failed(error: unknown): void {
    const wire: WireError = toWireError(error);
    if (wire.code === 'cancelled')
      return this.update({
        phase: this.state.plan ? 'cancelled' : 'failed',
        progress: null,
        error: this.state.plan ? null : wire,
      });
    this.services.log.error(`${this.title}: ${wire.message}`);
    if (wire.code === 'bug' && error instanceof Error) this.services.log.debug(error.stack ?? '');
    this.update({ phase: 'failed', progress: null, error: wire });
  }

  private async save(complete: boolean, mark: string): Promise<void> {
    const { plan, backend } = this.state;
    if (!plan || !backend || this.results.tensors.size === 0) return;
    const { tensors, details, failed } = this.results;
    const stored = { spec: this.spec, plan, backend, complete, fingerprint: mark };
    try {
      await this.services.store.save({
        ...stored,
        tensors: [...tensors.values()],
        details: [...details.values()],
        failed: [...failed.values()],
      });
    } catch (error) {
      // The results are on show all the same; only a reload would compute them again.
      this.services.log.warn(`results not saved: ${(error as Error).message}`);
    }
    this.savedAt = performance.now();
  }
}
