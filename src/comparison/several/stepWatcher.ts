/**
 * A folder in which a training run writes its steps: which new ones there are, and whether they are complete. Knows nothing of VS Code.
 * A step is complete if its headers parse, no file is missing or ends early, and nothing of it has changed from one look to the next.
 */
import type { Step } from '../../checkpoint/steps.ts';
import { OffaxisError, toWireError } from '../../protocol/errors.ts';
import type { NewStep } from '../../protocol/severalViews.ts';

export interface StepFolder {
  /** the steps whose names are there, ascending */
  list(): Promise<Step[]>;
  /** stamps of a step's files: another text if one has changed; empty if there is none */
  mark(path: string): Promise<string>;
  /** why a step can't be read whole as it lies there; null: it can */
  whyNot(path: string): Promise<string | null>;
  /** calls back when something appears or goes; not every file system tells */
  watch(changed: () => void): { dispose(): void };
}

/** Between two looks at a step that is being written, at first; */
const LOOK_MS = 1000;
/** as long as it does not change the pauses grow up to this one. */
const SLOW_MS = 8000;
/** Between two looks at the names: for file systems that tell of no changes. */
const IDLE_MS = 10_000;

interface Seen {
  mark: string;
  /** null: it could be read at the last look */
  waiting: string | null;
  /** looks at which it was whole and unchanged, 2 at most */
  looks: number;
}

export class StepWatcher {
  private readonly seen = new Map<string, Seen>();
  private fresh: NewStep[] = [];
  private watching: { dispose(): void } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pause = LOOK_MS;
  private looking: Promise<void> | undefined;
  private disposed = false;

  /** `isKnown`: a step that is shown already, or is none of this run. `lookMs`: of a test, which does not wait. */
  constructor(
    private readonly folder: StepFolder,
    private readonly isKnown: (step: Step) => boolean,
    private readonly onChange: (fresh: NewStep[]) => void,
    private readonly lookMs = LOOK_MS,
  ) {}

  /** Ascending, those that are shown left out. */
  get current(): NewStep[] {
    return this.fresh.filter((step) => !this.isKnown(step));
  }

  /** From now on `onChange` is called with what is new. */
  start(): void {
    this.watching ??= this.folder.watch(() => this.soon());
    this.soon();
  }

  /** Looks until every step that can be read was found unchanged twice: what is not complete then is being written. */
  async settle(signal: AbortSignal): Promise<NewStep[]> {
    for (;;) {
      await this.look();
      const isUnsure = [...this.seen.values()].some(({ waiting, looks }) => waiting === null && looks < 2);
      if (!isUnsure || this.disposed) return this.current;
      await new Promise<void>((resolve, reject) => {
        const stop = (): void => {
          clearTimeout(timer);
          reject(new OffaxisError('cancelled', 'Cancelled.'));
        };
        const timer = setTimeout(() => {
          signal.removeEventListener('abort', stop);
          resolve();
        }, this.lookMs);
        signal.addEventListener('abort', stop, { once: true });
      });
    }
  }

  /** One look; a second call during it waits for the same. Never throws. */
  look(): Promise<void> {
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.watching?.dispose();
  }

  private async lookOnce(): Promise<void> {
    // A folder that is gone, or one with names of two kinds, holds nothing new.
    const steps = (await this.folder.list().catch(() => [])).filter((step) => !this.isKnown(step));
    const paths = new Set(steps.map(({ path }) => path));
    for (const path of [...this.seen.keys()]) if (!paths.has(path)) this.seen.delete(path);
    const before = JSON.stringify(this.fresh);
    const fresh: NewStep[] = [];
    for (const { step, path } of steps) {
      const { waiting, looks } = await this.lookAt(path);
      fresh.push({ step, path, waiting: waiting ?? (looks < 2 ? 'It was written a moment ago.' : null) });
    }
    this.fresh = fresh;
    if (!this.disposed && JSON.stringify(fresh) !== before) {
      this.pause = this.lookMs;
      this.onChange(this.current);
    } else this.pause = Math.min(this.pause * 1.5, SLOW_MS);
    if (this.watching) this.again();
  }

  private async lookAt(path: string): Promise<Seen> {
    const last = this.seen.get(path);
    if (last?.looks === 2) {
      // complete; if a trainer writes it anew, what is shown of it says so at its next reading
      return last;
    }
    const mark = await this.folder.mark(path).catch(() => '');
    const isSame = last !== undefined && last.mark === mark;
    // what could not be read is not read again before it has changed
    if (isSame && last.waiting !== null) return last;
    let waiting: string | null;
    try {
      waiting = mark === '' ? 'It holds no weights yet.' : await this.folder.whyNot(path);
    } catch (error) {
      waiting = toWireError(error).message;
      // the engine's trouble, not the file's: asked again at the next look
      if (toWireError(error).code !== 'bad-file') {
        this.seen.delete(path);
        return { mark, waiting, looks: 0 };
      }
    }
    const seen: Seen = { mark, waiting, looks: waiting !== null ? 0 : isSame ? last.looks + 1 : 1 };
    this.seen.set(path, seen);
    return seen;
  }

  /** A word from the file system: a look soon, the pauses short again. */
  private soon(): void {
    if (this.disposed) return;
    this.pause = this.lookMs;
    this.again();
  }
  private again(): void {
    clearTimeout(this.timer);
    if (this.disposed) return;
    const isPending = this.fresh.some(({ waiting }) => waiting !== null) || this.pause === this.lookMs;
    this.timer = setTimeout(() => void this.look(), isPending ? this.pause : IDLE_MS);
    this.timer.unref();
  }
}
