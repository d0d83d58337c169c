/** The spectrum section of the detail: on request, for one matrix of the tensor at a time. */
import { html, nothing, type TemplateResult } from 'lit';
import type { TensorSpectrum } from '../../src/protocol/engine.ts';
import { duration, exact, integer, num } from '../shared/format.ts';
import { key } from '../shared/svg.ts';
import { item } from './definition.ts';
import type { FigurePlot } from './figure.ts';
import { SPECTRUM_METRICS } from './metrics.ts';
import type { Row } from './rows.ts';
import type { View } from './view.ts';

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
      <h2>Singular values <small>${small}</small></h2>
      ${body}
    </section>`;
  if (!tensor.spectral) {
    if (!view.model.isReadable(tensor)) return nothing;
    return section('', html`<p class="quiet">${noSpectrum(tensor.shape)}</p>`);
  }
  if (!chosen) return section('', request(view, row));
  return section(
    `${integer(chosen.singularValues.length)} values, log–log, ${elapsed(chosen.elapsedMs)}`,
    html`${matrices.length > 1 ? parts(view, matrices, chosen) : nothing} ${result(chosen, plotOf(chosen))}`,
  );
}
function noSpectrum(shape: readonly number[]): string {
  if (shape.length < 2) return 'One axis: this tensor has no spectrum.';
  if (shape.length > 2) return `${shape.length} axes: no matrix, so no spectrum.`;
  return 'One row or one column: its only singular value is its norm.';
}

function request(view: View, row: Row): TemplateResult {
  const { model, post } = view;
  const { name, role } = row.tensor;
  const statistics = model.statistics.get(name)?.stats;
  if (statistics && (statistics.nan || statistics.inf))
    return html`<p class="quiet">
      Not defined: ${integer(statistics.nan)} NaN and ${integer(statistics.inf)} infinite weights.
    </p>`;
  const busy = model.isAnalyzing;
  const note = busy
    ? role === 'block'
      ? 'In the queue of the running analysis.'
      : 'After the running analysis.'
    : role === 'block'
      ? 'Not computed yet.'
      : 'Outside the blocks, so not analyzed by default.';
  return html`<div class="row">
    <p class="quiet grow">${note}</p>
    <button
      class="secondary"
      data-action="compute-spectrum"
      ?disabled=${busy || model.disk !== null}
      @click=${() => post({ type: 'spectra', tensors: [name] })}
    >
      Compute Spectrum
    </button>
  </div>`;
}
function parts(view: View, matrices: readonly TensorSpectrum[], chosen: TensorSpectrum): TemplateResult {
  return html`<label class="row parts"
    ><span class="quiet small">Matrix</span>
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
    <span class="quiet small">of ${matrices.length} in this tensor</span></label
  >`;
}

function result(spectrum: TensorSpectrum, plot: FigurePlot | null): TemplateResult {
  const { metrics: m, mpEdge, reasons } = spectrum;
  const q = Math.min(spectrum.rows, spectrum.columns);
  const hint = new Map(SPECTRUM_METRICS.map((metric) => [metric.id, metric.text]));
  const show = (id: (typeof SPECTRUM_METRICS)[number]['id'], name: string, value = num(m[id])): TemplateResult =>
    item(name, value, exact(m[id]), hint.get(id));
  const rank = (k: number | null): string => (k === null ? num(k) : `rank ${integer(k)}`);
  return html`${
      plot
        ? html`<ox-figure .plot=${plot}></ox-figure>
            <div class="keys">
              ${key('s-blue', 'σ of this matrix')}${mpEdge === null ? nothing : key('mp', `MP edge ${num(mpEdge)}`)}
              ${m.powerLawAlpha === null ? nothing : key('l-fg', `power-law fit, exponent ${num(m.powerLawAlpha, 3)}`)}
            </div>`
        : nothing
    }
    ${reasons.map((reason) => html`<p class="reading" data-reason>${reason}</p>`)}
    ${m.outlierCount === null ? nothing : html`<p class="reading">${outliers(m.outlierCount, q)}</p>`}
    <dl class="stats" data-metrics>
      ${show('spectralNorm', 'Spectral norm')} ${show('frobeniusNorm', 'Frobenius')}
      ${show('stableRank', 'Stable rank')} ${show('effectiveRank', 'Effective rank')}
      ${show('numericalRank', 'Numerical rank', m.numericalRank === null ? num(null) : `${integer(m.numericalRank)} of ${integer(q)}`)}
      ${show('conditionNumber', 'Condition')} ${show('energyRank90', '90 % energy', rank(m.energyRank90))}
      ${show('energyRank99', '99 % energy', rank(m.energyRank99))}
      ${show('powerLawAlpha', 'Exponent', m.powerLawAlpha === null ? num(null) : `${num(m.powerLawAlpha)}, D ${num(m.powerLawD, 2)}`)}
      ${show('powerLawXmin', 'Fitted from σ²')} ${show('alphaHat', 'α̂')} ${show('logAlphaNorm', 'Log α-norm')}
      ${show('mpSoftRank', 'MP soft rank')} ${show('outlierCount', 'Outliers')}
    </dl>`;
}
const elapsed = (ms: number): string => (ms < 1000 ? `${num(ms, 2)}\u202fms` : duration(ms / 1000));
/** The count and what noise gives; no more follows from it. */
function outliers(count: number, q: number): string {
  if (count === 0) return 'No value lies above the Marchenko–Pastur edge of this variance.';
  if (count === 1)
    return 'One value lies above the Marchenko–Pastur edge; one matrix in ten of pure noise has one too.';
  return `${integer(count)} of ${integer(q)} values lie above the Marchenko–Pastur edge; of pure noise matrices, one in ten has any.`;
}
