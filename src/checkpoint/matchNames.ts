/** Tensors of two checkpoints that stand for one weight by their names: as they are, without prefixes, without one constant part. */
import { describeName, normalizeName, publishedName } from '../families/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import type { Problem } from '../protocol/results.ts';
import type { Match } from './orientation.ts';
import { changedName, constantChange, type Change } from './prefix.ts';

/** What was taken to make the names agree. */
export function changeNote({ side, take, put, inside }: Change): Problem {
  const where = inside ? 'inside' : 'before';
  const message =
    put === ''
      ? `Names of the ${side} side are read without ${JSON.stringify(take)} ${where} them: so names and shapes agree.`
      : take === ''
        ? `Names of the ${side} side are read with ${JSON.stringify(put)} before them: so names and shapes agree.`
        : `Names of the ${side} side are read with ${JSON.stringify(put)} before them in place of ${JSON.stringify(take)}: so names and shapes agree.`;
  return { severity: 'info', code: 'pairing-prefix', message };
}

/** A name without the constant part of its side. */
export function nameOn(side: 'base' | 'tuned', row: TensorRow, change: Change | null): string {
  return (change?.side === side ? changedName(row.name, change) : null) ?? row.name;
}

/** The layer that MLX wraps with an adapter beside it. */
const IN_WRAPPER = /\.linear\.(weight|bias)$/;

interface Matched {
  matches: Match[];
  baseRest: TensorRow[];
  tunedRest: TensorRow[];
  change: Change | null;
}
/**
 * By full name first; what is left by the name without prefixes, if that is one tensor on each side, then without a constant part, at
 * last by the name that a model is published under elsewhere.
 */
export function matchRows(base: TensorRow[], tuned: TensorRow[]): Matched {
  const byName = new Map(tuned.map((row) => [row.name, row]));
  const taken = new Set<TensorRow>();
  const partners = new Map<TensorRow, TensorRow>();
  const take = (row: TensorRow, partner: TensorRow | undefined): void => {
    if (!partner || taken.has(partner)) return;
    partners.set(row, partner);
    taken.add(partner);
  };
  const rest = (): [TensorRow[], TensorRow[]] => [
    base.filter((row) => !partners.has(row)),
    tuned.filter((row) => !taken.has(row)),
  ];
  const takeBy = (change: Change | null, known: (name: string) => string): void => {
    const [baseRest, tunedRest] = rest();
    const tunedNames = uniqueBy(tunedRest, (row) => known(nameOn('tuned', row, change)));
    for (const [name, row] of uniqueBy(baseRest, (row) => known(nameOn('base', row, change))))
      take(row, tunedNames.get(name));
  };
  for (const row of base) take(row, byName.get(row.name));
  takeBy(null, normalizeName);
  takeBy(null, (name) => normalizeName(name).replace(IN_WRAPPER, '.$1'));
  const change = constantChange(...rest(), Math.min(base.length, tuned.length));
  if (change) takeBy(change, normalizeName);
  takeBy(change, publishedName);
  const described = (row: TensorRow, side: 'base' | 'tuned'): TensorRow => {
    if (change?.side !== side) return row;
    const { layer, module, role } = describeName(nameOn(side, row, change));
    return { ...row, layer, module, role: row.role === 'bookkeeping' ? row.role : role };
  };
  const matches: Match[] = [];
  for (const row of base) {
    const partner = partners.get(row);
    if (partner) matches.push({ base: described(row, 'base'), tuned: described(partner, 'tuned') });
  }
  const [baseRest, tunedRest] = rest();
  return {
    matches,
    baseRest: baseRest.map((row) => described(row, 'base')),
    tunedRest: tunedRest.map((row) => described(row, 'tuned')),
    change,
  };
}

/** Items whose key no other has. */
export function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T> {
  const found = new Map<string, T>();
  const twice = new Set<string>();
  for (const item of items) {
    const key = keyOf(item);
    if (found.has(key)) twice.add(key);
    found.set(key, item);
  }
  for (const key of twice) found.delete(key);
  return found;
}
