/** What of two checkpoints can be compared with what. Everything that cannot is listed with its reason. */
import { familyOf } from '../families/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import type { Problem } from '../protocol/results.ts';
import { isOwnTensor, UnmergedModel, unmergedNote } from './adapters/unmerged.ts';
import { alignLayouts } from './alignLayouts.ts';
import { coverageOf } from './coverage.ts';
import { matchesGlob } from './glob.ts';
import { changeNote, matchRows } from './matchNames.ts';
import { isTurned, oriented, turnedNote, type Match } from './orientation.ts';
import { modelWeight, pairOf, WholePair, type PairOptions, type Sides } from './pairOf.ts';
import { inHalves, pairedSide, reorderedNote, whyNotReordered } from './rotary.ts';
import type { Checkpoint, MatrixView, Pairing } from './types.ts';
import { flatView, matrixViews } from './views.ts';
import { commonRows, loneHead, resized, resizedNote } from './vocabulary.ts';
import type { Place, Weight, WeightPair } from './weight.ts';
import { whyNot, whyUnmerged } from './whyNot.ts';

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
  if (isTurned(matches)) notes.push(turnedNote);
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
    else skipped.push({ name: match.base.name, reason, ...renamed(match) });
  }
  const aligned = alignLayouts(baseRest, tunedRest, sides, options, change);
  for (const pair of aligned.pairs) pairs.push(pair);
  for (const one of aligned.skipped) skipped.push(one);
  const outside = new Set<string>();
  const selected = inTableOrder(
    pairs.filter((pair) => {
      if (isSelected(pair, options.tensors)) return true;
      outside.add(pair.name);
      return false;
    }),
  );
  for (const name of outside) skipped.push({ name, reason: `outside the pattern ${JSON.stringify(options.tensors)}` });
  for (const side of ['tuned', 'base'] as const)
    if (unmerged[side]) notes.unshift(unmergedNote(side, sides[side], unread[side]));
  const paired = matches.map(pairedSide).find((side) => side !== null);
  if (paired) notes.push(reorderedNote(paired));
  const coverage = coverageOf(base, tuned, { pairs: selected, skipped });
  return { pairs: selected, skipped, unpaired: aligned.unpaired, coverage, notes };
}

const renamed = ({ base, tuned }: Match): { tuned?: string } => (base.name === tuned.name ? {} : { tuned: tuned.name });

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

function isSelected(pair: WeightPair, pattern: string | null): boolean {
  if (pattern === null) return true;
  const { base, tuned } = pair;
  return [base.name, base.tensor, tuned.name, tuned.tensor].some((name) => matchesGlob(pattern, name));
}

function inTableOrder(pairs: readonly WeightPair[]): WeightPair[] {
  const ordered = pairs.map((pair) => ({ pair, order: tableOrder(pair.base.place) }));
  return ordered.sort((a, b) => a.order - b.order).map(({ pair }) => pair);
}
function tableOrder({ layer, role }: Place): number {
  if (layer !== null) return layer;
  return role === 'embedding' ? -1 : Number.MAX_SAFE_INTEGER;
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
  if (views.length === 0) return [new WholePair(sides, base, tuned)];
  const others = viewsOf(tuned, 'tuned');
  return views.map((view, i) =>
    pairOf(
      modelWeight(sides, 'base', base, view),
      modelWeight(sides, 'tuned', tuned, others[i] as MatrixView),
      options,
    ),
  );
}
