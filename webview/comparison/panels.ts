/** From the chosen metric to what the heatmap draws: panels, profile, scale, ticks. */
import { num } from '../shared/format.ts';
import {
  ends,
  fitted,
  isBeyond,
  isDiverging,
  reference,
  type Panel,
  type Profile,
  type Scale,
} from '../shared/heatmap.ts';
import { freeScale, metricById, VIEWS, type Metric } from './metrics.ts';
import { shownFigure } from './shown.ts';
import type { ComparisonModel } from './model.ts';
import type { Ui } from './view.ts';
import { t } from '../shared/l10n.ts';

export interface Picture {
  metric: Metric;
  scale: Scale;
  panels: Panel[];
  profile: Profile;
  /** words at the two ends of the legend's ramp */
  endLabels: [string, string];
  /** some cell has a value beyond the ends of the scale: it has a corner */
  isBeyond: boolean;
  fit: boolean;
  /** a fixed scale to go back to */
  canFit: boolean;
}
/** Both views together: a factor of 64 either way, fixed, so that noise looks like noise. */
const VIEWS_SCALE: Scale = { kind: 'log1', hi: 64 };
const fraction = (t: number): string => (t < 1 ? `1/${Math.round(1 / t)}` : String(t));
/** At most three digits, without a useless exponent. */
export const tick = (t: number): string =>
  (Math.abs(t) >= 1e-3 && Math.abs(t) < 1e5) || t === 0
    ? String(Number(t.toPrecision(3))).replace('-', '−')
    : num(t, 2);

/** An end that some value lies beyond says so: its colour stands for all of them. */
export function endLabels(
  [low, high]: [string, string],
  scale: Scale,
  lists: readonly (readonly number[])[],
): [string, string] {
  const [lo, hi] = ends(scale);
  const some = (isBeyond: (value: number) => boolean): boolean => lists.some((values) => values.some(isBeyond));
  return [some((value) => value < lo) ? `≤ ${low}` : low, some((value) => value > hi) ? `≥ ${high}` : high];
}

/** Words of the ticks, with those of the ends at the ends. */
const tickLabels =
  (scale: Scale, [low, high]: [string, string], label: (tick: number) => string) =>
  (value: number): string => {
    const [lo, hi] = ends(scale);
    return value === lo ? low : value === hi ? high : label(value);
  };

export function picture(model: ComparisonModel, ui: Ui): Picture {
  const { metric } = shownFigure(model, ui);
  if (metric.id === VIEWS) return views(model, metric);
  const values = model.cellValues(metric);
  const own = metric.scale;
  const fit = own === null || (ui.fit ?? !isDiverging(own));
  const scale =
    own === null ? fitted(freeScale(values.length ? values : [0, 1]), values) : fit ? fitted(own, values) : own;
  const [lo, hi] = ends(scale);
  const middle = reference(scale) ?? (scale.kind === 'lin' ? (lo + hi) / 2 : null);
  const unit = scale.unit ?? '';
  const isShare = metric.format(0.5).includes('%');
  const label = (v: number): string =>
    isShare ? metric.format(Number(v.toPrecision(2))) : own?.kind === 'log1' && !fit ? fraction(v) : tick(v) + unit;
  const endWords = endLabels([label(lo), label(hi)], scale, [values]);
  const panel: Panel = {
    title: metric.name,
    sub: '',
    scale,
    cell: (layer, module) => model.cell(metric, layer, module),
    ...(isShare ? { text: (v: number): string => metric.format(v).replace(/\s?%$/, '') } : {}),
  };
  return {
    metric,
    scale,
    panels: [panel],
    profile: {
      title: t('Mean and range of layer'),
      scale,
      reference: reference(scale),
      ticks: middle === null ? [lo, hi] : [lo, middle, hi],
      label: tickLabels(scale, endWords, label),
      series: [{ mark: 'circle', colour: 'var(--vscode-foreground)', at: (layer) => model.layerStat(metric, layer) }],
    },
    endLabels: endWords,
    isBeyond: values.some((value) => isBeyond(scale, value)),
    fit,
    canFit: own !== null,
  };
}

function views(model: ComparisonModel, metric: Metric): Picture {
  const mask = metricById('principalLift');
  const energy = metricById('jointRatio');
  const panel = (title: string, sub: string, of: Metric): Panel => ({
    title,
    sub,
    scale: VIEWS_SCALE,
    cell: (layer, module) => model.cell(of, layer, module),
  });
  const values = [model.cellValues(mask), model.cellValues(energy)];
  const endWords = endLabels(['1/64', '64'], VIEWS_SCALE, values);
  return {
    metric,
    scale: VIEWS_SCALE,
    panels: [panel(t('Mask view'), t('overlap / null'), mask), panel(t('Energy view'), t('joint / isotropic'), energy)],
    profile: {
      title: t('Mean of layer'),
      scale: VIEWS_SCALE,
      reference: 1,
      ticks: [1 / 64, 1 / 8, 1, 8, 64],
      label: tickLabels(VIEWS_SCALE, endWords, fraction),
      series: [
        {
          name: t('mask'),
          mark: 'square',
          colour: 'var(--vscode-foreground)',
          at: (layer) => model.layerStat(mask, layer),
        },
        { name: t('energy'), mark: 'circle', colour: 'var(--ox-on)', at: (layer) => model.layerStat(energy, layer) },
      ],
    },
    endLabels: endWords,
    isBeyond: values.some((list) => list.some((value) => isBeyond(VIEWS_SCALE, value))),
    fit: false,
    canFit: false,
  };
}
