/** From the figure of the tab to what the heatmap draws: panels, profile, scale, ticks, and which states there are to explain. */
import { noiseTimesRandom } from '../../src/answer/noise.ts';
import { roundingFloor } from '../../src/answer/size.ts';
import { energyRatio } from '../../src/metrics/verdict.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { num } from '../shared/format.ts';
import {
  ends,
  fitted,
  isBeyond,
  isDiverging,
  reference,
  toUnit,
  type CellValue,
  type Panel,
  type Profile,
  type ProfileSeries,
  type Scale,
} from '../shared/heatmap.ts';
import { t, tell } from '../shared/l10n.ts';
import type { Sign } from '../shared/map-legend.ts';
import { cellOf, ENERGY, MASK, shortNumber } from './cells.ts';
import { columnsOf, isManyOpen, type Column } from './columns.ts';
import { LIKE_NOISE } from './key-values.ts';
import { layerValues, noiseOf, statOf } from './layer-profile.ts';
import { freeScale, metricById, VIEWS, type Metric } from './metrics.ts';
import type { ComparisonModel } from './model.ts';
import { shownFigure, type Shown } from './shown.ts';
import type { Ui, View } from './view.ts';

export interface Picture {
  shown: Shown;
  metric: Metric;
  columns: readonly Column[];
  scale: Scale;
  panels: Panel[];
  profile: Profile;
  /** words at the two ends of the legend's ramp */
  endLabels: [string, string];
  /** where noise, or one rounding, lies on the ramp, 0 to 1; null: not on it */
  tick: number | null;
  /** in the cells at hand */
  signs: ReadonlySet<Sign>;
}
/** Cells over which the signs are looked for; a map of more has them in the first of them too. */
const LOOKED_AT = 20_000;

const fraction = (at: number): string => (at < 1 ? `1/${Math.round(1 / at)}` : String(Number(at.toPrecision(3))));
/** At most three digits, without a useless exponent. */
export const tick = (at: number): string =>
  (Math.abs(at) >= 1e-3 && Math.abs(at) < 1e5) || at === 0
    ? String(Number(at.toPrecision(3))).replace('-', '−')
    : num(at, 2);

/** An end that some value lies beyond says so: its colour stands for all of them. */
export function endLabels([low, high]: [string, string], scale: Scale, values: readonly number[]): [string, string] {
  const [lo, hi] = ends(scale);
  const some = (is: (value: number) => boolean): boolean => values.some((value) => isBeyond(scale, value) && is(value));
  return [some((value) => value < lo) ? `≤ ${low}` : low, some((value) => value > hi) ? `≥ ${high}` : high];
}

const STEPS = [1, 1.5, 2, 3, 5, 7, 10];
/** An end of a fitted scale on a round number at or beyond the value. */
export function roundEnd(value: number, isUpper: boolean): number {
  if (!(value > 0)) return value;
  const decade = 10 ** Math.floor(Math.log10(value));
  const mantissa = value / decade;
  const slack = 1e-9;
  const step = isUpper ? STEPS.find((s) => s >= mantissa - slack) : STEPS.findLast((s) => s <= mantissa + slack);
  return decade * (step ?? 1);
}
/** Fitted to the values, or as the figure has it. */
export function scaleOf({ figure, metric }: Pick<Shown, 'figure' | 'metric'>, values: readonly number[]): Scale {
  const given = figure?.scale ?? metric.scale;
  if (!given) return fitted(freeScale(values.length ? values : [0, 1]), values);
  if (figure ? !figure.isFitted : isDiverging(given)) return given;
  const fit = fitted(given, values);
  return fit.kind === 'log' ? { ...fit, lo: roundEnd(fit.lo, false), hi: roundEnd(fit.hi, true) } : fit;
}
/** Of the axis of the profile: both ends, the reference between them, decades of a logarithm. */
export function ticksOf(scale: Scale): number[] {
  const [lo, hi] = ends(scale);
  if (scale.kind === 'log1') return [lo, 1, hi];
  if (scale.kind !== 'log') return [lo, (lo + hi) / 2, hi];
  const ticks = [lo];
  for (let e = Math.ceil(Math.log10(lo * 1.6)); 10 ** e < hi / 1.6; e++) ticks.push(10 ** e);
  return [...ticks, hi];
}

/** What a matrix of noise gives for a figure, as far as that is no line at 1. */
const NOISE: Readonly<Record<string, (tensor: ComparisonTensor) => number | null>> = {
  [VIEWS]: (tensor) => noiseTimesRandom(tensor) ?? null,
  leftRatio: ({ metrics: { twin } }) => (twin ? energyRatio(twin, 'left') : null),
  rightRatio: ({ metrics: { twin } }) => (twin ? energyRatio(twin, 'right') : null),
};

export function picture(model: ComparisonModel, ui: Ui): Picture {
  const shown = shownFigure(model, ui);
  const columns = columnsOf(model, ui.unfolded, ui.bySize ? model : null);
  const { metric } = shown;
  const metrics = metric.id === VIEWS ? [metricById(MASK), metricById(ENERGY)] : [metric];
  const grids = metrics.map((one) => cellsOf(model, one, columns));
  const { values, signs } = lookAt(model, columns, grids);
  const scale = scaleOf(shown, values);
  if (values.some((value) => isBeyond(scale, value))) signs.add('beyond');
  const label = labeller(shown, scale);
  const [lo, hi] = ends(scale);
  const endWords = endLabels([label(lo), label(hi)], scale, values);
  const floor = shown.figure?.reference === 'rounding' ? roundingFloor(model.live()) : null;
  const names = shown.metric.id === VIEWS ? [t('which'), t('where')] : [t('median')];
  const isShare = isInPercent(metric);
  const noise = NOISE[metric.id];
  const open = columns.filter(({ isOpen }) => isOpen === true).map(({ module }) => model.labels.get(module) ?? module);
  const byExpert = !open.length
    ? ''
    : ui.bySize && isManyOpen(model, ui.unfolded)
      ? t('{0} by expert, the farthest moved first', open.join(', '))
      : t('{0} by expert', open.join(', '));
  const panels = metrics.map((one, i): Panel => {
    const [title, of] = titles(shown, i);
    const sub = [of, ...(byExpert ? [byExpert] : [])].filter(Boolean).join('; ');
    return { title, sub, scale, cell: grids[i] ?? absent, text: isShare && one === metric ? percentText : shortNumber };
  });
  const series = metrics.map((one, i): ProfileSeries => {
    const isLast = i === metrics.length - 1;
    const values = memo((layer) => layerValues(model, one, layer));
    return {
      name: names[i] ?? '',
      mark: isLast ? 'circle' : 'square',
      colour: i ? 'var(--ox-on)' : 'var(--vscode-foreground)',
      at: memo((layer) => statOf(values(layer))),
      ...(isLast ? { points: values } : {}),
    };
  });
  const isFactor = shown.figure?.reference === 'one' || (scale.kind === 'log1' && shown.figure === null);
  return {
    shown,
    metric,
    columns,
    scale,
    panels,
    profile: {
      title: t('By layer'),
      scale,
      reference: reference(scale),
      ticks: ticksOf(scale),
      label: (at) => (at === lo ? endWords[0] : at === hi ? endWords[1] : label(at)),
      series: noise && model.hasTwin ? [noiseSeries(model, noise), ...series] : series,
      band: isFactor ? [1 / LIKE_NOISE, LIKE_NOISE] : null,
      floor,
    },
    endLabels: endWords,
    tick: isFactor ? 0.5 : floor === null ? null : onRamp(scale, floor),
    signs,
  };
}
const noiseSeries = (model: ComparisonModel, noise: (tensor: ComparisonTensor) => number | null): ProfileSeries => ({
  name: t('noise'),
  mark: 'none',
  colour: 'var(--ox-quiet)',
  at: memo((layer) => noiseOf(model, noise, layer)),
});
function titles({ metric, figure, name }: Shown, panel: number): [string, string] {
  if (metric.id !== VIEWS) return [name, figure?.sub ? tell(figure.sub) : isInPercent(metric) ? t('in %') : ''];
  return panel
    ? [t('Where the update points'), t('× random direction')]
    : [t('Which weights changed'), t('overlap, × rounding noise')];
}
const absent = (): CellValue => ({ status: 'absent', value: null });
export const isInPercent = ({ format }: Metric): boolean => format(0.5).includes('%');
export const percentText = (value: number): string => shortNumber(100 * value);
/** What an end or a tick of the scale is called. */
export function labeller(
  { metric, figure }: Pick<Shown, 'figure' | 'metric'>,
  scale: Scale,
): (value: number) => string {
  if (isInPercent(metric)) return (value) => `${tick(100 * value)}\u202f%`;
  if (scale.kind === 'log1' && (figure !== null || Number.isInteger(scale.hi))) return fraction;
  return (value) => tick(value) + (scale.unit ?? '');
}
/** Where a value lies on the legend's ramp, 0 to 1; null: beyond it. */
export function onRamp(scale: Scale, value: number): number | null {
  const unit = isDiverging(scale) ? (toUnit(scale, value) + 1) / 2 : toUnit(scale, value);
  return unit >= 0 && unit <= 1 ? unit : null;
}

/** Each made once: the map, the medians and the profile ask for the same. */
export function memo<T>(make: (key: number) => T): (key: number) => T {
  const made = new Map<number, T>();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key) as T;
  };
}
type Cells = (layer: number, column: string) => CellValue;
function cellsOf(model: ComparisonModel, metric: Metric, columns: readonly Column[]): Cells {
  const byId = new Map(columns.map((column) => [column.id, memo((layer) => cellOf(model, metric, layer, column))]));
  return (layer, column) => byId.get(column)?.(layer) ?? absent();
}
/** All values, and the states of the cells. */
function lookAt(
  model: ComparisonModel,
  columns: readonly Column[],
  grids: readonly Cells[],
): { values: number[]; signs: Set<Sign> } {
  const values: number[] = [];
  const signs = new Set<Sign>();
  let seen = 0;
  for (const { id } of columns)
    for (const layer of model.layers)
      for (const grid of grids) {
        const cell = grid(layer, id);
        if (cell.value !== null) values.push(cell.value);
        if (cell.most != null) values.push(cell.most);
        if (seen++ < LOOKED_AT) for (const sign of signsOf(cell)) signs.add(sign);
      }
  return { values, signs };
}
export function signsOf({ status, value, isSmall, isBelow, most }: CellValue): Sign[] {
  if (status !== 'done') return [status];
  if (value === null) return ['null'];
  return [
    ...(isSmall ? ['small' as const] : []),
    ...(isBelow ? ['below' as const] : []),
    ...(most == null ? [] : ['most' as const]),
  ];
}

/** What of a run's time the picture may take, which goes over all cells. */
const SHARE = 0.1;
interface Made {
  version: number;
  ui: Ui;
  picture: Picture;
  /** while results come it is not made anew before, milliseconds of the page's clock */
  dueAt: number;
}
const MADE = new WeakMap<ComparisonModel, Made>();
/** The picture of this version of the page, made once for all that ask for it. */
export function pictureAt({ model, ui }: View, version: number): Picture {
  const known = MADE.get(model);
  const begin = performance.now();
  const isEarly = known !== undefined && model.state?.phase === 'running' && begin < known.dueAt;
  if (known?.ui === ui && (known.version === version || isEarly)) return known.picture;
  const made = picture(model, ui);
  const end = performance.now();
  MADE.set(model, { version, ui, picture: made, dueAt: end + (end - begin) / SHARE });
  return made;
}
