/** Calls of one kind that come close together, done as one batch. */
import { OffaxisError } from '../../protocol/errors.ts';

/** A batch that is not full waits so long for one more call: a matrix is read from the file in that time. */
const WAIT_MS = 25;

interface Waiting<J, R> {
  job: J;
  signal: AbortSignal | undefined;
  resolve(result: R): void;
  reject(error: Error): void;
}
interface Group<J, R> {
  width: number;
  waiting: Waiting<J, R>[];
}

/**
 * Gathers jobs by a key into batches, of which `lanes` are at work at once: one on the device while the other one uploads, or waits for
 * the CPU. A job alone is a batch too when nothing else comes.
 */
export class Gatherer<J, R> {
  private readonly groups = new Map<string, Group<J, R>>();
  private working = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private closed: OffaxisError | null = null;

  /** `run` gives one result a job, in order. Its signal fires when every job of the batch has been cancelled. */
  constructor(
    private readonly lanes: number,
    private readonly run: (jobs: J[], signal: AbortSignal) => Promise<R[]>,
  ) {}

  /** `width`: most jobs of this key in a batch. Throws cancelled as soon as the signal fires, and what the batch throws. */
  add(key: string, width: number, job: J, signal?: AbortSignal): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (this.closed) return reject(this.closed);
      if (signal?.aborted) return reject(new OffaxisError('cancelled', 'Cancelled.'));
      const group = this.groups.get(key) ?? { width, waiting: [] };
      this.groups.set(key, group);
      const cancel = (): void => {
        const at = group.waiting.indexOf(item);
        if (at >= 0) group.waiting.splice(at, 1);
        reject(new OffaxisError('cancelled', 'Cancelled.'));
      };
      const settled = (): void => signal?.removeEventListener('abort', cancel);
      const item: Waiting<J, R> = {
        ...{ job, signal },
        resolve: (result) => {
          settled();
          resolve(result);
        },
        reject: (error: Error) => {
          settled();
          reject(error);
        },
      };
      signal?.addEventListener('abort', cancel, { once: true });
      group.waiting.push(item);
      this.start(false);
    });
  }

  /** Rejects what waits and what comes. Batches at work end on their own. */
  close(): void {
    this.closed = new OffaxisError('cancelled', 'Cancelled: the GPU is no longer used.');
    if (this.timer) clearTimeout(this.timer);
    for (const { waiting } of this.groups.values()) for (const item of waiting.splice(0)) item.reject(this.closed);
  }

  private start(waited: boolean): void {
    while (this.working < this.lanes) {
      const groups = [...this.groups.values()].filter(({ waiting }) => waiting.length > 0);
      const full = groups.find(({ width, waiting }) => waiting.length >= width);
      const next =
        full ??
        (waited ? groups.reduce((a, b) => (b.waiting.length > a.waiting.length ? b : a), groups[0] as never) : null);
      if (!next) {
        if (groups.length > 0 && !this.timer)
          this.timer = setTimeout(() => {
            this.timer = null;
            this.start(true);
          }, WAIT_MS);
        return;
      }
      void this.work(next.waiting.splice(0, next.width));
      waited = false;
    }
  }

  private async work(items: Waiting<J, R>[]): Promise<void> {
    this.working++;
    const all = new AbortController();
    const check = (): void => {
      if (items.every(({ signal }) => signal?.aborted)) all.abort();
    };
    for (const { signal } of items) signal?.addEventListener('abort', check, { once: true });
    try {
      const results = await this.run(
        items.map(({ job }) => job),
        all.signal,
      );
      for (const [i, item] of items.entries()) item.resolve(results[i] as R);
    } catch (error) {
      const reason = error instanceof Error ? error : new OffaxisError('bug', String(error));
      for (const item of items) item.reject(reason);
    } finally {
      for (const { signal } of items) signal?.removeEventListener('abort', check);
      this.working--;
      if (!this.closed) this.start(false);
    }
  }
}
