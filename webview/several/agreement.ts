/** What two runs have in common, each figure with what chance gives: as matrices of runs by runs, as lines, matrix by matrix. Pure. */
import type { RunPair } from '../../src/protocol/several.ts';
import type { Scale } from '../../src/metrics/figure.ts';
import { num, percent, times } from '../shared/format.ts';
import type { TermId } from '../shared/glossary.ts';
import { t } from '../shared/l10n.ts';

/** A figure of two runs; `isBack`: of the second against the first, if that is another value. */
export interface Similarity {
  id: string;
  name: string;
  /** one line under the name */
  text: string;
  term: TermId | null;
  value(pair: RunPair, isBack: boolean): number | null;
  /** what chance gives; null: it is not known */
  chance(pair: RunPair, isBack: boolean): number | null;
  format(value: number | null): string;
  /** "chance 50 %" */
  chanceText(chance: number | null): string;
  /** -1 to 1: how far above or below chance, for the colour */
  tone(value: number, chance: number | null): number;
  /** of single matrices: the value, or the value over chance */
  perMatrix: { sub: string; scale: Scale; value(pair: RunPair): number | null; format(value: number): string };
}
/** Factor over noise that has the full colour: weights in common differ from noise by little. */
const FULL = 1.25;
const overChance = (value: number, chance: number | null): number =>
  chance !== null && chance > 0 && value > 0 ? Math.log(value / chance) / Math.log(FULL) : 0;
const ratio = (value: number | null, chance: number | null): number | null =>
  value !== null && chance !== null && chance > 0 ? value / chance : null;
const noiseText = (chance: number | null): string =>
  chance === null ? t('noise unknown') : t('noise {0}', percent(chance));

/** Of this many weights: the standard deviation of the cosine of two independent isotropic updates. */
export const cosineDeviation = ({ shared, onlyI, onlyJ, neither }: RunPair): number =>
  1 / Math.sqrt(Math.max(1, shared + onlyI + onlyJ + neither));

export function similarities(): Similarity[] {
  return [
    {
      id: 'updateCosine',
      name: t('Cosine of the updates'),
      text: t('1 the same way, −1 opposite; independent 0'),
      term: 'sameWay',
      value: ({ updateCosine }) => updateCosine,
      chance: () => 0,
      format: (value) => num(value, 2),
      chanceText: () => t('chance {0}', '0'),
      tone: (value) => value,
      perMatrix: {
        sub: t('1 the same way, 0 unrelated'),
        scale: { kind: 'div', hi: 1 },
        value: ({ updateCosine }) => updateCosine,
        format: (value) => num(value, 3),
      },
    },
    {
      id: 'signAgreement',
      name: t('Signs agree'),
      text: t('of the weights that both changed; chance 50 %'),
      term: 'signs',
      value: ({ signAgreement }) => signAgreement,
      chance: () => 0.5,
      format: percent,
      chanceText: (chance) => t('chance {0}', percent(chance)),
      tone: (value) => 2 * value - 1,
      perMatrix: {
        sub: t('chance 50 %'),
        scale: { kind: 'lin', lo: 0, hi: 1 },
        value: ({ signAgreement }) => signAgreement,
        format: percent,
      },
    },
    {
      id: 'jaccard',
      name: t('Weights in common'),
      text: t('of those that either changed; beside rounding noise'),
      term: 'common',
      value: ({ jaccard }) => jaccard,
      chance: ({ jaccardNull }) => jaccardNull,
      format: percent,
      chanceText: noiseText,
      tone: overChance,
      perMatrix: {
        sub: t('× rounding noise'),
        scale: { kind: 'log1', hi: FULL },
        value: ({ jaccard, jaccardNull }) => ratio(jaccard, jaccardNull),
        format: times,
      },
    },
    {
      id: 'coverage',
      name: t('Covered by the other'),
      text: t('of the weights that the row’s run changed; what is left is its own'),
      term: null,
      value: ({ coverage, coverageBack }, isBack) => (isBack ? coverageBack : coverage),
      chance: ({ coverageNull, coverageBackNull }, isBack) => (isBack ? coverageBackNull : coverageNull),
      format: percent,
      chanceText: noiseText,
      tone: overChance,
      perMatrix: {
        sub: t('the first by the second, × rounding noise'),
        scale: { kind: 'log1', hi: FULL },
        value: ({ coverage, coverageNull }) => ratio(coverage, coverageNull),
        format: times,
      },
    },
  ];
}
/** Directions have no matrix of runs of their own: their chance is another one in each matrix. */
export function sharedDirections(): Pick<Similarity, 'id' | 'name' | 'perMatrix'> {
  return {
    id: 'subspaceSimilarity',
    name: t('Directions shared'),
    perMatrix: {
      sub: t('× chance'),
      scale: { kind: 'log1', hi: 64 },
      value: ({ subspaceSimilarity, subspaceChance }) => ratio(subspaceSimilarity, subspaceChance),
      format: times,
    },
  };
}
export const perMatrixFigures = (): Pick<Similarity, 'id' | 'name' | 'perMatrix'>[] => [
  ...similarities(),
  sharedDirections(),
];

export interface Line {
  name: string;
  term: TermId | null;
  value: number | null;
  /** ticks: the first is what the bar runs from */
  references: readonly number[];
  domain: readonly [number, number];
  text: string;
  beside: string;
}
const known = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);

/** The chosen pair, figure by figure. */
export function linesOf(pair: RunPair, [one, other]: readonly [string, string]): Line[] {
  const { jaccard, jaccardNull, jaccardIndependent, coverage, coverageBack, coverageNull, coverageBackNull } = pair;
  const { subspaceSimilarity: similarity, subspaceChance } = pair;
  const share = { domain: [0, 1] as const, term: null };
  return [
    {
      ...{ ...share, name: t('Weights in common'), term: 'common', value: jaccard, text: percent(jaccard) },
      references: known([jaccardNull, jaccardIndependent]),
      beside: t('noise {0}, chance {1}', percent(jaccardNull), percent(jaccardIndependent)),
    },
    {
      ...{ name: t('Same way'), term: 'sameWay', value: pair.updateCosine, text: num(pair.updateCosine, 2) },
      ...{ domain: [-1, 1], references: [0] },
      beside: t('independent 0 ± {0}', num(cosineDeviation(pair), 2)),
    },
    {
      ...{ ...share, name: t('Signs agree'), term: 'signs', value: pair.signAgreement },
      ...{ text: percent(pair.signAgreement), references: [0.5], beside: t('chance {0}', percent(0.5, 2)) },
    },
    {
      ...{ ...share, name: t('{0} covered by {1}', one, other), value: coverage, text: percent(coverage) },
      ...{ references: known([coverageNull]), beside: noiseText(coverageNull) },
    },
    {
      ...{ ...share, name: t('{0} covered by {1}', other, one), value: coverageBack, text: percent(coverageBack) },
      ...{ references: known([coverageBackNull]), beside: noiseText(coverageBackNull) },
    },
    {
      ...{ ...share, name: t('Directions shared'), value: similarity, text: percent(similarity) },
      ...{ references: known([subspaceChance]), beside: t('chance {0}', percent(subspaceChance, 2)) },
    },
  ];
}

export interface Consensus {
  name: string;
  /** of the weights of the matrices that all runs hold */
  share: number;
  /** of independent runs; null: there is no rounding noise that all share */
  chance: number | null;
}
/** Weights changed by exactly none, one, ... all of the runs; empty if no matrix is in all of them. */
export function consensusOf({
  consensus,
  consensusNull,
}: {
  consensus: number[];
  consensusNull: number[] | null;
}): Consensus[] {
  const total = consensus.reduce((sum, count) => sum + count, 0);
  if (!(total > 0)) return [];
  const runs = consensus.length - 1;
  return consensus.map((count, of) => ({
    name: of === 0 ? t('no run') : of === runs ? t('all {0}', runs) : of === 1 ? t('one run') : t('{0} runs', of),
    share: count / total,
    chance: consensusNull ? (consensusNull[of] ?? 0) / total : null,
  }));
}
