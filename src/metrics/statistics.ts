/** Section A, elementwise: statistics of a tensor put together from the sums of its chunks. */
import type { ChunkStats } from '../linalg/backend.ts';
import type { ElementStats } from '../protocol/results.ts';
import { figuresOf } from './catalog.ts';
import { evaluate } from './figure.ts';

/** The sums of no weight at all. */
export const noStats = (): ChunkStats => ({
  finite: 0,
  sum: 0,
  sumSquares: 0,
  min: Infinity,
  max: -Infinity,
  zeros: 0,
  nan: 0,
  inf: 0,
  subnormal: 0,
});

/** Adds up chunks in any order. Mean, std and variance are over the finite entries, population; null without any. */
export class StatsAccumulator {
  private readonly total = noStats();

  add(chunk: ChunkStats): void {
    const { total } = this;
    total.finite += chunk.finite;
    total.sum += chunk.sum;
    total.sumSquares += chunk.sumSquares;
    if (chunk.finite > 0) {
      total.min = Math.min(total.min, chunk.min);
      total.max = Math.max(total.max, chunk.max);
    }
    total.zeros += chunk.zeros;
    total.nan += chunk.nan;
    total.inf += chunk.inf;
    total.subnormal += chunk.subnormal;
  }

  get nan(): number {
    return this.total.nan;
  }

  get inf(): number {
    return this.total.inf;
  }

  /** No NaN and no infinity so far. */
  get isFinite(): boolean {
    return this.total.nan === 0 && this.total.inf === 0;
  }

  get mean(): number | null {
    return this.total.finite === 0 ? null : representable(this.total.sum / this.total.finite);
  }

  /** Population variance; also null if the squares leave the range of float64. */
  get variance(): number | null {
    const { finite, min, max, sumSquares } = this.total;
    if (finite === 0) return null;
    if (min === max) return 0; // the difference below would leave a rounding error
    return representable(Math.max(0, sumSquares / finite - (this.mean ?? 0) ** 2));
  }

  /** sqrt(sum w^2); null if an entry is not finite, or the squares leave the range of float64. */
  get norm(): number | null {
    return this.isFinite ? representable(Math.sqrt(this.total.sumSquares)) : null;
  }

  finish(): ElementStats {
    return evaluate(figuresOf('elements'), { ...this.total, mean: this.mean, variance: this.variance });
  }
}

function representable(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
