/** Section B, elementwise: how many weights changed, and by how much. */
import type { ChangeMetrics } from '../protocol/results.ts';
import { figuresOf, type FiguresOf } from './catalog.ts';
import { evaluate, type ChangeTotals, type ProfileSource } from './figure.ts';
import type { StatsAccumulator } from './statistics.ts';

/** `count`: weights. Norms are null if a side is not finite. */
export function changeMetrics(
  totals: ChangeTotals,
  base: StatsAccumulator,
  tuned: StatsAccumulator,
  count: number,
): ChangeMetrics {
  const norm = Math.sqrt(totals.sumSquaresUpdate);
  const updateNorm = base.isFinite && tuned.isFinite && Number.isFinite(norm) ? norm : null;
  return evaluate(figuresOf('change'), { totals, count, baseNorm: base.norm, tunedNorm: tuned.norm, updateNorm });
}
/** What the profiles of a matrix show. */
export function changeProfiles(source: ProfileSource): FiguresOf<'profile'> {
  return evaluate(figuresOf('profile'), source);
}
