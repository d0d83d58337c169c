/** The chunks of a streaming pass over two sides, put together. */
import type { ChunkChange } from '../linalg/backend.ts';
import { changeMetrics, StatsAccumulator } from '../metrics/index.ts';
import type { ChangeMetrics } from '../protocol/results.ts';

const TOTALS = [
  'equalBf16',
  'equalRelative',
  'equalAbsolute',
  'changed',
  'sumSquaresUpdate',
  'hidden',
  'sumSquaresHidden',
  'offGrid',
] as const;

export class ChangeSums {
  readonly base = new StatsAccumulator();
  readonly tuned = new StatsAccumulator();
  readonly totals: Record<(typeof TOTALS)[number], number> = {
    equalBf16: 0,
    equalRelative: 0,
    equalAbsolute: 0,
    changed: 0,
    sumSquaresUpdate: 0,
    hidden: 0,
    sumSquaresHidden: 0,
    offGrid: 0,
  };

  /** `count`: weights of the whole. */
  constructor(private readonly count: number) {}

  add(chunk: ChunkChange): void {
    this.base.add(chunk.base);
    this.tuned.add(chunk.tuned);
    for (const key of TOTALS) this.totals[key] += chunk[key];
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
