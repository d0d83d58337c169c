/** The spectrum section of the detail: on request, for one matrix of the tensor at a time. */
import { nothing, type TemplateResult } from 'lit';
import type { TensorSpectrum } from '../../src/protocol/engine.ts';
import { duration, exact, integer, num } from '../shared/format.ts';
import { termOf } from '../shared/glossary.ts';
import { html } from '../shared/html.ts';
import { key } from '../shared/svg.ts';
import { item } from './definition.ts';
import type { FigurePlot } from './figure.ts';
import { SPECTRUM_METRICS } from './metrics.ts';
import type { Row } from './rows.ts';
import type { View } from './view.ts';
import { plural, t } from '../shared/l10n.ts';

export function spectrumSection(
  view: View,
  row: Row,
  plotOf: (spectrum: TensorSpectrum) => FigurePlot | null,
): TemplateResult | typeof nothing {
  const { tensor } = row;
  if (tensor.missing || tensor.offset === null) return nothing;
  const matrices = view.model.spectraOf(tensor.name);
  const chosen = matrices.find((matrix) => matrix.name === view.ui.part) ?? matrices[0];
  const section = (small: string, body: unknown): TemplateResult =>
    html`<section class="sect" data-section="spectrum">
      <h2>${t('Singular values')} <small>${small}</small></h2>
      ${body}
    </section>`;
  if (!tensor.spectral) {
    if (!view.model.isReadable(tensor)) return nothing;
    return section('', html`<p class="quiet">${noSpectrum(tensor.shape)}</p>`);
  }
  if (!chosen) return section('', html`<div class="room-spectrum">${request(view, row)}</div>`);
  return section(
    plural(
      chosen.singularValues.length,
      '{0} value, log–log, {1}',
      '{0} values, log–log, {1}',
      integer(chosen.singularValues.length),
      elapsed(chosen.elapsedMs),
    ),
    html`${matrices.length > 1 ? parts(view, matrices, chosen) : nothing} ${result(chosen, plotOf(chosen))}`,
  );
}
function noSpectrum(shape: readonly number[]): string {
  if (shape.length < 2) return t('One axis: this tensor has no spectrum.');
  if (shape.length > 2) return t('{0} axes: no matrix, so no spectrum.', shape.length);
  return t('One row or one column: its only singular value is its norm.');
}

function request(view: View, row: Row): TemplateResult {
  const { model, post } = view;
  const { name, role } = row.tensor;
  const statistics = model.statistics.get(name)?.stats;
  if (statistics && (statistics.nan || statistics.inf))
    return html`<p class="quiet">
      ${t('Not defined: {0} NaN and {1} infinite weights.', integer(statistics.nan), integer(statistics.inf))}
    </p>`;
  const busy = model.isAnalyzing;
  const note = busy
    ? role === 'block'
      ? t('In the queue of the running analysis.')
      : t('After the running analysis.')
    : role === 'block'
      ? t('Not computed yet.')
      : t('Outside the blocks, so not analyzed by default.');
  return html`<div class="row">
    <p class="quiet grow">${note}</p>
    <button
      class="secondary"
      data-action="compute-spectrum"
      ?disabled=${busy || model.disk !== null}
      @click=${() => post({ type: 'spectra', tensors: [name] })}
    >
      ${t('Compute Spectrum')}
    </button>
  </div>`;
}
function parts(view: View, matrices: readonly TensorSpectrum[], chosen: TensorSpectrum): TemplateResult {
  return html`<label class="row parts"
    ><span class="quiet small">${t('Matrix')}</span>
    <select
      data-action="part"
      @change=${(event: Event) => view.set({ part: (event.target as HTMLSelectElement).value })}
    >
      ${matrices.map(
        (matrix) =>
          html`<option value=${matrix.name} ?selected=${matrix === chosen}>
            ${matrix.name.slice(matrix.tensor.length + 1)} (${matrix.rows} × ${matrix.columns})
          </option>`,
      )}
    </select>
    <span class="quiet small">${t('of {0} in this tensor', matrices.length)}</span></label
  >`;
}

function result(spectrum: TensorSpectrum, plot: FigurePlot | null): TemplateResult {
  const { metrics: m, mpEdge, reasons } = spectrum;
  const q = Math.min(spectrum.rows, spectrum.columns);
  const written = (metric: (typeof SPECTRUM_METRICS)[number]): string => {
    const value = m[metric.id];
    if (value === null) return num(value);
    return metric.id === 'numericalRank' ? t('{0} of {1}', integer(value), integer(q)) : metric.format(value);
  };
  return html`${
      plot
        ? html`<ox-figure .plot=${plot}></ox-figure>
            <div class="keys">
              ${key('s-blue', t('σ of this matrix'))}${mpEdge === null ? nothing : key('mp', t('MP edge {0}', num(mpEdge)))}
              ${m.powerLawAlpha === null ? nothing : key('l-fg', t('power-law fit, exponent {0}', num(m.powerLawAlpha, 3)))}
            </div>`
        : nothing
    }
    ${reasons.map((reason) => html`<p class="reading" data-reason>${reason}</p>`)}
    ${m.outlierCount === null ? nothing : html`<p class="reading">${outliers(m.outlierCount, q)} <ox-term bare term="noiseEdge"></ox-term></p>`}
    <dl class="stats" data-metrics>
      ${SPECTRUM_METRICS.map((metric) =>
        item(metric.short, written(metric), exact(m[metric.id]), metric.text, termOf(metric.id)),
      )}
    </dl>`;
}
const elapsed = (ms: number): string => (ms < 1000 ? `${num(ms, 2)}\u202fms` : duration(ms / 1000));
/** The count and what noise gives; no more follows from it. */
function outliers(count: number, q: number): string {
  if (count === 0) return t('No value lies above the Marchenko–Pastur edge of this variance.');
  if (count === 1)
    return t('One value lies above the Marchenko–Pastur edge; one matrix in ten of pure noise has one too.');
  return t(
    '{0} of {1} values lie above the Marchenko–Pastur edge; of pure noise matrices, one in ten has any.',
    integer(count),
    integer(q),
  );
}
