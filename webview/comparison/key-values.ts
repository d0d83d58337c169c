/** The figure of a tab in one line: over the model or the modules that the answer names, beside what noise gives. Numbers and words, no DOM. */
import type { Clause } from '../../src/answer/clause.ts';
import { CLEAR, meanAngle, noiseTimesRandom, timesRandom } from '../../src/answer/noise.ts';
import { gridWord, relativeUpdate, roundingFloor } from '../../src/answer/size.ts';
import { layersWord, listed, type Word } from '../../src/answer/words.ts';
import { expertOfMatrix } from '../../src/families/index.ts';
import { median } from '../../src/metrics/median.ts';
import { energyRatio } from '../../src/metrics/verdict.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { hasSpectra, hasWholeSpectra } from '../../src/results/accumulator.ts';
import { degrees, num, percent, times } from '../shared/format.ts';
import { termOf, type TermId } from '../shared/glossary.ts';
import { plural, t, tell } from '../shared/l10n.ts';
import { clausesOf } from './focus.ts';
import { metricById, type Metric } from './metrics.ts';
import type { ComparisonModel, Pair } from './model.ts';
import { overNoise } from './over-noise.ts';
import { knownOf, shownFigure } from './shown.ts';
import { BOTH, figureOfClause } from './tabs.ts';
import type { Ui } from './view.ts';

/** Display rule: a factor of 1.5 about the noise, inside which nothing is claimed of one matrix. */
export const LIKE_NOISE = 1.5;
const TWIN: TermId = 'twin';

/** A value on a logarithmic axis, with what it is read against. */
export interface Gauge {
  value: number;
  /** null: no reference on the axis */
  noise: number | null;
  /** shaded about the noise; null: none */
  band: number | null;
  /** what it can't pass, dashed */
  limit: number | null;
  domain: readonly [number, number];
  direction: 'on' | 'off' | null;
  label: string;
}
export interface Most {
  text: string;
  pair: Pair;
}
export interface Beside {
  text: string;
  term?: TermId;
}
export interface KeyFigure {
  name: string;
  /** id of the glossary's term; null: it has none */
  term: TermId | null;
  /** "in v and down"; empty: all */
  scope: string;
  value: string;
  /** of it, in the figure's own unit */
  exact: number | null;
  gauge: Gauge | null;
  /** what it is read against, each with the term that explains it */
  beside: readonly Beside[];
  /** the matrix with the largest value, as a link */
  most: (Most & { what: string }) | null;
  /** computing noise of the same size would say more */
  needsTwin: boolean;
}

interface Found {
  pair: Pair;
  tensor: ComparisonTensor;
}
type Of = (tensor: ComparisonTensor) => number | null | undefined;

/** Null before there is anything to say; `value` "–" if nothing has this figure. */
export function keyFigure(model: ComparisonModel, ui: Pick<Ui, 'tab' | 'figure'>): KeyFigure | null {
  const { metric, figure, name } = shownFigure(model, ui);
  const found = changedOf(model, metric);
  if (found.length === 0) return null;
  const context = contextOf(model, metric, found);
  switch (metric.id) {
    case 'relativeUpdate':
      return sizeFigure(model, context, name);
    case 'updateDensity':
      return shareFigure(model, context, name);
    case BOTH:
      return pointFigure(context, t('Into the main directions'), timesRandom, noiseTimesRandom, 'direction');
    case 'leftRatio':
    case 'rightRatio': {
      const side = metric.id === 'leftRatio' ? 'left' : 'right';
      const of = (m: Parameters<typeof energyRatio>[0]): number | null => energyRatio(m, side);
      return pointFigure(
        context,
        name,
        ({ metrics }) => of(metrics),
        ({ metrics: { twin } }) => (twin ? of(twin) : null),
        'direction',
      );
    }
    case 'nss':
    case 'nssOverNoise':
      return shiftFigure(model, context);
    case 'largestAngle':
    case 'meanAngleOverNoise':
      return turnFigure(model, context);
    default:
      return otherFigure(context, name, figure?.reference === 'one');
  }
}

/** The matrices of the blocks that changed and have the figure's part of the results. */
function changedOf(model: ComparisonModel, { elementwise, needsWhole }: Metric): Found[] {
  const hasPart = needsWhole ? hasWholeSpectra : hasSpectra;
  return model.matrices.flatMap((pair) => {
    const tensor = model.tensors.get(pair.name);
    if (!tensor || !(tensor.metrics.updateNorm ?? 0)) return [];
    return elementwise || hasPart(tensor) ? [{ pair, tensor }] : [];
  });
}

interface Context {
  model: ComparisonModel;
  metric: Metric;
  /** those that the answer speaks of, if it names some for this figure */
  within: readonly Found[];
  rest: readonly Found[];
  scope: string;
}
function contextOf(model: ComparisonModel, metric: Metric, found: readonly Found[]): Context {
  const clause = clausesOf(model.answer()).find(
    ({ kind, matrices, figure, tab }) =>
      kind === 'finding' &&
      matrices !== null &&
      tab === metric.tab &&
      figureOfClause(figure, knownOf(model)) === metric.id,
  );
  const names = namesOf(clause);
  const within = names ? found.filter(({ pair }) => names.has(pair.name)) : found;
  if (!names || within.length === 0 || within.length === found.length)
    return { model, metric, within: found, rest: [], scope: '' };
  const rest = found.filter(({ pair }) => !names.has(pair.name));
  return { model, metric, within, rest, scope: scopeOf(model, within) };
}
const namesOf = (clause: Clause | undefined): ReadonlySet<string> | null =>
  clause?.matrices ? new Set(clause.matrices) : null;

/** The modules of which something is said; the layers, if it is said of all modules. */
function scopeOf({ labels, modules }: ComparisonModel, within: readonly Found[]): string {
  const named = new Set(within.map(({ pair }) => pair.module));
  const names = modules.filter((module) => named.has(module)).map((module) => labels.get(module) ?? module);
  if (names.length < modules.length) return t('in {0}', word(listed(names)));
  return t('in {0}', word(layersWord([...new Set(within.flatMap(({ pair }) => pair.layer ?? []))])));
}
const word = (one: Word): string => (typeof one === 'string' ? one : tell(one));

const of = (found: readonly Found[], value: Of): number | null =>
  median(found.map(({ tensor }) => value(tensor) ?? null));

/** "layer 12, q" */
export function placeOf({ labels }: Pick<ComparisonModel, 'labels'>, { layer, module, name }: Pair): string {
  const expert = expertOfMatrix(name);
  const label = labels.get(module) ?? module;
  if (layer === null) return name;
  return expert === null ? t('layer {0}, {1}', layer, label) : t('layer {0}, {1}, expert {2}', layer, label, expert);
}
function mostOf(
  { model, within }: Context,
  value: Of,
  write: (value: number) => string,
  what = t('most:'),
): KeyFigure['most'] {
  let most: { value: number; pair: Pair } | null = null;
  for (const { pair, tensor } of within) {
    const one = value(tensor) ?? null;
    if (one !== null && (most === null || one > most.value)) most = { value: one, pair };
  }
  return most && { what, pair: most.pair, text: t('{0} in {1}', write(most.value), placeOf(model, most.pair)) };
}
function sideOf(value: number | null, noise: number | null, factor: number): Gauge['direction'] {
  if (value === null || noise === null || noise <= 0) return null;
  return value > factor * noise ? 'on' : value < noise / factor ? 'off' : null;
}
const elsewhere = ({ rest }: Context, value: Of, write: (value: number | null) => string): Beside[] =>
  rest.length ? [{ text: t('elsewhere {0}', write(of(rest, value))) }] : [];

/** Clauses that tell a size of the matrices that changed, and not of the model. */
const OF_PART: readonly string[] = ['size-of-matrix', 'size-of-adapter'];

function sizeFigure(model: ComparisonModel, context: Context, name: string): KeyFigure {
  const isPart = clausesOf(model.answer()).some(({ code }) => OF_PART.includes(code));
  const tensors = isPart
    ? context.within.map(({ tensor }) => tensor)
    : model.matrices.flatMap((pair) => model.tensors.get(pair.name) ?? []);
  const value = isPart ? relativeUpdate(tensors) : (model.state?.summary?.model.relativeUpdate ?? null);
  const floor = roundingFloor(tensors);
  return {
    name,
    term: 'relativeUpdate',
    scope: isPart ? plural(tensors.length, 'of the changed matrix', 'of the changed matrices') : '',
    value: percent(value, 2),
    exact: value,
    gauge: value
      ? {
          ...{ value, noise: floor, band: null, limit: null, domain: [1e-4, 1], direction: null },
          label: t('Relative update {0}, one rounding {1}', percent(value), percent(floor)),
        }
      : null,
    beside:
      floor === null
        ? []
        : [{ text: t('one rounding to {0} {1}', gridWord(tensors), percent(floor, 2)), term: 'rounding' }],
    most: mostOf(
      context,
      ({ metrics }) => metrics.relativeUpdate,
      (most) => percent(most, 2),
    ),
    needsTwin: false,
  };
}
function shareFigure(model: ComparisonModel, context: Context, name: string): KeyFigure {
  const { value } = model.weighted('updateDensity');
  return {
    name,
    term: 'changed',
    scope: '',
    value: percent(value),
    exact: value,
    gauge: null,
    beside: [{ text: t('unchanged in bf16 {0}', percent(model.weighted('unchangedBf16').value)) }],
    most: mostOf(
      context,
      ({ metrics }) => metrics.updateDensity,
      (most) => percent(most),
    ),
    needsTwin: false,
  };
}
function pointFigure(context: Context, name: string, value: Of, noise: Of, term: TermId): KeyFigure {
  const { within } = context;
  const [here, beside] = [of(within, value), of(within, noise)];
  const share = (id: 'jointEnergy' | 'jointEnergyBaseline'): string =>
    percent(
      of(within, ({ metrics }) => metrics[id]),
      2,
    );
  const isJoint = context.metric.id === BOTH;
  return {
    name,
    term,
    scope: context.scope,
    value: times(here, 2),
    exact: here,
    gauge: here
      ? {
          value: here,
          noise: beside ?? 1,
          band: LIKE_NOISE,
          limit: null,
          domain: [1 / 64, 64],
          direction: sideOf(here, beside ?? 1, LIKE_NOISE),
          label: t('{0} {1}, noise {2}', name, times(here), times(beside ?? 1)),
        }
      : null,
    beside: [
      beside === null
        ? { text: t('a random direction {0}', times(1)) }
        : { text: t('noise {0}', times(beside, 2)), term: TWIN },
      ...elsewhere(context, value, (x) => times(x, 2)),
      ...(isJoint ? [{ text: t('share {0}, random {1}', share('jointEnergy'), share('jointEnergyBaseline')) }] : []),
    ],
    most: mostOf(context, value, (most) => times(most, 2)),
    needsTwin: false,
  };
}
/** Both of these show where in the model the largest angle is. */
const largest = (context: Context): KeyFigure['most'] => {
  const { get } = metricById('largestAngle');
  return mostOf(context, get, (most) => degrees(most, 3), t('largest angle:'));
};
function shiftFigure(model: ComparisonModel, context: Context): KeyFigure {
  const shift: Of = ({ metrics }) => metrics.nss;
  const noise: Of = ({ metrics }) => metrics.twin?.nss;
  return besideNoise(model, context, {
    ...{ name: t('Spectrum shift'), term: 'spectrumShift', value: shift, noise, write: percent, domain: [1e-5, 1] },
    limit: of(context.within, ({ metrics }) => metrics.relativeUpdate),
  });
}
function turnFigure(model: ComparisonModel, context: Context): KeyFigure {
  const turn: Of = ({ metrics }) => meanAngle(metrics);
  const noise: Of = ({ metrics: { twin } }) => twin && meanAngle(twin);
  return besideNoise(model, context, {
    ...{
      name: t('Turn of the main directions'),
      term: 'turn',
      value: turn,
      noise,
      write: degrees,
      domain: [0.01, 90],
    },
    limit: 90,
  });
}
function besideNoise(
  model: ComparisonModel,
  context: Context,
  {
    name,
    term,
    value,
    noise,
    write,
    domain,
    limit,
  }: {
    name: string;
    term: TermId;
    value: Of;
    noise: Of;
    write: (value: number | null, digits?: number) => string;
    domain: Gauge['domain'];
    limit: number | null;
  },
): KeyFigure {
  const [here, beside] = [of(context.within, value), of(context.within, noise)];
  const ratio = overNoise(here, beside);
  return {
    name,
    term,
    scope: context.scope,
    value: write(here, 2),
    exact: here,
    gauge: here
      ? {
          ...{ value: here, noise: beside, band: beside === null ? null : LIKE_NOISE, limit, domain },
          direction: sideOf(here, beside, CLEAR.median),
          label:
            beside === null
              ? t('{0} {1}, limit {2}', name, write(here), write(limit))
              : t('{0} {1}, noise {2}, limit {3}', name, write(here), write(beside), write(limit)),
        }
      : null,
    beside: [
      ...(ratio === null
        ? []
        : [{ text: t('{0} of noise of the same size ({1})', times(ratio, 2), write(beside, 2)), term: TWIN }]),
      ...elsewhere(context, value, (x) => write(x, 2)),
      ...(limit === null ? [] : [{ text: t('limit {0}, dashed', write(limit, 2)) }]),
    ],
    most: largest(context),
    needsTwin: beside === null && model.state?.phase === 'done' && !model.state.parameters.twin,
  };
}
/** Any figure of the catalog: its median, and where it is largest. */
function otherFigure(context: Context, name: string, isFactor: boolean): KeyFigure {
  const { get, format, scale } = context.metric;
  const value = of(context.within, get);
  const hi = scale?.kind === 'log1' ? scale.hi : 64;
  return {
    name,
    term: termOf(context.metric.id.replace(/OverNoise$/, '')) ?? null,
    scope: context.scope,
    value: value === null ? num(null) : format(value),
    exact: value,
    gauge:
      isFactor && value
        ? {
            ...{ value, noise: 1, band: LIKE_NOISE, limit: null, domain: [1 / hi, hi] },
            direction: sideOf(value, 1, LIKE_NOISE),
            label: t('{0} {1}, noise {2}', name, times(value), times(1)),
          }
        : null,
    beside: [
      { text: t('median of the matrices') },
      ...elsewhere(context, get, format),
      ...(isFactor ? [{ text: t('noise {0}', times(1)), term: TWIN }] : []),
    ],
    most: mostOf(context, get, format),
    needsTwin: false,
  };
}
