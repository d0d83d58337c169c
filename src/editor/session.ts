/** One opened checkpoint: its facts, what was computed of it, and what its pages are told. Knows nothing of VS Code. */
import { isRemote } from '../bytes/index.ts';
import type { EngineClient } from '../engine/client.ts';
import { inspectionEvents } from '../engine/inspectionRun.ts';
import type { EngineLog } from '../engine/launch.ts';
import type { CheckpointFacts, InspectionEvent, TensorSpectrum, TensorStatistics } from '../protocol/engine.ts';
import { toWireError, type WireError } from '../protocol/errors.ts';
import { unpackFacts, type PackedFacts } from '../protocol/packedFacts.ts';
import type { InspectorToView, Progress } from '../protocol/views.ts';
import { AdapterUpdates } from './adapterUpdates.ts';
import { CheckpointHealth } from './health.ts';
import { DiskMonitor, type WatchFolder } from '../host/diskMonitor.ts';

/** At most ten messages a second reach a page. */
const BATCH_MS = 100;
/** Nobody pays for more of a connection without having been asked: as of a comparison. */
const MOST_UNASKED_BYTES = 1e8;
/** A page of rows; more are asked for when they come into view. */
const PORTION = 256;

export interface SessionServices {
  engine: Pick<EngineClient, 'call' | 'stream' | 'allowRestart' | 'wake'>;
  log: EngineLog;
  baseSelected(): string | null;
  onActivity(text: string | null): void;
  watchFolder: WatchFolder;
  /** Whether the reader agrees to so many bytes from a remote address. */
  mayDownload(bytes: number): Promise<boolean>;
}
type Post = (message: InspectorToView) => void;
type Analysis = 'statistics' | 'spectra';

/** Results of an open checkpoint; the maps are the session's own and grow. */
export interface InspectorResults {
  path: string;
  facts: CheckpointFacts | null;
  statistics: ReadonlyMap<string, TensorStatistics>;
  /** by name of the matrix */
  spectra: ReadonlyMap<string, TensorSpectrum>;
}

export class InspectorSession {
  private packed: PackedFacts | undefined;
  private unpacked: CheckpointFacts | undefined;
  private error: WireError | undefined;
  private opening: Promise<void> | undefined;
  /** matrices at once, asked when the first are wanted: the answer waits for the search of a GPU */
  private threads: number | undefined;
  private progress: Progress | null = null;
  private readonly pages = new Set<Post>();
  private readonly statistics = new Map<string, TensorStatistics>();
  private readonly spectra = new Map<string, TensorSpectrum>();
  private readonly failures = new Map<string, WireError>();
  private readonly runs = new Map<Analysis, AbortController>();
  /** tensors whose statistics are wanted next: those in view now, not those of a page that was scrolled past */
  private wanted: string[] = [];
  private fresh: { statistics: TensorStatistics[]; spectra: TensorSpectrum[] } = { statistics: [], spectra: [] };
  private timer: NodeJS.Timeout | undefined;
  private readonly disk: DiskMonitor;
  private readonly health: CheckpointHealth;
  private readonly updates: AdapterUpdates;
  private readonly activities = new Map<'spectra' | 'scan', string>();

  /** `refusal`: why this file is not opened at all. */
  constructor(
    readonly path: string,
    private readonly services: SessionServices,
    private readonly refusal?: WireError,
  ) {
    this.health = new CheckpointHealth(path, {
      engine: services.engine,
      log: services.log,
      tell: (message) => this.tell(message),
      onActivity: (text) => this.report('scan', text),
    });
    const { engine, log } = services;
    this.updates = new AdapterUpdates(path, { engine, log, tell: (message) => this.tell(message) });
    this.disk = new DiskMonitor(path, services.watchFolder, (change) => {
      // Bytes read from now on would be those of another step.
      if (change) {
        this.cancel();
        this.health.cancel();
      }
      this.tell({ type: 'disk', change });
    });
  }

  /** The pages take them packed, so that large ones are unpacked here only when they are asked for. */
  private get facts(): CheckpointFacts | undefined {
    return (this.unpacked ??= this.packed && unpackFacts(this.packed));
  }
  /** What is there now, for others to read. */
  get known(): InspectorResults {
    return { path: this.path, facts: this.facts ?? null, statistics: this.statistics, spectra: this.spectra };
  }

  /** Begins to read before there is a page: both take their time. */
  prepare(): void {
    void this.open();
  }
  /** A page said it is ready. Returns the way to let go of it. */
  async attach(post: Post): Promise<() => void> {
    this.pages.add(post);
    await this.open();
    this.show(post);
    return () => void this.pages.delete(post);
  }

  /** Statistics of the tensors in view; those that are there or under way are not computed again. */
  requestStatistics(tensors: string[]): void {
    if (this.disk.current) return;
    this.wanted = tensors.filter((name) => !this.statistics.has(name) && !this.failures.has(name));
    if (!this.runs.has('statistics')) void this.serveWanted();
  }

  /** Spectra of these tensors; of all block matrices when none is named. */
  async requestSpectra(tensors: string[]): Promise<void> {
    if (this.runs.has('spectra') || this.disk.current) return;
    const rows = this.facts?.tensors ?? [];
    const computed = new Set([...this.spectra.values()].map((spectrum) => spectrum.tensor));
    const names = tensors.length
      ? tensors
      : rows.filter((row) => row.spectral && !row.missing && row.role === 'block').map((row) => row.name);
    const left = new Set(names.filter((name) => !computed.has(name)));
    const bytes = rows.reduce((sum, row) => sum + (left.has(row.name) ? row.sizeBytes : 0), 0);
    if (!(await this.agreed(bytes)) || this.runs.has('spectra')) return;
    for (const name of names) this.failures.delete(name);
    void this.run('spectra', [...left]);
  }
  /** What is read anyway, from disk, needs nobody's leave. */
  private async agreed(bytes: number): Promise<boolean> {
    return !isRemote(this.path) || bytes <= MOST_UNASKED_BYTES || (await this.services.mayDownload(bytes));
  }

  /** What an adapter does by itself. */
  async requestUpdates(): Promise<void> {
    if (!this.disk.current) await this.updates.request();
  }

  /** Problems of the header and of every value; a second wish while one runs changes nothing. */
  async scan(): Promise<void> {
    if (!this.disk.current && (await this.agreed(this.packed?.sizeBytes ?? 0))) await this.health.scan();
  }
  cancelScan(): void {
    this.health.cancelScan();
  }
  /** SHA-256 of a tensor, or of every file (null). */
  async digest(tensor: string | null): Promise<void> {
    const row = tensor === null ? this.packed : this.facts?.tensors.find(({ name }) => name === tensor);
    if (!this.disk.current && (await this.agreed(row?.sizeBytes ?? 0))) await this.health.digest(tensor);
  }
  cancelDigest(): void {
    this.health.cancelDigest();
  }

  cancel(): void {
    for (const run of this.runs.values()) run.abort();
    this.updates.cancel();
    this.wanted = [];
  }

  /** The reader's Retry or Reload: everything anew. A file that cannot be opened now leaves what was read before on show. */
  async reload(): Promise<void> {
    this.services.engine.allowRestart();
    this.cancel();
    await this.opening;
    await this.readAnew();
    for (const post of this.pages) this.show(post);
  }
  /** The reader is back: a file system that tells of no changes is asked. */
  async lookAtDisk(): Promise<void> {
    await this.disk.look();
  }

  /** Another base was selected. */
  refreshFacts(): void {
    for (const post of this.pages) this.showFacts(post);
  }

  dispose(): void {
    this.cancel();
    this.health.cancel();
    this.pages.clear();
    this.disk.dispose();
    clearTimeout(this.timer);
  }

  private open(): Promise<void> {
    if (this.packed || this.error) return Promise.resolve();
    return this.readAnew();
  }
  private readAnew(): Promise<void> {
    this.opening ??= this.readFacts().finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  private async readFacts(): Promise<void> {
    if (this.refusal) {
      this.error = this.refusal;
      return;
    }
    const start = performance.now();
    try {
      // its start takes about as long as the mark
      this.services.engine.wake();
      const mark = await this.disk.mark();
      const packed = await this.services.engine.call('open', { path: this.path });
      this.statistics.clear();
      this.spectra.clear();
      this.failures.clear();
      this.health.clear();
      this.updates.clear();
      this.packed = packed;
      this.unpacked = undefined;
      this.error = undefined;
      // not waited for: the rows are there, and what has changed since is told as it is seen
      void this.disk.accept(mark);
      const tensors = Object.values(packed.dtypes).reduce((sum, count) => sum + count, 0);
      this.services.log.info(
        `opened ${this.path}: ${tensors} tensors at hand in ${(performance.now() - start).toFixed(0)} ms`,
      );
    } catch (error) {
      this.error = toWireError(error);
      this.services.log.error(`${this.path}: ${this.error.message}`);
    }
  }

  private showFacts(post: Post): void {
    if (!this.packed) return;
    const facts = { type: 'facts', facts: this.packed, baseSelected: this.services.baseSelected() } as const;
    post(isRemote(this.path) ? { ...facts, remote: true } : facts);
  }

  private show(post: Post): void {
    this.showFacts(post);
    if (this.disk.current) post({ type: 'disk', change: this.disk.current });
    if (this.error) post({ type: 'error', error: this.error });
    if (this.statistics.size) post({ type: 'statistics', values: [...this.statistics.values()] });
    if (this.spectra.size) post({ type: 'spectra', values: [...this.spectra.values()] });
    for (const [name, error] of this.failures) post({ type: 'failed', name, error });
    if (this.progress) post({ type: 'progress', progress: this.progress });
    this.health.show(post);
    this.updates.show(post);
  }

  private async serveWanted(): Promise<void> {
    while (this.wanted.length) await this.run('statistics', this.wanted.splice(0, PORTION));
  }

  private async run(analysis: Analysis, tensors: string[]): Promise<void> {
    if (tensors.length === 0) return;
    const abort = new AbortController();
    this.runs.set(analysis, abort);
    const counted = { done: 0, total: tensors.length };
    try {
      if (analysis === 'spectra') this.tellProgress({ phase: analysis, ...counted, secondsLeft: null });
      this.threads ??= (await this.services.engine.call('info', {}, abort.signal)).threads;
      const request = { path: this.path, tensors, analysis, parallelism: this.threads };
      for await (const event of inspectionEvents(this.services.engine, request, abort.signal)) {
        if (event.type === 'progress') Object.assign(counted, { done: event.done, total: event.total });
        this.collect(event, analysis);
      }
    } catch (error) {
      const wire = toWireError(error);
      this.flush();
      if (wire.code !== 'cancelled') {
        this.services.log.error(`${this.path}: ${wire.message}`);
        this.tell({ type: 'error', error: wire });
      } else if (analysis === 'spectra') this.tell({ type: 'cancelled', ...counted });
    } finally {
      this.flush();
      this.runs.delete(analysis);
      if (analysis === 'spectra') this.tellProgress(null);
    }
  }

  private collect(event: InspectionEvent, analysis: Analysis): void {
    if (event.type === 'progress') {
      // Statistics of a page of rows take a moment; a progress line would only flicker.
      if (analysis === 'spectra')
        this.progress = { phase: analysis, done: event.done, total: event.total, secondsLeft: event.secondsLeft };
    } else if (event.type === 'failed') {
      this.failures.set(event.name, event.error);
      this.tell({ type: 'failed', name: event.name, error: event.error });
    } else if (event.type === 'statistics') {
      this.statistics.set(event.value.name, event.value);
      this.fresh.statistics.push(event.value);
    } else if (event.type === 'spectrum') {
      this.spectra.set(event.value.name, event.value);
      this.fresh.spectra.push(event.value);
    }
    this.timer ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { statistics, spectra } = this.fresh;
    this.fresh = { statistics: [], spectra: [] };
    if (statistics.length) this.tell({ type: 'statistics', values: statistics });
    if (spectra.length) this.tell({ type: 'spectra', values: spectra });
    if (this.progress) this.tellProgress(this.progress);
  }

  private tellProgress(progress: Progress | null): void {
    this.progress = progress;
    this.report('spectra', progress && `spectra: ${progress.done} of ${progress.total}`);
    this.tell({ type: 'progress', progress });
  }
  private report(what: 'spectra' | 'scan', text: string | null): void {
    if (text === null) this.activities.delete(what);
    else this.activities.set(what, text);
    this.services.onActivity([...this.activities.values()].join(', ') || null);
  }
  private tell(message: InspectorToView): void {
    for (const post of this.pages) post(message);
  }
}
