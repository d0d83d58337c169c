/**
 * What the threads at one pair share, so that an idle thread can take over a part: the tuned side (values and vectors) or the values of
 * the update. A part belongs to whoever claims it first; the thread that owns the pair never waits for a part that nobody has begun.
 */
import type { KernelMemory } from './kernels.ts';
import type { PairPlan } from './pairPlan.ts';
import type { Shape } from './source.ts';

export type Part = 'tuned' | 'update';
const SLOTS: Readonly<Record<Part, number>> = { tuned: 0, update: 1 };
const PRECISION_SLOT = 2;
/** states of a part */
const [FREE, OWNED, TAKEN, DONE, FAILED] = [0, 1, 2, 3, 4];
/** precision of the vectors that were given */
const PRECISIONS = ['none', 'single', 'double'] as const;
type Precision = (typeof PRECISIONS)[number];
/** Between two looks at the cancel flag while waiting. */
const WAIT_MS = 50;

/** Shared memory; pages that nobody writes to are never there. */
export interface SharedParts {
  state: SharedArrayBuffer;
  /** q float64 values */
  values: SharedArrayBuffer;
  /** [q, k] and [big, k] vectors, float32 or float64 */
  X: SharedArrayBuffer;
  U: SharedArrayBuffer;
}
function createShares({ q, big }: Pick<Shape, 'q' | 'big'>, angleRank: number): SharedParts {
  const doubles = (count: number): SharedArrayBuffer => new SharedArrayBuffer(count * 8);
  return {
    state: new SharedArrayBuffer(12),
    values: doubles(q),
    X: doubles(q * angleRank),
    U: doubles(big * angleRank),
  };
}

/** Shares that are used again: what is dropped of shared memory is not collected in time. */
export class ReusedShares {
  private readonly free: SharedParts[] = [];

  take({ q, big }: Shape, angleRank: number): SharedParts {
    const fits = ({ X, U }: SharedParts): boolean =>
      X.byteLength === 8 * q * angleRank && U.byteLength === 8 * big * angleRank;
    const at = this.free.findIndex(fits);
    const [parts = createShares({ q, big }, angleRank)] = at < 0 ? [] : this.free.splice(at, 1);
    new Int32Array(parts.state).fill(FREE);
    return parts;
  }
  /** No thread looks at them any more. Those of one shape are kept, the one that was at work last. */
  give(parts: SharedParts): void {
    if (this.free[0]?.U.byteLength !== parts.U.byteLength) this.free.length = 0;
    this.free.push(parts);
  }
}

export class PairShares {
  private readonly state: Int32Array;
  constructor(private readonly parts: SharedParts) {
    this.state = new Int32Array(parts.state);
  }

  /** Whether nobody has begun with a part. */
  isFree(part: Part): boolean {
    return Atomics.load(this.state, SLOTS[part]) === FREE;
  }
  /** The owner takes a part; false if another thread has. */
  claim(part: Part): boolean {
    return this.swap(part, OWNED);
  }
  /** Another thread takes a part; false if the owner has. */
  take(part: Part): boolean {
    return this.swap(part, TAKEN);
  }
  private swap(part: Part, state: number): boolean {
    return Atomics.compareExchange(this.state, SLOTS[part], FREE, state) === FREE;
  }
  /** The thread that took a part will not give it. */
  fail(part: Part): void {
    Atomics.store(this.state, SLOTS[part], FAILED);
    Atomics.notify(this.state, SLOTS[part]);
  }

  giveTuned(memory: KernelMemory, { tuned }: PairPlan, values: Float64Array, precision: Precision): void {
    new Float64Array(this.parts.values).set(values);
    if (precision !== 'none') {
      const size = precision === 'single' ? 4 : 8;
      for (const side of ['X', 'U'] as const) {
        const length = (this.parts[side].byteLength / 8) * size;
        new Uint8Array(this.parts[side], 0, length).set(memory.bytes(tuned[side], length));
      }
    }
    Atomics.store(this.state, PRECISION_SLOT, PRECISIONS.indexOf(precision));
    Atomics.store(this.state, SLOTS.tuned, DONE);
    Atomics.notify(this.state, SLOTS.tuned);
  }
  /**
   * Waits for the tuned side; its vectors go to `plan.tuned` in the precision asked for. Null if the other thread has failed. Throws
   * cancelled.
   */
  takeTuned(
    memory: KernelMemory,
    { tuned }: PairPlan,
    single: boolean,
    checkCancelled: () => void,
  ): Float64Array | null {
    while (Atomics.load(this.state, SLOTS.tuned) === TAKEN) {
      Atomics.wait(this.state, SLOTS.tuned, TAKEN, WAIT_MS);
      checkCancelled();
    }
    if (Atomics.load(this.state, SLOTS.tuned) === FAILED) return null;
    const given = PRECISIONS[Atomics.load(this.state, PRECISION_SLOT)];
    if (given !== 'none')
      for (const side of ['X', 'U'] as const) {
        const count = this.parts[side].byteLength / 8;
        const source =
          given === 'single' ? new Float32Array(this.parts[side], 0, count) : new Float64Array(this.parts[side]);
        (single ? memory.f32(tuned[side], count) : memory.f64(tuned[side], count)).set(source);
      }
    return new Float64Array(this.parts.values).slice();
  }
}
