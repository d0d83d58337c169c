/** Health of one opened checkpoint: a scan for problems and SHA-256 digests, each run at most once at a time. Knows nothing of VS Code. */
import type { EngineClient } from '../engine/client.ts';
import type { EngineLog } from '../engine/launch.ts';
import { toWireError } from '../protocol/errors.ts';
import { FindingList } from '../protocol/forPage.ts';
import type { Digest, DigestEvent, ScanEvent } from '../protocol/health.ts';
import type { DigestRun, InspectorToView, ScanRun } from '../protocol/views.ts';

/** At most ten messages a second reach a page. */
const BATCH_MS = 100;

export interface HealthServices {
  engine: Pick<EngineClient, 'stream'>;
  log: EngineLog;
  tell(message: InspectorToView): void;
  onActivity(text: string | null): void;
}

export class CheckpointHealth {
  private scanRun: ScanRun | null = null;
  private found = new FindingList();
  private digestRun: DigestRun | null = null;
  private readonly digests = new Map<string, Digest>();
  private scanAbort: AbortController | undefined;
  private digestAbort: AbortController | undefined;
  private told = 0;

  constructor(
    private readonly path: string,
    private readonly services: HealthServices,
  ) {}

  /** For a page that has just come. */
  show(post: (message: InspectorToView) => void): void {
    if (this.scanRun) post({ type: 'scan', run: this.scanRun });
    if (this.digests.size || this.digestRun)
      post({ type: 'digests', values: [...this.digests.values()], run: this.digestRun });
  }
  /** The file was read anew: what was found is of another one. */
  clear(): void {
    this.cancel();
    this.scanRun = null;
    this.digestRun = null;
    this.digests.clear();
  }
  cancel(): void {
    this.cancelScan();
    this.cancelDigest();
  }
  cancelScan(): void {
    this.scanAbort?.abort();
  }
  cancelDigest(): void {
    this.digestAbort?.abort();
  }

  /** A second call while one runs changes nothing. */
  async scan(): Promise<void> {
    if (this.scanAbort) return;
    const abort = (this.scanAbort = new AbortController());
    const run: ScanRun = {
      state: 'running',
      findings: [],
      findingsLeftOut: 0,
      coverage: null,
      done: 0,
      total: 0,
      secondsLeft: null,
      error: null,
    };
    this.scanRun = run;
    this.found = new FindingList();
    this.tellScan(true);
    try {
      for await (const event of this.services.engine.stream('scan', { path: this.path }, abort.signal)) {
        apply(run, this.found, event);
        this.tellScan(false);
      }
      run.state = 'done';
    } catch (error) {
      const wire = toWireError(error);
      run.state = abort.signal.aborted ? 'cancelled' : 'failed';
      if (run.state === 'failed') {
        run.error = wire;
        this.services.log.error(`scan of ${this.path}: ${wire.message}`);
      }
    } finally {
      this.scanAbort = undefined;
      // A scan that a reload swept away has nobody to tell.
      if (this.scanRun === run) this.tellScan(true);
      this.services.onActivity(null);
    }
  }

  /** Of every file, or of one tensor. */
  async digest(tensor: string | null): Promise<void> {
    if (this.digestAbort) return;
    const abort = (this.digestAbort = new AbortController());
    const run: DigestRun = { tensor, done: 0, total: 0, message: null };
    this.digestRun = run;
    this.tellDigests();
    const params = { path: this.path, files: tensor === null, tensors: tensor === null ? [] : [tensor] };
    try {
      for await (const event of this.services.engine.stream('digest', params, abort.signal)) this.collect(run, event);
    } catch (error) {
      const { code, message } = toWireError(error);
      if (code !== 'cancelled') {
        run.message = message;
        this.services.log.error(`SHA-256 of ${this.path}: ${message}`);
      }
    } finally {
      this.digestAbort = undefined;
      if (this.digestRun === run) {
        // What went wrong stays on show until the next try.
        if (run.message === null) this.digestRun = null;
        this.tellDigests();
      }
    }
  }

  private collect(run: DigestRun, event: DigestEvent): void {
    if (event.type === 'digest') this.digests.set(`${event.digest.of} ${event.digest.name}`, event.digest);
    else if (event.type === 'failed') run.message = event.message;
    else {
      Object.assign(run, { done: event.done, total: event.total });
      const now = performance.now();
      if (now - this.told < BATCH_MS) return;
      this.told = now;
    }
    this.tellDigests();
  }
  private tellDigests(): void {
    this.services.tell({ type: 'digests', values: [...this.digests.values()], run: this.digestRun });
  }
  private tellScan(now: boolean): void {
    const { scanRun } = this;
    const time = performance.now();
    if (!scanRun || (!now && time - this.told < BATCH_MS)) return;
    this.told = time;
    Object.assign(scanRun, { findings: this.found.shown, findingsLeftOut: this.found.leftOut });
    const percent = scanRun.total ? Math.floor((100 * scanRun.done) / scanRun.total) : 0;
    this.services.onActivity(scanRun.state === 'running' ? `scan: ${percent} %` : null);
    this.services.tell({ type: 'scan', run: scanRun });
  }
}

function apply(run: ScanRun, found: FindingList, event: ScanEvent): void {
  if (event.type === 'finding') found.add(event.finding);
  else if (event.type === 'coverage') run.coverage = event.coverage;
  else Object.assign(run, { done: event.done, total: event.total, secondsLeft: event.secondsLeft });
}
