/** The ranked matrices of the page's tab: one list for the table, for F7 and for what is selected first. */
import { expertOfMatrix } from '../../src/families/index.ts';
import { t } from '../shared/l10n.ts';
import type { ComparisonModel, Pair } from './model.ts';
import { notable, rank, step, type Candidate, type Ranked } from './ranking.ts';
import type { Tab } from './tabs.ts';
import type { View } from './view.ts';

export interface Standing {
  ranked: readonly Ranked[];
  notable: readonly Ranked[];
  /** of the matrices in the order of the plan */
  places: ReadonlyMap<Pair, number>;
}
const MADE = new WeakMap<ComparisonModel, { key: string; standing: Standing }>();

/** Made anew if results have come since. */
export function standingOf(model: ComparisonModel, tab: Tab): Standing {
  const key = `${tab} ${model.revision}`;
  const known = MADE.get(model);
  if (known?.key === key) return known.standing;
  const candidates = model.matrices.flatMap((pair): Candidate[] => {
    const tensor = model.tensors.get(pair.name);
    return tensor ? [{ pair, tensor }] : [];
  });
  const ranked = rank(candidates, tab);
  const places = new Map(model.matrices.map((pair, i) => [pair, i]));
  const standing = { ranked, notable: notable(ranked, tab), places };
  MADE.set(model, { key, standing });
  return standing;
}

/** "Layer 3, v", of an expert "Layer 3, down, expert 7". */
export function matrixName(model: ComparisonModel, pair: Pair): string {
  const label = model.labels.get(pair.module) ?? pair.module;
  const expert = expertOfMatrix(pair.name);
  const layer = pair.layer ?? '–';
  return expert === null ? t('Layer {0}, {1}', layer, label) : t('Layer {0}, {1}, expert {2}', layer, label, expert);
}

/** The matrix of the detail. */
export function selectedPair({ model, ui }: View): Pair | undefined {
  if (!ui.cell) return undefined;
  const pairs = model.matricesAt(ui.cell.layer, ui.cell.module);
  return pairs.find(({ name }) => name === ui.member) ?? pairs[0];
}
export function select({ set }: View, pair: Pair): void {
  if (pair.layer !== null) set({ cell: { layer: pair.layer, module: pair.module }, member: pair.name });
}
/** F7: the next or previous matrix that stands out. */
export function stepNotable(view: View, by: 1 | -1): void {
  const list = standingOf(view.model, view.ui.tab).notable;
  const selected = selectedPair(view);
  const next = step(
    list,
    list.findIndex(({ pair }) => pair === selected),
    by,
  );
  if (next) select(view, next.pair);
}
