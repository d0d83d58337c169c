/** The chunks of a streaming pass over two sides, put together. */
import type { ChunkChange } from '../linalg/backend.ts';
import { changeMetrics, noChange, StatsAccumulator, type ChangeTotals } from '../metrics/index.ts';
import type { ChangeMetrics } from '../protocol/results.ts';

export class ChangeSums {
  readonly base = new StatsAccumulator();
  readonly tuned = new StatsAccumulator();
  readonly totals = noChange();

  /** `count`: weights of the whole. */
  constructor(private readonly count: number) {}

  add(chunk: ChunkChange): void {
    this.base.add(chunk.base);
    this.tuned.add(chunk.tuned);
    for (const key of Object.keys(this.totals) as (keyof ChangeTotals)[]) this.totals[key] += chunk[key];
  }

  /** No NaN or infinity on either side. */
  get finite(): boolean {
    return this.base.isFinite && this.tuned.isFinite;
  }
  metrics(): ChangeMetrics {
    return changeMetrics(this.totals, this.base, this.tuned, this.count);
  }
  /** Population variance of the entries of D; null if a side is not finite. */
  get updateVariance(): number | null {
    if (!this.finite) return null;
    const mean = (this.tuned.mean ?? 0) - (this.base.mean ?? 0);
    return Math.max(0, this.totals.sumSquaresUpdate / this.count - mean ** 2);
  }
}
