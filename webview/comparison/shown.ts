/** Which figure a tab shows: one of its own, or any of the catalog that belongs to it. */
import { tell } from '../shared/l10n.ts';
import { metricById, type Metric } from './metrics.ts';
import type { ComparisonModel } from './model.ts';
import { figureOfTab, figuresOfTab, stepFigure, type Known, type TabFigure } from './tabs.ts';
import type { Ui } from './view.ts';

export interface Shown {
  metric: Metric;
  /** null: not one of the tab's own */
  figure: TabFigure | null;
  name: string;
}

export const knownOf = (model: ComparisonModel): Known => ({
  hasTwin: model.hasTwin,
  hasHidden: (model.state?.summary?.metrics['hiddenShare']?.max ?? 0) > 0,
});

export function shownFigure(model: ComparisonModel, { tab, figure: chosen }: Pick<Ui, 'tab' | 'figure'>): Shown {
  const known = knownOf(model);
  const own = figureOfTab(tab, chosen, known);
  const isOwn = chosen === null || own.id === chosen;
  const metric = metricById(isOwn ? own.id : chosen);
  const isOffered = metric.id === chosen && metric.tab === tab && (known.hasTwin || !metric.needsTwin);
  if (!isOwn && isOffered) return { metric, figure: null, name: metric.name };
  return { metric: metricById(own.id), figure: own, name: tell(own.name) };
}

/** The figures of the tab, its default first. */
export const ownFigures = (model: ComparisonModel, { tab }: Pick<Ui, 'tab'>): TabFigure[] =>
  figuresOfTab(tab, knownOf(model));

export const nextFigure = (model: ComparisonModel, ui: Pick<Ui, 'tab' | 'figure'>, by: 1 | -1): string =>
  stepFigure(ui.tab, shownFigure(model, ui).metric.id, by, knownOf(model));
