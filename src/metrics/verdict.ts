/**
 * What may be said of one matrix in a word: the rules, their thresholds and the words, for every reader. A verdict claims no more than its
 * null allows; the energy view has no test of its own and says where the update points, never "off" or "on".
 */
import { greatest, least } from '../protocol/lists.ts';
import type { ComparisonMetrics, TwinMetrics, Verdict } from '../protocol/results.ts';
import type { MaskPrefix } from './figure.ts';
import type { EnergySide } from './figures/energies.ts';
import { say, type Text } from '../protocol/say.ts';

/** How far from every null, in units of the attainable range, an overlap must lie before anything is said. */
export const VERDICT_POSITION = 0.2;
export const VERDICT_Z = 3;
/** Least factor over isotropic of which the energy view says anything, and what rounding may take of an isotropic share. */
const ENERGY_FACTOR = 1.5;
const ROUNDING_TAKES = 0.92;
/** Of the standard normal: 0.9995, two sided one matrix in a thousand. */
const QUANTILE = 3.290526731491926;
/** Under this mask rank isotropic noise leaves a factor of 1.5 too often for anything to be said (58 % at r = 2). */
const LEAST_RANK = 4;
/** Attainable ranges narrower than this pin the overlap: the mask view can hardly tell. */
const LITTLE_ROOM = 0.05;
/** Relative spectrum shifts below this are a bound, not a figure. */
export const NSS_RESOLUTION = 2e-6;

export type Figures = Partial<Omit<ComparisonMetrics, 'base' | 'tuned' | 'twin'>> & {
  /** of noise of the same size, if it was asked for */
  twin?: Partial<TwinMetrics> | null;
};
/** `small`: the mask rank is too small to say. */
export type EnergyVerdict = Verdict | 'small';

/** The positions against all three nulls; null if one is missing. */
function positions(m: Figures, prefix: MaskPrefix): number[] | null {
  const all = [m[`${prefix}Position`], m[`${prefix}PositionStep`], m[`${prefix}PositionProportional`]];
  return all.every((position) => typeof position === 'number') ? all : null;
}
/** The position that counts for the verdict: the one nearest to zero, 0 if their signs differ; null without one. */
export function safePosition(m: Figures, prefix: MaskPrefix = 'principal'): number | null {
  const all = positions(m, prefix);
  if (!all) return null;
  const [lowest, highest] = [least(all), greatest(all)];
  return lowest > 0 ? lowest : highest < 0 ? highest : 0;
}
/**
 * The mask view: "off" only if position < -0.2 against all three nulls and z < -3, "on" only if position > 0.2 against all three
 * and z > 3, otherwise "noise" (like noise: the absence of a verdict). "none" without an overlap or a null.
 */
export function maskVerdict(m: Figures, prefix: MaskPrefix = 'principal'): Verdict {
  if (m[`${prefix}Overlap`] == null || m[`${prefix}Null`] == null) return 'none';
  const position = safePosition(m, prefix);
  const z = m[`${prefix}Z`];
  if (position === null || z == null) return 'noise';
  if (position < -VERDICT_POSITION && z < -VERDICT_Z) return 'off';
  return position > VERDICT_POSITION && z > VERDICT_Z ? 'on' : 'noise';
}

/** Energy over the isotropic share; null if either is. */
export function energyRatio(m: Figures, side: EnergySide = 'joint'): number | null {
  const energy = m[`${side}Energy`];
  const baseline = m[`${side}EnergyBaseline`];
  return energy == null || !baseline ? null : energy / baseline;
}
/**
 * The factors over isotropic between which the energy view says nothing: 1/1.5 and 1.5, or what isotropic noise leaves one time in a
 * thousand if that is wider: the quantiles of chi^2 with r^2 degrees of freedom over r^2 (Wilson and Hilferty 1931), the lower one with
 * what rounding takes. Null if r is too small.
 */
export function energyZone(maskRank: number): { low: number; high: number } | null {
  if (maskRank < LEAST_RANK) return null;
  const spread = 2 / (9 * maskRank ** 2);
  const quantile = (z: number): number => (1 - spread + z * Math.sqrt(spread)) ** 3;
  return {
    low: Math.min(1 / ENERGY_FACTOR, ROUNDING_TAKES * quantile(-QUANTILE)),
    high: Math.max(ENERGY_FACTOR, quantile(QUANTILE)),
  };
}
/**
 * The energy view: "on" (into the main directions) above the zone, "off" (away from them) below it, "noise" between, "small" for a mask
 * rank of which nothing can be said, "none" without an energy. With a noise twin at hand the ratio must clear the twin's by the same
 * factor too.
 */
export function energyVerdict(m: Figures): EnergyVerdict {
  const ratio = energyRatio(m);
  if (ratio === null || m.maskRank === undefined) return 'none';
  const zone = energyZone(m.maskRank);
  if (!zone) return 'small';
  const beside = (m.twin && energyRatio(m.twin)) ?? 1;
  if (ratio > zone.high && ratio > zone.high * beside) return 'on';
  return ratio < zone.low && ratio < zone.low * beside ? 'off' : 'noise';
}

/** Width of the attainable range of the principal overlap under which the mask view can hardly tell. */
export function littleRoom({ principalRange: range }: Figures): boolean {
  return range != null && range[1] - range[0] < LITTLE_ROOM;
}
/** The two views say different things, and both have something to say. */
export function disagreeing(m: Figures): boolean {
  const [mask, energy] = [maskVerdict(m), energyVerdict(m)];
  return mask !== energy && mask !== 'none' && energy !== 'none' && energy !== 'small' && !littleRoom(m);
}

// ---------- words ----------
export interface Words {
  /** inside a sentence or a table */
  word: Text;
  /** on its own */
  title: Text;
  /** beside a count */
  short: Text;
}
const LIKE_NOISE: Words = { word: say('like noise'), title: say('Like noise'), short: say('Like noise') };
const MASK_WORDS: Record<Exclude<Verdict, 'none'>, Words> = {
  off: { word: say('off-principal'), title: say('Off-principal'), short: say('Off') },
  on: { word: say('on-principal'), title: say('On-principal'), short: say('On') },
  noise: LIKE_NOISE,
};
const ENERGY_WORDS: Record<Exclude<EnergyVerdict, 'none'>, Words> = {
  off: { word: say('away from the main directions'), title: say('Away from the main directions'), short: say('Away') },
  on: { word: say('into the main directions'), title: say('Into the main directions'), short: say('Into') },
  noise: LIKE_NOISE,
  small: { word: say('too small to say'), title: say('Too small to say'), short: say('Too small') },
};
const alike = (word: Text, title: Text): Words => ({ word, title, short: title });
const IDENTICAL = alike(say('identical'), say('Identical'));
const NOT_FINITE = alike(say('not finite'), say('Not finite'));
const ZERO_BASE = alike(say('base is zero'), say('Base is zero'));
const NO_CHANGE = alike(say('no visible change'), say('No visible change'));
const NO_NULL = alike(say('not comparable'), say('Not comparable'));

/** Why a matrix has no verdict. */
function absence(m: Figures): Words {
  if (m.updateNorm === 0) return IDENTICAL;
  if (m.updateNorm === null) return NOT_FINITE;
  if (m.baseNorm === 0) return ZERO_BASE;
  return m.principalOverlap == null ? NO_CHANGE : NO_NULL;
}
/** A verdict with its words; of one that is none, why. */
export interface Said<V extends EnergyVerdict = EnergyVerdict> {
  id: V;
  words: Words;
}
export function maskSaid(m: Figures): Said<Verdict> {
  const id = maskVerdict(m);
  return { id, words: id === 'none' ? absence(m) : MASK_WORDS[id] };
}
export function energySaid(m: Figures): Said {
  const id = energyVerdict(m);
  return { id, words: id === 'none' ? absence(m) : ENERGY_WORDS[id] };
}

const ORDER: readonly EnergyVerdict[] = ['off', 'noise', 'on', 'small', 'none'];
/** What is said of several, each once, with the ones of which it is said; in the order off, noise, on, then those without a verdict. */
export function tally<T>(items: readonly T[], of: (item: T) => Said): (Said & { items: T[] })[] {
  const found = new Map<Words, Said & { items: T[] }>();
  for (const item of items) {
    const said = of(item);
    const entry = found.get(said.words);
    if (entry) entry.items.push(item);
    else found.set(said.words, { ...said, items: [item] });
  }
  return [...found.values()].sort((a, b) => ORDER.indexOf(a.id) - ORDER.indexOf(b.id));
}
