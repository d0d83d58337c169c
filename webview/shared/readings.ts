/**
 * Sentences about one matrix or all of them. A reading states the figure and its reference, then stops: no cause, no praise. What may be
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
import type { Flag, Verdict } from '../../src/protocol/results.ts';
import { num, percent, times } from './format.ts';
import { t } from './l10n.ts';

/** One matrix in at most two sentences. */
export function cellReading(m: Figures, flags: readonly Flag[] = []): string {
  if (flags.includes('no-update') || m.updateNorm === 0)
    return t('Unchanged: both checkpoints store the same weights here.');
  if (flags.includes('not-finite')) return t('Not finite: norms, spectra and alignment are undefined here.');
  if (m.illDefined) {
    return t(
      'The leading r directions are not separated from the next, so masks and energies of the base are not determined.',
    );
  }
  return `${maskReading(m)}. ${energyReading(m)}.`;
}
function maskReading(m: Figures): string {
  switch (maskVerdict(m)) {
    case 'off':
      return t('Which weights changed: they avoid the principal mask more than all three kinds of noise allow');
    case 'on':
      return t('Which weights changed: they favour the principal mask more than all three kinds of noise allow');
    case 'none':
      return m.principalOverlap == null
        ? t('Which weights changed: none that shows, stored zeros aside')
        : t('Which weights changed: what noise gives is not defined, so the overlap has nothing to be compared with');
    case 'noise':
      return littleRoom(m)
        ? t(
            'Which weights changed: like noise, but with {0} changed the mask can hardly tell',
            percent(m.updateDensity),
          )
        : t('Which weights changed: like noise, not clear of all three kinds of noise');
  }
}
function energyReading(m: Figures): string {
  const ratio = energyRatio(m);
  if (ratio === null) return t('Where the update points: not defined');
  const beside = m.twin ? energyRatio(m.twin) : null;
  switch (energyVerdict(m)) {
    case 'small':
      return t('Where the update points: the leading {0} directions are too few to say', m.maskRank ?? '–');
    case 'noise':
    case 'none':
      return beside !== null && energyVerdict({ ...m, twin: null }) !== 'noise'
        ? t(
            'Where the update points: like noise of the same size, which puts {0} the isotropic energy into the leading block, the update {1}',
            times(beside),
            times(ratio),
          )
        : t('Where the update points: like noise, spread about as an isotropic update');
    case 'on':
    case 'off':
      return beside === null
        ? t('Where the update points: the leading block holds {0} the energy of an isotropic update', times(ratio))
        : t(
            'Where the update points: the leading block holds {0} the energy of an isotropic update, noise of the same size {1}',
            times(ratio),
            times(beside),
          );
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

// ---------- headline ----------
/** What the mask view says over all matrices: counts, never more than the verdict of each. `identical`: matrices without an update. */
export function maskHeadline(
  verdicts: readonly Verdict[],
  tight: number,
  density: number | null,
  identical: number,
): string {
  const n = verdicts.length;
  const off = verdicts.filter((id) => id === 'off').length;
  const on = verdicts.filter((id) => id === 'on').length;
  if (identical === n) return t('Both checkpoints store the same weights: nothing to compare with noise.');
  if (verdicts.every((id) => id === 'none')) return t('No matrix has an overlap that noise could be compared with.');
  if (off + on > 0) {
    const counts =
      off && on
        ? t(
            '{0} of {2} matrices avoid the principal mask, {1} favour it, more than all three kinds of noise allow.',
            off,
            on,
            n,
          )
        : off
          ? t('{0} of {1} matrices avoid the principal mask more than all three kinds of noise allow.', off, n)
          : t('{0} of {1} matrices favour the principal mask more than all three kinds of noise allow.', on, n);
    return off + on < n ? `${counts} ${t('The others are like noise or have no verdict.')}` : counts;
  }
  if (tight > n / 2)
    return t('{0} of the weights changed, so the overlap is pinned: this view can hardly tell.', percent(density));
  return t('No matrix is clear of all three kinds of noise, so none counts as off or on the principals.');
}
export const energyHeadline = (joint: number | null, baseline: number | null): string =>
  joint === null
    ? t('No matrix has an energy to place.')
    : t(
        'The leading block holds {0} of the update’s energy; isotropic would be {1}.',
        percent(joint),
        percent(baseline),
      );
export const unchangedHeadline = (unchanged: number): string => {
  if (unchanged === 1) return t('Every stored code is equal. A change too small for bf16 leaves no trace here.');
  return unchanged < 0.02
    ? t('Nearly every stored code differs.')
    : t('Equal stored codes. A change too small for bf16 leaves no trace here.');
};
export const nssHeadline = (share: number | null, isotropic: number | null): string =>
  share === null
    ? t('The limit is the relative update.')
    : isotropic === null
      ? t('The limit is the relative update. On average {0} of an update’s norm shows in the spectrum.', percent(share))
      : t(
          'The limit is the relative update. On average {0} of an update’s norm shows in the spectrum, of isotropic noise {1}.',
          percent(share),
          percent(isotropic),
        );
export function wedinHeadline(vacuous: number, n: number): string {
  if (n === 0) return t('No subspaces to compare.');
  if (vacuous === 0) return t('Measured. Wedin’s bound applies to every matrix.');
  return vacuous === n
    ? t('Measured. Wedin’s bound is vacuous for all {0} matrices, so none applies.', n)
    : t('Measured. For {0} of {1} matrices no bound applies: Wedin’s is vacuous there.', vacuous, n);
}
