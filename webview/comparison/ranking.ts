/** Which matrices stand out in a tab, and the order of the table. Pure. */
import { angleOverNoise, rankOverNoise, shiftOverNoise } from '../../src/answer/noise.ts';
import { median } from '../../src/metrics/median.ts';
import { energyRatio, energyVerdict, maskVerdict } from '../../src/metrics/verdict.ts';
import type { ComparisonMetrics, ComparisonTensor } from '../../src/protocol/results.ts';
import { isInBrush } from './focus.ts';
import { LIKE_NOISE } from './key-values.ts';
import type { Pair } from './model.ts';
import type { Tab } from './tabs.ts';
import type { Brush, Sort } from './view.ts';

/** A matrix that moved so much further than the typical one stands out. */
const FAR = 2;

/** One matrix that has an update. */
export interface Candidate {
  pair: Pair;
  tensor: ComparisonTensor;
}
export interface Ranked extends Candidate {
  /** logarithm of how far it clears noise, or of the typical size; not above 0: it does not stand out */
  score: number;
  /** from 1 */
  rank: number;
}

/** 1 above noise, -1 below it, 0 if it is like it or not known. */
export function clears(factor: number | null | undefined): -1 | 0 | 1 {
  if (factor == null || !(factor > 0)) return 0;
  return factor > LIKE_NOISE ? 1 : factor < 1 / LIKE_NOISE ? -1 : 0;
}
const distance = (factor: number | null | undefined): number =>
  clears(factor) === 0 ? 0 : Math.abs(Math.log(factor ?? 1));

/** `typical`: the relative update that stands for most of them. */
export function scoreOf(metrics: ComparisonMetrics, tab: Tab, typical: number | null): number {
  switch (tab) {
    case 'size': {
      const { relativeUpdate } = metrics;
      return relativeUpdate !== null && relativeUpdate > 0 && typical ? Math.log(relativeUpdate / typical) : -Infinity;
    }
    case 'where': {
      const points = energyVerdict(metrics);
      const energy = points === 'on' || points === 'off' ? Math.abs(Math.log(energyRatio(metrics) || 1)) : 0;
      const mask = maskVerdict(metrics);
      const lift = mask === 'on' || mask === 'off' ? Math.abs(Math.log(metrics.principalLift || 1)) : 0;
      return Math.max(energy, lift, distance(rankOverNoise({ metrics })));
    }
    case 'spectrum':
      return Math.max(distance(shiftOverNoise({ metrics })), distance(angleOverNoise({ metrics })));
  }
}

/** The one that clears noise by the most first; those alike in the order of the plan. */
export function rank(candidates: readonly Candidate[], tab: Tab): Ranked[] {
  const live = candidates.filter(({ tensor }) => (tensor.metrics.updateNorm ?? 0) > 0);
  const typical = median(live.map(({ tensor }) => tensor.metrics.relativeUpdate));
  return live
    .map((candidate) => ({ ...candidate, score: scoreOf(candidate.tensor.metrics, tab, typical) }))
    .sort((a, b) => b.score - a.score || 0)
    .map((one, i) => ({ ...one, rank: i + 1 }));
}
/** Those that F7 walks through: how much they clear noise, or of the size how far from the typical one. */
export const notable = (ranked: readonly Ranked[], tab: Tab): Ranked[] =>
  ranked.filter(({ score }) => score > (tab === 'size' ? Math.log(FAR) : 0));

/** The next or previous of a list, around its ends; from outside of it the first, or the last. */
export function step<T>(list: readonly T[], at: number, by: 1 | -1): T | undefined {
  if (at < 0) return by > 0 ? list[0] : list.at(-1);
  return list[(at + by + list.length) % list.length];
}

export type RankColumn = 'rank' | 'matrix' | 'size' | 'changed' | 'direction' | 'updateRank' | 'spectrum' | 'turn';
/** What a column is sorted by; null goes last either way. */
export const VALUES: Readonly<Record<RankColumn, (one: Ranked, place: number) => number | null | undefined>> = {
  rank: (one) => one.rank,
  matrix: (_, place) => place,
  size: ({ tensor }) => tensor.metrics.relativeUpdate,
  changed: ({ tensor }) => tensor.metrics.updateDensity,
  direction: ({ tensor }) => energyRatio(tensor.metrics),
  updateRank: ({ tensor }) => rankOverNoise(tensor),
  spectrum: ({ tensor }) => shiftOverNoise(tensor),
  turn: ({ tensor }) => angleOverNoise(tensor),
};
const isColumn = (column: string): column is RankColumn => Object.hasOwn(VALUES, column);

/** `places`: of the matrices in the order of the plan. */
export function sorted(
  ranked: readonly Ranked[],
  sort: Sort | null,
  places: ReadonlyMap<Pair, number>,
): readonly Ranked[] {
  if (!sort || !isColumn(sort.column)) return ranked;
  const value = VALUES[sort.column];
  const sign = sort.isDescending ? -1 : 1;
  return ranked
    .map((one) => ({ one, value: value(one, places.get(one.pair) ?? 0) ?? null }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      return sign * (a.value - b.value);
    })
    .map(({ one }) => one);
}
/** The table of a press on a head: descending first but of the rank and the names, then the other way, then as it was. */
export function nextSort(sort: Sort | null, column: RankColumn): Sort | null {
  const first = column !== 'rank' && column !== 'matrix';
  if (sort?.column !== column) return { column, isDescending: first };
  return sort.isDescending === first ? { column, isDescending: !first } : null;
}

/** What the brush and the pressed clause leave. */
export function narrowed(
  ranked: readonly Ranked[],
  brush: Brush | null,
  lit: ReadonlySet<string> | null,
): readonly Ranked[] {
  if (!brush && !lit) return ranked;
  return ranked.filter(({ pair }) => isInBrush(pair.layer, brush) && (!lit || lit.has(pair.name)));
}
