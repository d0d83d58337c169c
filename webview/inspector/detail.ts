/** Right pane: one tensor, its values, and its spectrum on request. */
import { nothing, type TemplateResult } from 'lit';
import type { QuantisedRow, TensorSpectrum, TensorStatistics } from '../../src/protocol/engine.ts';
import type { WireError } from '../../src/protocol/errors.ts';
import { bytes, exact, integer, num, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { icon } from '../shared/svg.ts';
import { ageMark, crumbs } from './crumbs.ts';
import { item } from './definition.ts';
import { digest } from './digest.ts';
import type { FigurePlot } from './figure.ts';
import './figure.ts';
import { ICON } from './icons.ts';
import { histogramPlot, spectrumPlot } from './plots.ts';
import type { Row } from './rows.ts';
import { spectrumSection } from './spectrum.ts';
import { tabPanel, tabs } from './values/tabs.ts';
import { ViewElement } from './view.ts';
import { plural, t, tellError } from '../shared/l10n.ts';

/** Why the values of a type are not read. */
function typeNote(dtype: string): string {
  if (/^F[46]/.test(dtype))
    return t('{0} packs several numbers into a byte; its values need scales, so they are not read.', dtype);
  if (dtype === 'F8_E8M0')
    return t('{0} holds exponents of block scales, not weights: it is listed, not analyzed.', dtype);
  if (/^C/.test(dtype)) return t('{0} is complex: it is listed, not analyzed.', dtype);
  if (dtype === 'BOOL') return t('Boolean: it is listed, not analyzed.');
  return /^[IU]\d/.test(dtype)
    ? t('{0} holds whole numbers: it is listed, not analyzed.', dtype)
    : t('{0} is not known to this version: it is listed, not analyzed.', dtype);
}

/** "FP8, 8 bits, blocks of 128" */
function quantisedText({ kind, bits, group }: QuantisedRow): string {
  const sizes = bits === 0 ? [] : [t('{0} bits', bits)];
  return [kind, ...sizes, ...(group === null ? [] : [group])].join(', ');
}

class Detail extends ViewElement {
  private statisticsPlot: { of: TensorStatistics; plot: FigurePlot | null } | null = null;
  private spectrumPlot: { of: TensorSpectrum; plot: FigurePlot | null } | null = null;
  private shown: string | null = null;

  protected override render(): TemplateResult | typeof nothing {
    const { model, ui } = this.view;
    const row = model.row(ui.selected);
    if (!row)
      return html`<div class="empty" data-state="no-selection">
        <p>${model.rows.length ? t('Select a tensor to see its values and its spectrum.') : nothing}</p>
      </div>`;
    const { tensor } = row;
    const failure = model.failureOf(tensor.name);
    return html`<div class="detail" data-detail=${tensor.name}>
      ${crumbs(this.view, row)}
      <div class="detail-head" tabindex="-1">
        <h2>
          ${tensor.layer === null ? row.label : t('Layer {0}, {1}', tensor.layer, leaf(row.label))}${ageMark(this.view)}
        </h2>
        <div class="mono quiet name">${tensor.name}</div>
      </div>
      ${failure ? this.failed(row, failure) : nothing} ${tabs(this.view)}
      ${
        ui.tab === 'statistics'
          ? html`<div role="tabpanel" aria-labelledby="tab-statistics">
              ${this.facts(row)} ${this.values(row)}
              ${spectrumSection(this.view, row, (spectrum) => this.plotOf(spectrum))}
            </div>`
          : tabPanel(this.view, row)
      }
    </div>`;
  }
  protected override updated(): void {
    if (this.shown === this.view.ui.selected) return;
    this.shown = this.view.ui.selected;
    if (this.parentElement) this.parentElement.scrollTop = 0;
  }
  override focus(): void {
    this.querySelector<HTMLElement>('.detail-head')?.focus();
  }

  private failed({ tensor }: Row, error: WireError): TemplateResult {
    const { model, post } = this.view;
    return html`<div class="banner error inset" role="alert" data-state="failed">
      ${icon(ICON.error)}<span class="grow">${tellError(error)}</span>
      <button
        data-action="retry-tensor"
        @click=${() => {
          model.forgetFailures([tensor.name]);
          post(tensor.spectral ? { type: 'spectra', tensors: [tensor.name] } : { type: 'retry' });
          this.view.set({});
        }}
      >
        ${t('Retry')}
      </button>
      <button data-action="show-log" @click=${() => post({ type: 'showLog' })}>${t('Show Log')}</button>
    </div>`;
  }

  private facts(row: Row): TemplateResult {
    const { model } = this.view;
    const { tensor } = row;
    const statistics = model.statistics.get(tensor.name);
    const stats = statistics?.stats;
    const sharded = (model.facts?.shards.length ?? 0) > 1;
    // The room of what is on its way: nothing moves when it comes.
    const isWaiting = model.waits(tensor.name);
    const expected = !stats && !isWaiting && model.isReadable(tensor) && !model.disk && !model.failureOf(tensor.name);
    const share = (n: number): string => (n && row.weights ? `${num(n)} (${percent(n / row.weights, 2)})` : num(n));
    return html`<dl class="stats">
      ${item(t('Shape'), tensor.missing ? t('unknown') : tensor.shape.join(' × ') || t('scalar'), plural(row.weights, '{0} weight', '{0} weights', integer(row.weights)))}
      ${tensor.quantised ? item(t('Quantised'), quantisedText(tensor.quantised), t('codes of [{0}], with their scales', tensor.quantised.storedShape.join(' × '))) : nothing}
      ${item(t('Type'), tensor.missing ? t('unknown') : tensor.dtype, tensor.dtype)}
      ${tensor.missing ? nothing : item(t('Size'), bytes(tensor.sizeBytes), t('{0} bytes', integer(tensor.sizeBytes)))}
      ${tensor.offset === null ? nothing : item(t('First byte'), integer(tensor.offset), t('offset in {0}', tensor.file))}
      ${sharded || tensor.missing ? item(t('File'), tensor.file, tensor.file) : nothing}
      ${
        tensor.offset === null || tensor.sizeBytes === 0
          ? nothing
          : html`<div data-digest>
              <dt>SHA-256</dt>
              <dd>${digest(this.view, tensor.name)}</dd>
            </div>`
      }
      ${
        stats
          ? html`${item(t('Zeros'), share(stats.zeros), exact(stats.zeros))}
            ${item(t('Mean'), num(stats.mean, 3), exact(stats.mean))}
            ${item(t('Std'), num(stats.std), exact(stats.std))} ${item(t('Minimum'), num(stats.min), exact(stats.min))}
            ${item(t('Maximum'), num(stats.max), exact(stats.max))}
            ${item(t('Largest |w|'), num(stats.absMax), exact(stats.absMax))}
            ${item(t('Subnormal'), share(stats.subnormal), t('below the normal range of the storage type'))}
            ${item('NaN', share(stats.nan), exact(stats.nan))}
            ${item(t('Infinite'), share(stats.inf), exact(stats.inf))}`
          : expected
            ? statisticNames().map((name) => item(name, '…', t('Reading the values…')))
            : nothing
      }
      ${tensor.transposed ? item(t('Stored'), t('[in, out]'), t('Conv1D: its matrix is the transpose of what is stored')) : nothing}
    </dl>`;
  }

  private values(row: Row): TemplateResult {
    const { model } = this.view;
    const { tensor } = row;
    const section = (small: string, body: unknown): TemplateResult =>
      html`<section class="sect" data-section="values">
        <h2>${t('Values')} <small>${small}</small></h2>
        ${body}
      </section>`;
    const note = (text: string): TemplateResult => section('', html`<p class="quiet">${text}</p>`);
    if (tensor.missing) return note(t('{0} is missing. Put it beside the others, or download it again.', tensor.file));
    if (tensor.offset === null) return note(t('Its place in the file is not valid: see the problems above.'));
    if (row.weights === 0) return note(t('Empty: one of its sides is 0.'));
    if (tensor.quantised && tensor.quantised.reason !== null)
      return note(t('Quantised ({0}), and not read: {1}.', tensor.quantised.kind, tensor.quantised.reason));
    if (!model.isReadable(tensor)) return note(typeNote(tensor.dtype));
    const statistics = model.statistics.get(tensor.name);
    if (!statistics && model.disk) return note(t('Not read before the file changed. Reload to read it.'));
    if (!statistics && model.failureOf(tensor.name)) return note(t('Not read.'));
    if (!statistics && model.waits(tensor.name))
      return section(
        t('not downloaded'),
        html`<button class="secondary" data-action="read-values" @click=${() => this.view.readValues([tensor.name])}>
          ${t('Download {0} and Read', bytes(tensor.sizeBytes))}
        </button>`,
      );
    if (!statistics)
      return section(t('Reading the values…'), html`<div class="room-histogram" aria-hidden="true"></div>`);
    const { stats } = statistics;
    const left =
      stats.nan || stats.inf
        ? t('{0} NaN, {1} infinite left out', integer(stats.nan), integer(stats.inf))
        : t('all finite');
    if (this.statisticsPlot?.of !== statistics)
      this.statisticsPlot = { of: statistics, plot: histogramPlot(statistics) };
    const { plot } = this.statisticsPlot;
    return section(
      plural(row.weights, '64 bins, {0} weight; {1}', '64 bins, {0} weights; {1}', integer(row.weights), left),
      plot
        ? html`<ox-figure .plot=${plot}></ox-figure>`
        : html`<p class="quiet">${t('No finite value: nothing to draw.')}</p>`,
    );
  }
  private plotOf(spectrum: TensorSpectrum): FigurePlot | null {
    if (this.spectrumPlot?.of !== spectrum) this.spectrumPlot = { of: spectrum, plot: spectrumPlot(spectrum) };
    return this.spectrumPlot.plot;
  }
}
const statisticNames = (): string[] => [
  ...[t('Zeros'), t('Mean'), t('Std'), t('Minimum'), t('Maximum'), t('Largest |w|'), t('Subnormal'), 'NaN'],
  t('Infinite'),
];
const leaf = (label: string): string => (label.includes('experts.') ? label : (label.split('.').at(-1) ?? label));
customElements.define('ox-detail', Detail);
