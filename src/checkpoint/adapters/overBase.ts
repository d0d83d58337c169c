/** The updates of an adapter that only its base tells, of a pairing of the two. */
import { normalizeName } from '../../families/index.ts';
import type { WeightPair } from '../weight.ts';
import { AdaptedWeight } from './adaptedWeight.ts';
import type { AloneUpdate } from './alone.ts';

/** Spectra of so many flops (least side squared times the other) are worked out over the base without being asked for. */
const MOST_OVER_BASE = 1e12;

/** An update that is worked out over its base, or not at all. */
export interface OverBase {
  name: string;
  pair: WeightPair;
  rank: number | null;
  scale: number | null;
}

/**
 * Of an adapter's updates those that only the base tells, as matrices of the base; `rest`: those that it has no matrix for. Null if there
 * are none, or if all of them together are too much work to begin unasked.
 */
export function overBase(
  updates: readonly AloneUpdate[],
  pairs: readonly WeightPair[],
): { found: OverBase[]; rest: AloneUpdate[] } | null {
  const known = new Map(updates.map((update) => [update.name, update]));
  const found = pairs.flatMap((pair): OverBase[] => {
    const name = normalizeName(pair.name);
    const { tuned, base } = pair;
    const update = known.get(name);
    if (!(tuned instanceof AdaptedWeight) || base.shape.length !== 2 || typeof update?.thin === 'function') return [];
    return [{ name, pair, rank: update?.rank ?? null, scale: update?.scale ?? null }];
  });
  const work = found.reduce((sum, { pair: { base } }) => sum + costOf(base.rows, base.columns), 0);
  if (found.length === 0 || work > MOST_OVER_BASE) return null;
  const names = found.map(({ name }) => name);
  const isThere = ({ name }: AloneUpdate): boolean => {
    const module = name.replace(/\.weight$/, '');
    return names.some((own) => own === name || own.startsWith(`${name}#`) || own.startsWith(`${module}.`));
  };
  return { found, rest: updates.filter((update) => typeof update.thin === 'function' || !isThere(update)) };
}

export function costOf(rows: number, columns: number): number {
  return Math.min(rows, columns) ** 2 * Math.max(rows, columns);
}
