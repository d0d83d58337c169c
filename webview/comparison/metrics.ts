/** Every figure that the map can show, from the catalog: no figure is out of reach of the picker. */
import { figuresOf } from '../../src/metrics/catalog.ts';
import type { Scale } from '../../src/metrics/figure.ts';
import { groupOrder, GROUPS as GROUP_NAMES } from '../../src/metrics/groups.ts';
import { greatest, least } from '../../src/protocol/lists.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { LARGEST_ANGLE } from '../../src/metrics/headlines.ts';
import type { Figures } from '../../src/metrics/verdict.ts';
import { angleOverNoise } from '../../src/answer/noise.ts';
import { inUnit } from '../shared/figures.ts';
import { times } from '../shared/format.ts';
import { t, tell } from '../shared/l10n.ts';
import { nss, wedin } from '../shared/readings.ts';
import { overNoise } from './over-noise.ts';
import { BOTH, type Tab } from './tabs.ts';

export interface Metric {
  id: string;
  /** the question that it belongs to */
  tab: Tab;
  group: string;
  name: string;
  /** one sentence under the picker */
  text: string;
  /** null: two panels on one scale, or a scale found from the values */
  scale: Scale | null;
  /** computed by the elementwise pass, so there before the spectra */
  elementwise: boolean;
  /** not among what the leading triplets of a matrix say */
  needsWhole?: true;
  /** needs noise of the same size: offered only if that is computed */
  needsTwin?: true;
  get(tensor: ComparisonTensor): number | null;
  format(value: number | null): string;
}
/** The mask view and the energy view beside each other. */
export const VIEWS = BOTH;

const TAB_OF: Readonly<Record<PairFigure['group'], Tab>> = {
  change: 'size',
  validity: 'size',
  elements: 'size',
  principal: 'where',
  energy: 'where',
  update: 'where',
  low: 'where',
  principalNotLow: 'where',
  shift: 'spectrum',
  spectrum: 'spectrum',
  // of several checkpoints: no figure of this page
  agreement: 'where',
  path: 'size',
};

const asNumber = (v: unknown): number | null => (typeof v === 'number' ? v : typeof v === 'boolean' ? Number(v) : null);
const wholeOf = (figure: PairFigure): Pick<Metric, 'needsWhole'> => ('whole' in figure ? { needsWhole: true } : {});
const atEnd = (v: unknown, end: 0 | 1): number | null => (Array.isArray(v) ? asNumber(v[end]) : null);

/** Of both checkpoints: spectra first. */
export const CHECKPOINT_FIGURES = [...figuresOf('spectrum'), ...figuresOf('elements')];
/** Of the pair, in the order of the groups. */
export const PAIR_FIGURES = [...figuresOf('change'), ...figuresOf('update')].sort(
  (a, b) => groupOrder(a.group) - groupOrder(b.group),
);
export type PairFigure = (typeof PAIR_FIGURES)[number];

/** A figure of one matrix in its unit; with what bounds its meaning, if that is more than a number. */
export function figureText({ id, unit }: PairFigure, m: Figures): string {
  if (id === 'wedinBound') return wedin(m);
  if (id === 'nss') return nss(m);
  const value = m[id];
  return Array.isArray(value) ? '' : inUnit(unit, value);
}

/** A figure, both ends of a range, or none of a list; before it the factor over what it stands beside, if it has one. */
function metricsOf(figure: PairFigure): Metric[] {
  const { id, factor, beside } = figure;
  const kind = figure.kind;
  const plain: Metric = {
    id,
    tab: TAB_OF[figure.group],
    group: tell(GROUP_NAMES[figure.group]),
    name: tell(figure.label),
    text: tell(figure.sentence),
    scale: figure.scale,
    elementwise: figure.of === 'change',
    ...wholeOf(figure),
    get: (tensor) => asNumber(tensor.metrics[id]),
    format: (value) => inUnit(figure.unit, value),
  };
  if (kind === 'profile') return [];
  if (kind === 'range')
    return ([0, 1] as const).map((end) => ({
      ...plain,
      id: id + end,
      name: end ? t('{0}, most possible', plain.name) : t('{0}, least possible', plain.name),
      get: (tensor) => atEnd(tensor.metrics[id], end),
    }));
  if (!factor || !beside) return [plain];
  const over: Metric = {
    ...plain,
    id: factor.id,
    name: tell(factor.label),
    text: tell(factor.sentence),
    scale: factor.scale,
    get: ({ metrics }) => {
      const value = asNumber(metrics[id]);
      const reference = asNumber(metrics[beside.id as keyof typeof metrics]);
      return value === null || !reference ? null : value / reference;
    },
    format: (value) => inUnit('factor', value),
  };
  return [over, plain];
}
/** Colours of a factor over noise of the same size: 16 either way. */
const NOISE_SCALE: Scale = { kind: 'log1', hi: 16 };
/** A figure over that of noise of the same size; none of a figure that the two share by definition, or that is not an amount. */
function overNoiseOf(figure: PairFigure): Metric[] {
  const { id, kind, unit, group, label, sentence, sameForNoise } = figure;
  if (sameForNoise || unit === 'truth' || (kind !== 'number' && kind !== 'integer')) return [];
  return [
    {
      id: `${id}OverNoise`,
      tab: TAB_OF[group],
      group: t('Beside noise of the same size'),
      name: t('{0} / noise', tell(label)),
      text: t('{0} Here as a factor over noise of the same size: 1 is what noise gives.', tell(sentence)),
      scale: NOISE_SCALE,
      // the twin is made with the spectra
      elementwise: false,
      needsTwin: true,
      ...wholeOf(figure),
      get: ({ metrics }) => overNoise(metrics[id], metrics.twin?.[id]),
      format: (value) => inUnit('factor', value),
    },
  ];
}
/** Angles of both sides together: the largest, and the mean beside noise of the same size. */
const ANGLES: readonly Metric[] = [
  {
    id: 'largestAngle',
    tab: 'spectrum',
    group: tell(GROUP_NAMES.shift),
    name: t('Largest angle'),
    text: t(
      'The largest angle between the main directions of the base and those of the tuned checkpoint, of both sides.',
    ),
    scale: { kind: 'lin', lo: 0, hi: 90, unit: '°' },
    elementwise: false,
    needsWhole: true,
    format: (value) => inUnit('degrees', value),
    get: ({ metrics }) => LARGEST_ANGLE.of(metrics),
  },
  {
    id: 'meanAngleOverNoise',
    tab: 'spectrum',
    group: t('Beside noise of the same size'),
    name: t('Turn of the main directions'),
    text: t('The mean angle of both sides as a factor over noise of the same size: 1 is what noise gives.'),
    scale: NOISE_SCALE,
    elementwise: false,
    needsTwin: true,
    needsWhole: true,
    format: (value) => inUnit('factor', value),
    get: ({ metrics }) => angleOverNoise({ metrics }) ?? null,
  },
];
function checkpointMetrics(side: 'base' | 'tuned'): Metric[] {
  const isBase = side === 'base';
  const group = t(isBase ? 'Base checkpoint' : 'Tuned checkpoint');
  return CHECKPOINT_FIGURES.map(({ id, of, label, sentence, unit }) => ({
    id: `${side}.${id}`,
    tab: of === 'elements' ? 'size' : 'spectrum',
    group,
    name: isBase ? t('{0}, base', tell(label)) : t('{0}, tuned', tell(label)),
    text: tell(sentence),
    scale: null,
    elementwise: of === 'elements',
    ...(of === 'spectrum' ? { needsWhole: true } : {}),
    format: (value) => inUnit(unit, value),
    get: (tensor) => tensor.metrics[side][id] ?? null,
  }));
}
export const METRICS: readonly Metric[] = [
  {
    id: VIEWS,
    tab: 'where',
    group: tell(GROUP_NAMES.energy),
    name: t('Where it points, which changed'),
    text: t('Both as a factor over what noise gives, on one scale: 1 is what noise gives.'),
    scale: null,
    elementwise: false,
    format: times,
    get: (tensor) => tensor.metrics.principalLift ?? null,
  },
  ...PAIR_FIGURES.flatMap(metricsOf),
  ...PAIR_FIGURES.flatMap(overNoiseOf),
  ...ANGLES,
  ...checkpointMetrics('base'),
  ...checkpointMetrics('tuned'),
];
const BY_ID: ReadonlyMap<string, Metric> = new Map(METRICS.map((m) => [m.id, m]));
export const metricById = (id: string): Metric => BY_ID.get(id) ?? METRICS[0]!;
/** What a tab offers beside its own figures, by groups. */
export function moreMetrics(
  tab: Tab,
  hasTwin: boolean,
  without: readonly { id: string }[],
): (readonly [group: string, metrics: readonly Metric[]])[] {
  const own = new Set(without.map(({ id }) => id));
  const offered = METRICS.filter(
    (metric) => metric.tab === tab && (hasTwin || !metric.needsTwin) && !own.has(metric.id),
  );
  return [...new Set(offered.map(({ group }) => group))].map(
    (group) => [group, offered.filter((metric) => metric.group === group)] as const,
  );
}
/** For a metric without a natural range: logarithmic if the values are positive and span two decades. */
export function freeScale(values: readonly number[]): Scale {
  const lo = least(values);
  const hi = greatest(values);
  return lo > 0 && hi / lo >= 100 ? { kind: 'log', lo, hi } : { kind: 'lin', lo, hi };
}
