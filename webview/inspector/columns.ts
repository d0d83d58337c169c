/** Columns of the tensor table, and the cells of one row. */
import { nothing, type TemplateResult } from 'lit';
import { cell, count, cutText, exact, num } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { linear, log, path } from '../shared/svg.ts';
import { figureOf } from './figures.ts';
import type { Outlier } from './find/outliers.ts';
import type { MapMetric } from './metrics.ts';
import type { InspectorModel } from './model.ts';
import type { Row, SortKey } from './rows.ts';
import { greatest } from '../../src/protocol/lists.ts';

export interface Column {
  /** names its class; a column keeps its place whatever it shows */
  id: 'name' | 'shape' | 'dtype' | 'weights' | 'distribution' | 'std' | 'spectrum' | 'figure';
  /** what a click on the head sorts by; the order of the list it heads if there is none */
  sort: SortKey | null;
  name: string;
  hint: string;
  right?: boolean;
  /** the first click sorts downward */
  descending?: boolean;
}
/** `metric` takes the last column; among outliers their z takes the place of the histogram. */
export function columnsOf(metric: MapMetric, outliers: boolean): readonly Column[] {
  return [
    { id: 'name', sort: 'name', name: t('Name'), hint: t('Sort by name') },
    { id: 'shape', sort: 'shape', name: t('Shape'), hint: t('Sort by the first side'), descending: true },
    { id: 'dtype', sort: 'dtype', name: t('Type'), hint: t('Sort by storage type') },
    {
      id: 'weights',
      sort: 'weights',
      name: t('Weights'),
      hint: t('Sort by number of weights'),
      right: true,
      descending: true,
    },
    outliers
      ? {
          id: 'distribution',
          sort: null,
          name: t('Robust z'),
          hint: t('0.6745 (x − median) / MAD among the siblings: the same module in other layers. Sort by its size'),
          right: true,
        }
      : {
          id: 'distribution',
          sort: 'std',
          name: t('Distribution'),
          hint: t('Histogram; sorts by std'),
          descending: true,
        },
    {
      id: 'std',
      sort: 'std',
      name: t('Std'),
      hint: t('Standard deviation of the finite weights'),
      right: true,
      descending: true,
    },
    {
      id: 'spectrum',
      sort: 'spectralNorm',
      name: t('Spectrum'),
      hint: t('Singular values over the largest one, log; sorts by the largest'),
      descending: true,
    },
    {
      id: 'figure',
      sort: metric.id,
      name: metric.name,
      hint: `${metric.name}. ${metric.text}`,
      right: true,
      descending: true,
    },
  ];
}
/** Characters of a name in a cell: far more than the column shows. */
const MAX_NAME = 300;
const HISTOGRAM = { width: 88, height: 16 };
const SPECTRUM = { width: 74, height: 16 };

/** Bars of a histogram. Every bin that is not empty shows, however small. */
function histogramPath(counts: readonly number[]): string {
  const most = greatest(counts, 1);
  const each = HISTOGRAM.width / counts.length;
  return counts
    .map((n, i) => {
      if (!n) return '';
      const tall = Math.max(0.8, (n / most) * (HISTOGRAM.height - 1));
      return `M${(i * each).toFixed(1)} ${HISTOGRAM.height}v${(-tall).toFixed(1)}h${each.toFixed(2)}V${HISTOGRAM.height}z`;
    })
    .join('');
}
/** Singular values over the largest, from 2 % up, on a log axis; at most two points a pixel. */
function spectrumPath(values: readonly number[]): string {
  const first = values[0];
  if (!first || values.length < 2) return '';
  const x = linear(0, values.length - 1, 1, SPECTRUM.width - 1);
  const y = log(0.02, 1, SPECTRUM.height - 1, 1.5);
  const step = Math.max(1, Math.floor(values.length / (2 * SPECTRUM.width)));
  const points = values.flatMap((v, i) =>
    i % step === 0 || i === values.length - 1 ? [[x(i), y(Math.max(v / first, 0.02))] as const] : [],
  );
  return path(points);
}
/** The tensor's share of the largest one's weights. */
function sizeBar(weights: number, largest: number): TemplateResult {
  const width = Math.max(1, (36 * weights) / Math.max(1, largest));
  return html`<svg width="36" height="16" aria-hidden="true">
    <rect class="sizebar" x=${36 - width} y="4" width=${width} height="8"></rect>
  </svg>`;
}

/** Paths of the small pictures, kept: the same row is drawn again with every scroll. */
export class Sparks {
  private readonly histograms = new WeakMap<readonly number[], string>();
  private readonly spectra = new WeakMap<readonly number[], string>();

  histogram(counts: readonly number[]): string {
    return kept(this.histograms, counts, histogramPath);
  }
  spectrum(values: readonly number[]): string {
    return kept(this.spectra, values, spectrumPath);
  }
}
function kept(
  store: WeakMap<readonly number[], string>,
  values: readonly number[],
  make: (v: readonly number[]) => string,
): string {
  let found = store.get(values);
  if (found === undefined) store.set(values, (found = make(values)));
  return found;
}
/** Four decimals line up in the column; what they cannot show is written in full. */
const stdText = (std: number): string => (std !== 0 && (std < 5e-4 || std >= 100) ? cell(std) : std.toFixed(4));

export interface CellOptions {
  sparks: Sparks;
  metric: MapMetric;
  /** the layer stands before the name: its group is not its layer's */
  withLayer: boolean;
  /** under the head of a group */
  indented: boolean;
  outlier?: Outlier<Row> | undefined;
}
export function cells(row: Row, model: InspectorModel, options: CellOptions): TemplateResult {
  const { sparks, metric, withLayer, indented, outlier } = options;
  const { tensor, label } = row;
  const statistics = model.statistics.get(tensor.name);
  const matrices = model.spectraOf(tensor.name);
  const matrix = matrices.length === 1 ? matrices[0] : undefined;
  const figure = figureOf(model, row, metric) ?? null;
  const std = statistics?.stats.std ?? null;
  const name = withLayer && tensor.layer !== null ? `${tensor.layer} · ${label}` : label;
  const mean = metric.of === 'spectrum' && matrices.length > 1 ? t('mean of {0} matrices', matrices.length) : '';
  return html`<span class="name ${indented ? 'in' : ''}" role="gridcell" title=${tensor.name.slice(0, 1000)}
      >${cutText(name, MAX_NAME)}</span
    >
    <span class="c-shape" role="gridcell"
      >${tensor.missing ? t('missing') : cutText(tensor.shape.join(' × '), MAX_NAME) || t('scalar')}</span
    >
    <span class="quiet c-dtype" role="gridcell">${tensor.missing ? '' : (tensor.quantised?.kind ?? tensor.dtype)}</span>
    <span class="c-weights size" role="gridcell" title=${exact(row.weights)}
      >${tensor.missing ? nothing : sizeBar(row.weights, model.largest)}<span
        >${tensor.missing ? '' : count(row.weights)}</span
      ></span
    >
    ${outlier ? zCell(outlier, metric) : histogramCell(statistics?.histogram?.counts, sparks)}
    <span class="num c-std" role="gridcell" title=${std === null ? nothing : exact(std)}
      >${std === null ? '' : stdText(std)}</span
    >
    <span class="c-spectrum" role="gridcell"
      >${
        matrix?.singularValues.length
          ? html`<svg width=${SPECTRUM.width} height=${SPECTRUM.height} role="img" aria-label=${t('spectrum')}>
              <path class="spark-l" d=${sparks.spectrum(matrix.singularValues)}></path>
            </svg>`
          : matrices.length > 1
            ? html`<span class="quiet">${t('{0} matrices', matrices.length)}</span>`
            : nothing
      }</span
    >
    <span
      class="num c-figure"
      role="gridcell"
      data-figure=${figure ?? nothing}
      title=${figure === null ? nothing : [exact(figure), mean].filter(Boolean).join(', ')}
      >${figure === null ? '' : metric.format(figure)}</span
    >`;
}
function histogramCell(counts: readonly number[] | undefined, sparks: Sparks): TemplateResult {
  return html`<span class="c-distribution" role="gridcell"
    >${
      counts
        ? html`<svg width=${HISTOGRAM.width} height=${HISTOGRAM.height} role="img" aria-label=${t('histogram')}>
            <path class="spark" d=${sparks.histogram(counts)}></path>
          </svg>`
        : nothing
    }</span
  >`;
}
/** The sign is part of the figure: above or below what is usual. */
function zCell({ z, median, siblings }: Outlier<Row>, metric: MapMetric): TemplateResult {
  const about = t('median of {0} siblings: {1}', siblings, metric.format(median));
  const note = Number.isFinite(z) ? exact(z) : t('more than half of the siblings share one value, so their MAD is 0');
  return html`<span class="num c-distribution" role="gridcell" data-z=${z} title=${[note, about]}
    >${z > 0 ? '+' : ''}${num(z, 3)}</span
  >`;
}
