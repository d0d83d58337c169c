/** The figures of one checkpoint (section A of METRICS.md), from the catalog: name, meaning, how they are written and coloured. */
import { figuresOf } from '../../src/metrics/catalog.ts';
import type { AnyFigure, Scale } from '../../src/metrics/figure.ts';
import { inUnit } from '../shared/figures.ts';
import { tell } from '../shared/l10n.ts';

export interface Metric<Id extends string = string> {
  id: Id;
  name: string;
  /** the name if there is little room */
  short: string;
  /** what it is, in one line */
  text: string;
  format(value: number): string;
}
const metric = <Id extends string>({ id, label, short, sentence, unit }: AnyFigure & { id: Id }): Metric<Id> => ({
  id,
  name: tell(label),
  short: tell(short ?? label),
  text: tell(sentence),
  format: (value) => inUnit(unit, value),
});

export const SPECTRUM_METRICS = figuresOf('spectrum').map((figure) => metric(figure));
const ELEMENT_METRICS = figuresOf('elements').map((figure) => metric(figure));
/** What the map can show. Figures of the elements need no spectrum. */
export const MAP_METRICS = [
  ...SPECTRUM_METRICS.map((m) => ({ ...m, of: 'spectrum' as const })),
  ...ELEMENT_METRICS.map((m) => ({ ...m, of: 'elements' as const })),
];
export type MapMetric = (typeof MAP_METRICS)[number];
export const isMetric = (id: string): id is MapMetric['id'] => MAP_METRICS.some((m) => m.id === id);
export const mapMetric = (id: string): MapMetric =>
  MAP_METRICS.find((m) => m.id === id) ?? (MAP_METRICS.find((m) => m.id === 'stableRank') as MapMetric);

/** None of these figures has a null, so the colours are sequential and fitted: logarithmic over two decades or more. */
export function scaleOf(values: readonly number[]): Scale {
  let lo = Infinity;
  let hi = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    lo = Math.min(lo, value);
    hi = Math.max(hi, value);
  }
  if (lo > hi) return { kind: 'lin', lo: 0, hi: 1 };
  // one value alone stands in the middle of its scale
  if (lo === hi) return { kind: 'lin', lo: lo - (Math.abs(lo) || 1) / 2, hi: hi + (Math.abs(hi) || 1) / 2 };
  return lo > 0 && hi / lo >= 100 ? { kind: 'log', lo, hi } : { kind: 'lin', lo, hi };
}
