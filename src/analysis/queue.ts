/** Work on several items at once, results in the order in which they come. */
import { throwIfAborted, toWireError, type WireError } from '../protocol/errors.ts';

/** Items still to be done; one of them can be moved to the front while the run goes on. */
export class WorkQueue<T extends { name: string }> {
  private readonly items: T[];
  /** Items before this one are taken: `shift` would move all the others. */
  private next = 0;

  constructor(items: readonly T[]) {
    this.items = [...items];
  }
  /** Items that are not taken. */
  get size(): number {
    return this.items.length - this.next;
  }
  /** Over the items that are not taken. */
  sum(cost: (item: T) => number): number {
    let total = 0;
    for (let i = this.next; i < this.items.length; i++) total += cost(this.items[i] as T);
    return total;
  }
  take(): T | undefined {
    const item = this.items[this.next];
    if (item) this.next++;
    return item;
  }
  /** True when the item was still waiting. */
  prioritize(name: string): boolean {
    const at = this.items.findIndex((item, i) => i >= this.next && item.name === name);
    const item = this.items[at];
    if (!item) return false;
    this.items.copyWithin(this.next + 1, this.next, at);
    this.items[this.next] = item;
    return true;
  }
}

export type Outcome<T, R> = { item: T; value: R } | { item: T; error: WireError };

/**
 * Runs `work` on `parallelism` items at a time and yields each outcome as it comes. An item that fails yields its error and the rest
 * goes on; a cancelled run throws `cancelled` once the items under way have stopped.
 */
export async function* runQueue<T extends { name: string }, R>(
  queue: WorkQueue<T>,
  parallelism: number,
  work: (item: T) => Promise<R>,
  signal: AbortSignal,
): AsyncGenerator<Outcome<T, R>, void, undefined> {
  let outcomes: Outcome<T, R>[] = [];
  let wake: () => void = () => undefined;
  let stopped = false;
  let running = 0;
  const lane = async (): Promise<void> => {
    for (let item = queue.take(); item && !stopped && !signal.aborted; item = queue.take()) {
      try {
        // The list of the time after the work: the one before it may have been handed out.
        const value = await work(item);
        outcomes.push({ item, value });
      } catch (error) {
        if (signal.aborted) break;
        outcomes.push({ item, error: toWireError(error) });
      }
      wake();
    }
  };
  const lanes = Array.from({ length: Math.max(1, parallelism) }, () => {
    ++running;
    return lane().finally(() => {
      --running;
      wake();
    });
  });
  try {
    for (;;) {
      const ready = outcomes;
      outcomes = [];
      for (const outcome of ready) yield outcome;
      if (running === 0 && outcomes.length === 0) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (outcomes.length || running === 0) resolve();
      });
    }
    throwIfAborted(signal);
  } finally {
    stopped = true;
    await Promise.all(lanes);
  }
}

/** Weights of a small item. */
const FEW_WEIGHTS = 4096;
const TELL_MS = 50;

/** Seconds left, from the work done so far in units of cost; null until enough is done to tell. */
export class Estimate {
  private done = 0;
  private readonly start = performance.now();

  constructor(private readonly total: number) {}

  add(cost: number): void {
    this.done += cost;
  }
  secondsLeft(): number | null {
    const elapsed = (performance.now() - this.start) / 1000;
    if (this.done <= 0 || elapsed < 0.5) return null;
    return (elapsed * Math.max(0, this.total - this.done)) / this.done;
  }
}

/** Which progress is worth telling: after a small item, of which a checkpoint may have a million, only now and then. */
export class Pace {
  private last = -Infinity;

  /** True for the last of all, after an item that took a while, or if nothing was told for 50 ms. */
  due(isLast: boolean, weights: number): boolean {
    const now = performance.now();
    if (!isLast && weights <= FEW_WEIGHTS && now - this.last < TELL_MS) return false;
    this.last = now;
    return true;
  }
}
