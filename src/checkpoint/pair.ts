/** What of two checkpoints can be compared with what. Everything that cannot is listed with its reason. */
import { isOwnTensor, UnmergedModel, unmergedNote } from './adapters/unmerged.ts';
import { inOneStorage } from './cast.ts';
import { numberType } from '../numbers/index.ts';
import {
  describeName,
  familyOf,
  isBias,
  isExpertStack,
  layoutKey,
  normalizeName,
  publishedName,
  type Family,
} from '../families/index.ts';
import type { ModelConfig, TensorRow } from '../protocol/engine.ts';
import type { Problem } from '../protocol/results.ts';
import { coverageOf } from './coverage.ts';
import { matchesGlob } from './glob.ts';
import { logicalShape, oriented, type Match } from './orientation.ts';
import { inHalves, pairedSide, reorderedNote, whyNotReordered } from './rotary.ts';
import { changedName, constantChange, type Change } from './prefix.ts';
import { elementCount, hasTooManyExperts, isStack, MAX_EXPERTS } from './rows.ts';
import type { Checkpoint, MatrixView, Pairing } from './types.ts';
import { biasViews, flatView, matrixViews } from './views.ts';
import { commonRows, loneHead, resized, resizedNote } from './vocabulary.ts';
import type { Weight, WeightPair } from './weight.ts';
import { flatWeight, weightOf } from './weights.ts';

export interface PairOptions {
  /** spectra of matrices outside the blocks too: embeddings, output head, others */
  includeEmbeddings: boolean;
  /** glob over the names of either side, null for all */
  tensors: string | null;
}
interface Sides {
  base: Checkpoint;
  tuned: Checkpoint;
  /** with an adapter in it that is not merged, or null */
  unmerged: Record<'base' | 'tuned', UnmergedModel | null>;
  /** of the base, else of the tuned side: both hold one model */
  config: ModelConfig | null;
  family: Family | null;
}

/**
 * Pairs by name, then by name without known prefixes, then without one constant part that only one side has, then part by part across layouts (fused against split, stacked against single experts).
 * Order: embeddings, layers upwards, the rest; within that the base's order.
 */
export function pairCheckpoints(base: Checkpoint, tuned: Checkpoint, options: PairOptions): Pairing {
  const config = base.config ?? tuned.config;
  const family = familyOf(config?.modelType ?? null) ?? base.family ?? tuned.family;
  const unmerged = { base: UnmergedModel.of(base), tuned: UnmergedModel.of(tuned) };
  const sides: Sides = { base, tuned, unmerged, config, family };
  const { matches, change, ...rest } = matchRows(modelRows(base), modelRows(tuned));
  const notes: Problem[] = change ? [changeNote(change)] : [];
  const tokens = resized(base, tuned);
  const head = loneHead(base, tuned, rest.baseRest, rest.tunedRest);
  if (head) notes.push(head.note);
  if (head?.match) matches.push(head.match);
  const baseRest = rest.baseRest.filter((row) => row !== head?.match?.base);
  const { tunedRest } = rest;
  const unread = { base: [] as string[], tuned: [] as string[] };
  const pairs: WeightPair[] = [];
  const skipped: Pairing['skipped'] = [];
  for (const match of oriented(matches)) {
    const common = commonRows(match, tokens);
    const reason = whyUnmerged(match, unmerged, unread) ?? whyNot(match, common) ?? whyNotReordered(match, config);
    if (reason === null && common !== null && tokens) {
      if (!notes.some(({ code }) => code === 'pairing-vocabulary')) notes.push(resizedNote(tokens));
      pairs.push(tablePair(match, common, sides, options));
    } else if (reason === null) for (const pair of pairsOf(match, sides, options)) pairs.push(pair);
    else skipped.push({ name: match.base.name, reason });
  }
  const aligned = alignLayouts(baseRest, tunedRest, sides, options, change);
  for (const pair of aligned.pairs) pairs.push(pair);
  for (const one of aligned.skipped) skipped.push(one);
  const outside = new Set<string>();
  const selected = pairs.filter((pair) => {
    if (isSelected(pair, options.tensors)) return true;
    outside.add(pair.name);
    return false;
  });
  for (const name of outside) skipped.push({ name, reason: `outside the pattern ${JSON.stringify(options.tensors)}` });
  selected.sort((a, b) => tableOrder(a) - tableOrder(b));
  for (const side of ['tuned', 'base'] as const)
    if (unmerged[side]) notes.unshift(unmergedNote(side, sides[side], unread[side]));
  const paired = matches.map(pairedSide).find((side) => side !== null);
  if (paired) notes.push(reorderedNote(paired));
  const coverage = coverageOf(base, tuned, { pairs: selected, skipped });
  return { pairs: selected, skipped, unpaired: aligned.unpaired, coverage, notes };
}

/** Rows by the names of the model: codes by that of the weight they make, unless another tensor has it; their scales have no row. */
function modelRows(checkpoint: Checkpoint): TensorRow[] {
  const { tensors, quantised } = checkpoint;
  const sides = new Set<string>();
  for (const { sides: own } of quantised.values()) for (const { name } of own) sides.add(name);
  const rows: TensorRow[] = [];
  for (const row of tensors.values()) {
    if (sides.has(row.name) || !isOwnTensor(checkpoint, row)) continue;
    const name = row.quantised?.weight ?? row.name;
    rows.push(tensors.has(name) ? row : { ...row, name });
  }
  return rows;
}

function isSelected({ base, tuned }: WeightPair, pattern: string | null): boolean {
  if (pattern === null) return true;
  return [base.name, base.tensor, tuned.name, tuned.tensor].some((name) => matchesGlob(pattern, name));
}

function tableOrder({ base: { place } }: WeightPair): number {
  if (place.layer !== null) return place.layer;
  return place.role === 'embedding' ? -1 : Number.MAX_SAFE_INTEGER;
}

/** What was taken to make the names agree. */
function changeNote({ side, take, put, inside }: Change): Problem {
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
function nameOn(side: 'base' | 'tuned', row: TensorRow, change: Change | null): string {
  return (change?.side === side ? changedName(row.name, change) : null) ?? row.name;
}

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
function matchRows(base: TensorRow[], tuned: TensorRow[]): Matched {
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
function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T> {
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

/** Why the weight of a side is not what its model computes with, and can't be made so; noted in `unread`. Null if it can, or is. */
function whyUnmerged(
  match: Match,
  unmerged: Sides['unmerged'],
  unread: Record<'base' | 'tuned', string[]>,
): string | null {
  let first: string | null = null;
  for (const side of ['base', 'tuned'] as const) {
    const reason = unmerged[side]?.whyNot(match[side]) ?? null;
    if (reason !== null) unread[side].push(`${match[side].name}: ${reason}`);
    first ??= reason;
  }
  return first;
}

/** Why two tensors of one name are not compared, or null. */
function whyNot({ base, tuned }: Match, common: number | null): string | null {
  const reason = whyNotOne(base, 'base') ?? whyNotOne(tuned, 'tuned');
  if (reason !== null) return reason;
  if (common !== null) return null;
  const [left, right] = [logicalShape(base), logicalShape(tuned)];
  if (left.length !== right.length || left.some((side, i) => side !== right[i])) {
    return `shapes differ: [${base.shape.join(', ')}] against [${tuned.shape.join(', ')}]`;
  }
  return elementCount(base.shape) === 0 ? 'it has no weights' : null;
}

function whyNotOne(row: TensorRow, side: 'base' | 'tuned'): string | null {
  if (row.role === 'bookkeeping') return 'bookkeeping of the storage or the code, not a weight';
  if (row.missing) return `its shard ${row.file} is missing (${side})`;
  if (row.offset === null) return `its data cannot be read: ${row.file} is damaged (${side})`;
  if (row.quantised) {
    const { kind, reason } = row.quantised;
    return reason === null ? null : `quantised (${kind}), and left out: ${reason} (${side})`;
  }
  switch (numberType(row.dtype)?.kind) {
    case 'float':
      return null;
    case 'integer':
      return `integers (${row.dtype}), not compared`;
    case 'boolean':
      return 'booleans, not compared';
    case 'complex':
      return `complex numbers (${row.dtype}), not compared`;
    case 'packed':
      return `packed numbers (${row.dtype}), not compared`;
    case 'scale':
      return `block scales (${row.dtype}), not weights`;
    case undefined:
      return `its type ${JSON.stringify(row.dtype)} is not known to this version`;
  }
}

/** Tables of tokens of two lengths: their first rows. */
function tablePair({ base, tuned }: Match, rows: number, sides: Sides, options: PairOptions): WeightPair {
  const table = (side: 'base' | 'tuned', row: TensorRow): Weight => {
    const { shape } = row;
    if (shape.length === 1) return modelWeight(sides, side, row, flatView(row, rows), [rows]);
    return modelWeight(sides, side, row, { ...flatView(row, shape[1] ?? 0), rows });
  };
  return pairOf(table('base', base), table('tuned', tuned), options);
}

function pairsOf(match: Match, sides: Sides, options: PairOptions): WeightPair[] {
  // Both hold one weight: what one side's config or router tells of it holds for the other.
  const stack = match.base.stack ?? match.tuned.stack;
  const [base, tuned] = [match.base, match.tuned].map((row) => (stack ? { ...row, stack } : row)) as [
    TensorRow,
    TensorRow,
  ];
  const paired = pairedSide(match);
  const viewsOf = (row: TensorRow, side: 'base' | 'tuned'): MatrixView[] => {
    const views = matrixViews(row, sides.config, sides.family);
    return paired === side ? views.flatMap((view) => inHalves(view, sides.config) ?? []) : views;
  };
  const views = viewsOf(base, 'base');
  if (views.length === 0) {
    return [pairOf(flatWeight(sides.base, base), flatWeight(sides.tuned, tuned), options)];
  }
  const others = viewsOf(tuned, 'tuned');
  return views.map((view, i) =>
    pairOf(
      modelWeight(sides, 'base', base, view),
      modelWeight(sides, 'tuned', tuned, others[i] as MatrixView),
      options,
    ),
  );
}

/** A weight as its model computes with it: with the update of an adapter that was not merged. */
function modelWeight(
  sides: Sides,
  side: 'base' | 'tuned',
  row: TensorRow,
  view: MatrixView,
  shape?: readonly number[],
): Weight {
  const weight = weightOf(sides[side], row, view, shape);
  return sides.unmerged[side]?.applied(weight, row, view) ?? weight;
}

function pairOf(base: Weight, tuned: Weight, { includeEmbeddings }: PairOptions): WeightPair {
  const reason = whyNoSpectrum(base, includeEmbeddings);
  const [left, right] = inOneStorage(base, tuned);
  return {
    name: base.name,
    base: left,
    tuned: right,
    spectral: reason === null,
    ...(reason === null ? {} : { reason }),
  };
}

function whyNoSpectrum({ shape, rows, columns, place }: Weight, includeEmbeddings: boolean): string | null {
  if (shape.length === 0) return 'a single number, no spectrum';
  if (shape.length === 1) return 'one axis, no spectrum';
  if (isExpertStack(place.module) && hasTooManyExperts(shape))
    return `a stack of ${shape[0]} experts, more than the ${MAX_EXPERTS} that are taken apart; compared as one, no spectrum`;
  if (shape.length > 2) return `${shape.length} axes, no spectrum`;
  if (Math.min(rows, columns) < 2) return 'one row or one column, no spectrum';
  if (isBias(place.module)) return 'a stack of biases, no spectrum';
  return place.layer === null && !includeEmbeddings ? 'outside the blocks; on request' : null;
}

/** Pairs the parts of tensors that no name brought together. */
function alignLayouts(
  baseRest: readonly TensorRow[],
  tunedRest: readonly TensorRow[],
  sides: Sides,
  options: PairOptions,
  change: Change | null,
): Omit<Pairing, 'coverage' | 'notes'> {
  const pairs: WeightPair[] = [];
  const skipped: Pairing['skipped'] = [];
  const baseParts = partsOf(baseRest, 'base', sides, change);
  const tunedParts = partsOf(tunedRest, 'tuned', sides, change);
  const paired = new Set<Part>();
  const touched = new Set<TensorRow>();
  const tunedByKey = uniqueBy(tunedParts, (part) => part.key);
  for (const [key, left] of uniqueBy(baseParts, (part) => part.key)) {
    const right = tunedByKey.get(key);
    if (!right) continue;
    touched.add(left.row).add(right.row);
    if (left.view.rows !== right.view.rows || left.view.columns !== right.view.columns) continue;
    paired.add(left).add(right);
    const shape = isVector(left.row) ? [left.view.columns] : [left.view.rows, left.view.columns];
    const weight = (side: 'base' | 'tuned', { row, view }: Part): Weight => modelWeight(sides, side, row, view, shape);
    pairs.push(pairOf(weight('base', left), weight('tuned', right), options));
  }
  for (const parts of [baseParts, tunedParts])
    for (const part of parts)
      if (touched.has(part.row) && !paired.has(part))
        skipped.push({
          name: part.view.name,
          reason: 'the two layouts differ, and this part has no counterpart of its shape',
        });
  const untouched = (rows: readonly TensorRow[]): string[] =>
    rows.filter((row) => !touched.has(row)).map((row) => row.name);
  return { pairs, skipped, unpaired: { baseOnly: untouched(baseRest), tunedOnly: untouched(tunedRest) } };
}

/** A vector, or one an expert. */
const isVector = ({ shape, module }: TensorRow): boolean =>
  shape.length === 1 || (shape.length === 2 && isBias(module));

interface Part {
  row: TensorRow;
  view: MatrixView;
  key: string;
}
function partsOf(
  rows: readonly TensorRow[],
  side: 'base' | 'tuned',
  { config, family }: Sides,
  change: Change | null,
): Part[] {
  return rows.flatMap((row) => {
    if (whyNotOne(row, side) !== null) return [];
    if (row.shape.length !== 1 && row.shape.length !== 2 && !isStack(row)) return [];
    const views = isVector(row) ? biasViews(row, config, family) : matrixViews(row, config, family);
    return views.flatMap((stored) => {
      const view = inHalves(stored, config);
      if (!view) return [];
      const marks = view.name.slice(row.name.length).split('#').slice(1);
      return { row, view, key: layoutKey(publishedName(nameOn(side, row, change)), marks, family) };
    });
  });
}
