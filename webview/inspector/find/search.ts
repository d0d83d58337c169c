/** The rows that pass a filter, found in slices, so that typing stays fluid over half a million names. */

/** A slice takes no longer than this: two slices and a drawing fit into three frames. */
const SLICE_MS = 16;
/** The clock is read once for so many rows. */
const STEP = 256;

export interface SearchOptions {
  now?: () => number;
  /** runs the rest later; gives the way to call that off */
  later?: (rest: () => void) => () => void;
}

export class Search<T> {
  private calledOff: (() => void) | null = null;
  private readonly now: () => number;
  private readonly later: (rest: () => void) => () => void;

  constructor({ now, later }: SearchOptions = {}) {
    this.now = now ?? (() => performance.now());
    this.later =
      later ??
      ((rest) => {
        const timer = setTimeout(rest);
        return () => clearTimeout(timer);
      });
  }

  /** Calls `done` once with all rows that pass: before it returns if one slice is enough. An earlier run ends without an answer. */
  run(rows: readonly T[], test: (row: T) => boolean, done: (found: readonly T[]) => void): void {
    this.cancel();
    const found: T[] = [];
    let at = 0;
    const slice = (): void => {
      this.calledOff = null;
      const end = this.now() + SLICE_MS;
      while (at < rows.length) {
        const stop = Math.min(rows.length, at + STEP);
        for (; at < stop; at++) {
          const row = rows[at];
          if (row !== undefined && test(row)) found.push(row);
        }
        if (at < rows.length && this.now() >= end) {
          this.calledOff = this.later(slice);
          return;
        }
      }
      done(found);
    };
    slice();
  }
  get isRunning(): boolean {
    return this.calledOff !== null;
  }
  cancel(): void {
    this.calledOff?.();
    this.calledOff = null;
  }
}
