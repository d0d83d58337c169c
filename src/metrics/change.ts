/** Section B, elementwise: how many weights changed, and by how much. */
import type { ChunkChange } from '../linalg/backend.ts';
import type { ChangeMetrics } from '../protocol/results.ts';
import type { StatsAccumulator } from './statistics.ts';

/** The counts of all chunks of a pair, added up. */
export type ChangeTotals = Omit<ChunkChange, 'base' | 'tuned'>;

/**
 * PNT Def. 2.1-2.2. `count`: weights; a tensor without any is all unchanged. Norms are null where a side is not finite; the relative
 * update also where the base is 0.
 */
export function changeMetrics(
  totals: ChangeTotals,
  base: StatsAccumulator,
  tuned: StatsAccumulator,
  count: number,
): ChangeMetrics {
  const share = (n: number): number => (count === 0 ? 1 : n / count);
  const norm = Math.sqrt(totals.sumSquaresUpdate);
  const updateNorm = base.isFinite && tuned.isFinite && Number.isFinite(norm) ? norm : null;
  const baseNorm = base.norm;
  return {
    unchangedBf16: share(totals.equalBf16),
    unchangedRelative: share(totals.equalRelative),
    unchangedAbsolute: share(totals.equalAbsolute),
    updateDensity: count === 0 ? 0 : totals.changed / count,
    baseNorm,
    updateNorm,
    relativeUpdate: baseNorm === null || updateNorm === null || baseNorm === 0 ? null : updateNorm / baseNorm,
  };
}
