/**
 * Sentences and verdicts. A reading states the figure and its reference, then stops: no cause, no praise. The mask view has nulls and
 * may say "off-principal"; the energy view has no test and says "toward" at most. Rules: README, "How to read it".
 */
import { t } from './l10n.ts';
import type { ComparisonMetrics, Flag, MaskPrefix } from '../../src/protocol/results.ts';
import { num, percent, times } from './format.ts';

export type VerdictId = 'off' | 'on' | 'noise' | 'none';
export interface Verdict {
  id: VerdictId;
  word: string;
}

/** A verdict of the mask view needs this position against both nulls, and |z| over this. */
export const VERDICT_POSITION = 0.2;
export const VERDICT_Z = 3;
/** Within this factor of isotropic nothing is claimed; rounding alone moves the share by up to 8 %. */
export const NEAR_ISOTROPIC = 1.5;
/** Attainable ranges narrower than this (5 points) pin the overlap: the mask view can hardly tell. */
export const LITTLE_ROOM = 0.05;
/** Relative spectrum shifts below this are a bound, not a figure. */
export const NSS_RESOLUTION = 2e-6;

type Metrics = Partial<Omit<ComparisonMetrics, 'base' | 'tuned'>>;

export function maskVerdict(m: Metrics, prefix: MaskPrefix = 'principal'): Verdict {
  const gaussian = m[`${prefix}Position`] ?? null;
  const step = m[`${prefix}PositionStep`] ?? null;
  const z = m[`${prefix}Z`] ?? null;
  if ((m[`${prefix}Overlap`] ?? null) === null || (m[`${prefix}Null`] ?? null) === null)
    return { id: 'none', word: t('No null') };
  if (gaussian !== null && step !== null && z !== null) {
    if (gaussian < -VERDICT_POSITION && step < -VERDICT_POSITION && z < -VERDICT_Z)
      return { id: 'off', word: t('Off-principal') };
    if (gaussian > VERDICT_POSITION && step > VERDICT_POSITION && z > VERDICT_Z)
      return { id: 'on', word: t('On-principal') };
  }
  return { id: 'noise', word: t('As noise') };
}
/** Joint energy over the isotropic share; null where either is. */
export function energyRatio(m: Metrics, side: 'joint' | 'left' | 'right' = 'joint'): number | null {
  const energy = m[`${side}Energy`] ?? null;
  const baseline = m[`${side}EnergyBaseline`];
  return energy === null || !baseline ? null : energy / baseline;
}
export const ratioVerdict = (ratio: number | null): Verdict => {
  if (ratio === null) return { id: 'none', word: t('No energy') };
  if (ratio > NEAR_ISOTROPIC) return { id: 'on', word: t('Toward principal') };
  return ratio < 1 / NEAR_ISOTROPIC
    ? { id: 'off', word: t('Away from principal') }
    : { id: 'noise', word: t('Near isotropic') };
};
export const energyVerdict = (m: Metrics): Verdict => ratioVerdict(energyRatio(m));

export const disagree = (a: Verdict, b: Verdict): boolean => a.id !== b.id && a.id !== 'none' && b.id !== 'none';
/** Width of the attainable range of the principal overlap; null without one. */
export const room = (m: Metrics): number | null =>
  m.principalRange ? m.principalRange[1] - m.principalRange[0] : null;
export const littleRoom = (m: Metrics): boolean => {
  const width = room(m);
  return width !== null && width < LITTLE_ROOM;
};
export const disagreeing = (m: Metrics): boolean => disagree(maskVerdict(m), energyVerdict(m)) && !littleRoom(m);

/** Position that counts for the verdict: the one nearer to zero of the two nulls, 0 where their signs differ. */
export function safePosition(m: Metrics): number | null {
  const a = m.principalPosition ?? null;
  const b = m.principalPositionStep ?? null;
  if (a === null || b === null) return null;
  if (a * b <= 0) return 0;
  return Math.abs(a) < Math.abs(b) ? a : b;
}

/** One matrix in at most two sentences. */
export function cellReading(m: Metrics, flags: readonly Flag[] = []): string {
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
function maskReading(m: Metrics): string {
  switch (maskVerdict(m).id) {
    case 'off':
      return t('Which weights changed: they avoid the principal mask more than both nulls allow');
    case 'on':
      return t('Which weights changed: they favour the principal mask more than both nulls allow');
    case 'none':
      return t('Which weights changed: no null is defined, so the overlap has nothing to be compared with');
    case 'noise':
      return littleRoom(m)
        ? t('Which weights changed: as noise, but with {0} changed the mask can hardly tell', percent(m.updateDensity))
        : t('Which weights changed: as noise, not clear of both rounding nulls');
  }
}
function energyReading(m: Metrics): string {
  const ratio = energyRatio(m);
  if (ratio === null) return t('Where the update points: not defined');
  if (energyVerdict(m).id === 'noise') return t('Where the update points: spread about as an isotropic update');
  return t('Where the update points: the leading block holds {0} the energy of an isotropic update', times(ratio));
}

/** Below its resolution the shift is shown as a bound. */
export const nss = (m: Metrics): string => {
  const value = m.nss ?? null;
  return value !== null && value > 0 && value < NSS_RESOLUTION
    ? t('below resolution (< {0})', '0.0002\u202f%')
    : percent(value);
};
export const wedin = (m: Metrics): string => {
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
/** What the mask view says over all matrices: counts, never more than the verdict of each. */
export function maskHeadline(verdicts: readonly VerdictId[], tight: number, density: number | null): string {
  const n = verdicts.length;
  const off = verdicts.filter((id) => id === 'off').length;
  const on = verdicts.filter((id) => id === 'on').length;
  if (verdicts.every((id) => id === 'none'))
    return t('No null is defined for these storage types, so the overlap stands alone.');
  if (off + on > 0) {
    const counts =
      off && on
        ? t('{0} of {2} matrices avoid the principal mask, {1} favour it, more than both nulls allow.', off, on, n)
        : off
          ? t('{0} of {1} matrices avoid the principal mask more than both nulls allow.', off, n)
          : t('{0} of {1} matrices favour the principal mask more than both nulls allow.', on, n);
    return off + on < n ? `${counts} ${t('The others are as noise or have no null.')}` : counts;
  }
  if (tight > n / 2)
    return t('{0} of the weights changed, so the overlap is pinned: this view can hardly tell.', percent(density));
  return t('No matrix is clear of both rounding nulls, so none counts as off or on the principals.');
}
export const energyHeadline = (joint: number | null, baseline: number | null): string =>
  joint === null
    ? t('No update has energy to place.')
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
export const nssHeadline = (share: number | null): string =>
  share === null
    ? t('The limit is the relative update.')
    : t('The limit is the relative update. On average {0} of an update’s norm shows in the spectrum.', percent(share));
export function wedinHeadline(vacuous: number, n: number): string {
  if (n === 0) return t('No subspaces to compare.');
  if (vacuous === 0) return t('Measured. Wedin’s bound applies to every matrix.');
  return vacuous === n
    ? t('Measured. Wedin’s bound is vacuous for all {0} matrices, so none applies.', n)
    : t('Measured. For {0} of {1} matrices no bound applies: Wedin’s is vacuous there.', vacuous, n);
}
