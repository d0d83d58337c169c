/** Columns of the tensor table, and the cells of one row. */
import { html, nothing, type TemplateResult } from 'lit';
import { cell, count, exact } from '../shared/format.ts';
import { linear, log, path } from '../shared/svg.ts';
import type { InspectorModel } from './model.ts';
import type { Row, SortKey } from './rows.ts';

export interface Column {
  key: SortKey;
  name: string;
  hint: string;
  right?: boolean;
  /** the first click sorts downward */
  descending?: boolean;
  /** its figures come after the header */
  late?: boolean;
}
export const COLUMNS: readonly Column[] = [
  { key: 'name', name: 'Name', hint: 'Sort by name' },
  { key: 'shape', name: 'Shape', hint: 'Sort by the first side', descending: true },
  { key: 'dtype', name: 'Type', hint: 'Sort by storage type' },
  { key: 'weights', name: 'Weights', hint: 'Sort by number of weights', right: true, descending: true },
  { key: 'distribution', name: 'Distribution', hint: 'Histogram; sorts by std', descending: true, late: true },
  {
    key: 'std',
    name: 'Std',
    hint: 'Standard deviation of the finite weights',
    right: true,
    descending: true,
    late: true,
  },
  {
    key: 'spectrum',
    name: 'Spectrum',
    hint: 'Singular values over the largest one, log; sorts by the largest',
    descending: true,
    late: true,
  },
  { key: 'stableRank', name: 'Stable rank', hint: 'Sum of σ² over σ₁²', right: true, descending: true, late: true },
];
const HISTOGRAM = { width: 88, height: 16 };
const SPECTRUM = { width: 74, height: 16 };

/** Bars of a histogram. Every bin that is not empty shows, however small. */
function histogramPath(counts: readonly number[]): string {
  const most = Math.max(1, ...counts);
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

export function cells(row: Row, model: InspectorModel, sparks: Sparks, withLayer: boolean): TemplateResult {
  const { tensor, label } = row;
  const statistics = model.statistics.get(tensor.name);
  const matrices = model.spectraOf(tensor.name);
  const matrix = matrices.length === 1 ? matrices[0] : undefined;
  const stable = matrix?.metrics.stableRank ?? null;
  const counts = statistics?.histogram?.counts;
  const std = statistics?.stats.std ?? null;
  const name = withLayer && tensor.layer !== null ? `${tensor.layer} · ${label}` : label;
  return html`<span class="name ${withLayer ? '' : 'in'}" role="gridcell" title=${tensor.name.slice(0, 1000)}
      >${name}</span
    >
    <span class="c-shape" role="gridcell">${tensor.missing ? 'missing' : tensor.shape.join(' × ') || 'scalar'}</span>
    <span class="quiet c-dtype" role="gridcell">${tensor.missing ? '' : tensor.dtype}</span>
    <span class="c-weights size" role="gridcell" title=${exact(row.weights)}
      >${tensor.missing ? nothing : sizeBar(row.weights, model.largest)}<span
        >${tensor.missing ? '' : count(row.weights)}</span
      ></span
    >
    <span class="c-distribution" role="gridcell"
      >${
        counts
          ? html`<svg width=${HISTOGRAM.width} height=${HISTOGRAM.height} role="img" aria-label="histogram">
              <path class="spark" d=${sparks.histogram(counts)}></path>
            </svg>`
          : nothing
      }</span
    >
    <span class="num c-std" role="gridcell" title=${std === null ? nothing : exact(std)}
      >${std === null ? '' : stdText(std)}</span
    >
    <span class="c-spectrum" role="gridcell"
      >${
        matrix?.singularValues.length
          ? html`<svg width=${SPECTRUM.width} height=${SPECTRUM.height} role="img" aria-label="spectrum">
              <path class="spark-l" d=${sparks.spectrum(matrix.singularValues)}></path>
            </svg>`
          : matrices.length > 1
            ? html`<span class="quiet">${matrices.length} matrices</span>`
            : nothing
      }</span
    >
    <span class="num c-stableRank" role="gridcell" title=${stable === null ? nothing : exact(stable)}
      >${stable === null ? '' : stable.toFixed(2)}</span
    >`;
}
