/** Masks of parts, computed ahead of the turn at which they are written. */
import type { MatrixView } from '../../checkpoint/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { greatest } from '../../protocol/lists.ts';

/** A part of a tensor: where its weights lie in it, and their mask, row-major. */
export interface Part {
  name: string;
  view: MatrixView;
  count: number;
  /** that it takes while it is under way: here, and of a thread, which keeps them for what comes after it */
  bytes: { here: number; thread: number };
  compute(signal: AbortSignal): Promise<Computed>;
}
interface Computed {
  mask: Uint8Array;
  illDefined: boolean;
}

/** Weights of the parts that are computed before it is their turn. */
const MOST_AHEAD = 2 ** 26;

/** Parts in their order, of which as many are under way at once as the backend takes. */
export class Ahead {
  private readonly running = new Map<Part, Promise<Computed>>();
  private readonly stop = new AbortController();
  private readonly signal: AbortSignal;
  /** bytes of a thread that had the largest part */
  private readonly thread: number;
  private next = 0;

  constructor(
    private readonly parts: readonly Part[],
    private readonly most: number,
    signal: AbortSignal,
    /** bytes for all that is under way; a part that is alone may take more */
    private readonly budget = Infinity,
  ) {
    this.thread = greatest(
      parts.map(({ bytes }) => bytes.thread),
      0,
    );
    this.signal = AbortSignal.any([signal, this.stop.signal]);
  }

  /** Of the part whose turn it is. Throws what its computation throws. */
  async take(part: Part): Promise<Computed> {
    this.fill();
    const found = await this.running.get(part);
    if (!found) throw new OffaxisError('bug', `The mask of ${part.name} is asked for out of its order.`);
    this.running.delete(part);
    this.fill();
    return found;
  }
  /** What is under way comes to its end. */
  async end(): Promise<void> {
    this.stop.abort();
    await Promise.allSettled(this.running.values());
  }

  private fill(): void {
    const total = (of: (part: Part) => number): number =>
      [...this.running.keys()].reduce((sum, part) => sum + of(part), 0);
    for (let part = this.parts[this.next]; part && this.running.size < this.most; part = this.parts[this.next]) {
      const weights = total(({ count }) => count) + part.count;
      const here = total(({ bytes }) => bytes.here) + part.bytes.here;
      const bytes = here + (this.running.size + 1) * this.thread;
      if (this.running.size > 0 && (weights > MOST_AHEAD || bytes > this.budget)) return;
      const computed = part.compute(this.signal);
      // whoever takes it hears of it
      computed.catch(() => undefined);
      this.running.set(part, computed);
      this.next++;
    }
  }
}
