/** Across layouts: the parts of tensors that no name brought together, fused against split, stacked against single experts. */
import { isBias, layoutKey, publishedName } from '../families/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { nameOn, uniqueBy } from './matchNames.ts';
import { modelWeight, pairOf, type PairOptions, type Sides } from './pairOf.ts';
import type { Change } from './prefix.ts';
import { inHalves } from './rotary.ts';
import { isStack } from './rows.ts';
import type { MatrixView, Pairing } from './types.ts';
import { biasViews, matrixViews } from './views.ts';
import type { Weight, WeightPair } from './weight.ts';
import { whyNotOne } from './whyNot.ts';

/** Pairs the parts of tensors that no name brought together. */
export function alignLayouts(
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
