/**
 * Sentences about one matrix. A reading states the figure and its reference, then stops: no cause, no praise. What may be
 * said, and in which word, is decided in src/metrics/verdict.ts.
 */
import {
  energyRatio,
  energyVerdict,
  littleRoom,
  maskVerdict,
  NSS_RESOLUTION,
  type Figures,
} from '../../src/metrics/verdict.ts';
import type { Flag } from '../../src/protocol/results.ts';
import { num, percent, times } from './format.ts';
import { t } from './l10n.ts';

/** One matrix in at most two sentences: where its update points, then which weights changed. `isAdapter`: low-rank by construction. */
export function cellReading(m: Figures, flags: readonly Flag[] = [], isAdapter = false): string {
  if (flags.includes('no-update') || m.updateNorm === 0) return t('Unchanged: no weight differs here.');
  if (flags.includes('not-finite')) return t('Holds NaN or infinity: its figures need finite weights.');
  if (m.illDefined)
    return t(
      'The base’s main directions are not separated from the next, so nothing is said of where the update points.',
    );
  return `${directionReading(m, isAdapter)} ${maskReading(m)}`;
}
/** An update of less than half the rank of noise of its size. */
const LOW_RANK = 0.5;
/** The main block holds at least this much of the energy of an update that "lies in" it. */
const HELD = 0.5;

function directionReading(m: Figures, isAdapter: boolean): string {
  const ratio = energyRatio(m);
  if (ratio === null) return t('Where the update points is not defined here.');
  const factor = times(ratio, 2);
  const rank = m.updateStableRank ?? null;
  const noise = m.twin?.updateStableRank ?? null;
  const isLow = !isAdapter && rank !== null && noise !== null && rank < LOW_RANK * noise;
  const isHeld = (m.jointEnergy ?? 0) >= HELD;
  switch (energyVerdict(m)) {
    case 'small':
      return t('Too few main directions to say where the update points.');
    case 'on':
      if (isHeld)
        return isLow
          ? t('The update is low-rank and lies in the base’s main directions ({0} of a random direction).', factor)
          : t('The update lies in the base’s main directions ({0} of a random direction).', factor);
      return isLow
        ? t('The update is low-rank and leans into the base’s main directions ({0} of a random direction).', factor)
        : t('The update leans into the base’s main directions ({0} of a random direction).', factor);
    case 'off':
      return t('The update avoids the base’s main directions ({0} of a random direction).', factor);
    case 'noise':
    case 'none':
      if (!m.twin) return t('The update points like a random direction.');
      return isLow
        ? t('The update is low-rank, but points like noise of the same size.')
        : t('The update points like noise of the same size.');
  }
}
function maskReading(m: Figures): string {
  switch (maskVerdict(m)) {
    case 'off':
      return t('The changed weights avoid the base’s main entries.');
    case 'on':
      return t('The changed weights favour the base’s main entries.');
    case 'none':
      return m.principalOverlap == null
        ? t('No weight shows a change, stored zeros aside.')
        : t('Which weights changed has no noise to be compared with.');
    case 'noise':
      return littleRoom(m)
        ? t('With {0} of the weights changed, which ones says hardly anything.', percent(m.updateDensity))
        : t('Which weights changed is like rounding noise.');
  }
}

/** Below its resolution the shift is shown as a bound. */
export const nss = (m: Figures): string => {
  const value = m.nss ?? null;
  return value !== null && value > 0 && value < NSS_RESOLUTION
    ? t('below resolution (< {0})', '0.0002\u202f%')
    : percent(value);
};
export const wedin = (m: Figures): string => {
  if (m.wedinVacuous === null || m.wedinVacuous === undefined) return '–';
  if (!m.wedinVacuous) return `sin θ ≤ ${num(m.wedinBound, 3)}`;
  return m.wedinBound === null || m.wedinBound === undefined
    ? t('vacuous, no gap')
    : t('vacuous, {0} gaps', num(m.wedinBound, 3));
};
export const outliers = (count: number | null | undefined): string =>
  count === 1
    ? t('One value lies above the Marchenko-Pastur edge; one matrix in ten of pure noise has one too.')
    : t('{0} values lie above the Marchenko-Pastur edge.', num(count));
