/** Right pane: one matrix in full. Of several in a cell (experts, parts), the list lets one be chosen. */
import { nothing, type TemplateResult } from 'lit';
import { expertOfMatrix } from '../../src/families/index.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { num, percent, times } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t, tellError } from '../shared/l10n.ts';
import { energyRatio } from '../../src/metrics/verdict.ts';
import { cellReading, outliers } from '../shared/readings.ts';
import { recomputedNote } from '../shared/recomputed.ts';
import { gap, windowOf } from '../shared/windowed.ts';
import { statusWord } from '../shared/words.ts';
import { backendWord } from './backend.ts';
import { alignment } from './detail-alignment.ts';
import { energyCurves } from './detail-energy.ts';
import { againstNoise } from './detail-noise.ts';
import { numbers } from './detail-numbers.ts';
import { pictureSection } from './detail-picture.ts';
import { profiles } from './detail-profiles.ts';
import { angles, singularValues } from './detail-spectra.ts';
import { hasSpectra, hasWholeSpectra } from '../../src/results/accumulator.ts';
import type { Pair } from './model.ts';
import { naming } from './integrity.ts';
import { define, ViewElement } from './view.ts';

export const sizes = (shape: readonly number[]): string => shape.join(' × ');
export const dtypes = (dtype: { base: string; tuned: string }): string =>
  dtype.base === dtype.tuned ? dtype.base : t('{0} and {1}', dtype.base, dtype.tuned);

class Detail extends ViewElement {
  private shown = '';

  protected override render(): TemplateResult {
    const { model, ui } = this.view;
    const cell = ui.cell;
    if (!cell) {
      return html`<section class="pane" tabindex="-1" aria-label=${t('Selected matrix')}>
        <p class="empty quiet">${t('Select a cell of the map to see its matrix.')}</p>
      </section>`;
    }
    const pairs = model.matricesAt(cell.layer, cell.module);
    const pair = pairs.find((p) => p.name === ui.member) ?? pairs[0];
    return html`<section class="pane" tabindex="-1" aria-label=${t('Selected matrix')} data-matrix=${pair?.name ?? ''}>
      ${this.head(cell.layer, cell.module, pair)} ${pairs.length > 1 ? this.members(pairs, pair) : nothing}
      ${this.body(pair)}
    </section>`;
  }
  protected override updated(): void {
    const pane = this.querySelector<HTMLElement>('.pane');
    const now = pane?.dataset['matrix'] ?? '';
    if (now !== this.shown && pane) pane.scrollTop = 0;
    this.shown = now;
  }
  override focus(): void {
    this.querySelector<HTMLElement>('.pane')?.focus();
  }

  private head(layer: number, module: string, pair: Pair | undefined): TemplateResult {
    const expert = pair ? expertOfMatrix(pair.name) : null;
    return html`<div class="detail-head">
      <h2 title=${pair?.name ?? module}>
        ${expert === null ? t('Layer {0}, {1}', layer, module) : t('Layer {0}, {1}, expert {2}', layer, module, expert)}
      </h2>
      ${pair ? html`<span class="quiet small">${sizes(pair.shape)}, ${dtypes(pair.dtype)}</span>` : nothing}
      <span class="grow"></span>
    </div>`;
  }

  /** Several matrices in one cell: experts of a stack, parts of one tensor. */
  private members(pairs: readonly Pair[], chosen: Pair | undefined): TemplateResult {
    const { model, set } = this.view;
    const { first, rows, above, below } = windowOf(pairs, this.querySelector('.members .windowed'));
    return html`<details class="sect members" data-section="members">
      <summary>
        ${plural(pairs.length, '{0} matrix in this cell', '{0} matrices in this cell')}
        <small class="quiet">${t('the map shows their median, and the largest at the edge')}</small>
      </summary>
      <div class="windowed" @scroll=${() => this.requestUpdate()}>
        <table class="numbers" aria-rowcount=${pairs.length + 1}>
          <thead>
            <tr>
              <th scope="col">${t('Matrix')}</th>
              <th scope="col" class="num">${t('size')}</th>
              <th scope="col" class="num">${t('direction, × random')}</th>
              <th scope="col" class="num">${t('spectrum shift')}</th>
            </tr>
          </thead>
          <tbody>
            ${gap(above)}${rows.map((p, i) => {
              const status = model.status(p);
              const m = status === 'done' ? model.tensors.get(p.name)?.metrics : undefined;
              return html`<tr aria-rowindex=${first + i + 2} aria-selected=${String(p === chosen)}>
                <td>
                  <button class="link" aria-pressed=${String(p === chosen)} @click=${() => set({ member: p.name })}>
                    ${p.name}
                  </button>
                </td>
                ${
                  m
                    ? html`<td class="num">${percent(m.relativeUpdate, 2)}</td>
                        <td class="num">${times(energyRatio(m))}</td>
                        <td class="num">${percent(m.nss ?? null)}</td>`
                    : html`<td class="num quiet" colspan="3">${statusWord(status)}</td>`
                }
              </tr>`;
            })}${gap(below)}
          </tbody>
        </table>
      </div>
    </details>`;
  }

  private body(pair: Pair | undefined): TemplateResult {
    const { model, ui, post } = this.view;
    if (!pair) {
      const why = ui.cell ? model.absence(ui.cell.layer, ui.cell.module) : null;
      return html`<p class="empty quiet" data-status="absent">
        ${why ?? t('No pair of matrices lies in this cell.')}
      </p>`;
    }
    const tensor = model.tensors.get(pair.name);
    const error = model.failed.get(pair.name);
    if (error && !(tensor && hasSpectra(tensor))) {
      const retry = (): void => {
        model.failed.delete(pair.name);
        post({ type: 'retry', name: pair.name });
        this.view.set({});
      };
      return html`<div class="empty" data-status="failed">
          <p>${naming(pair.name, tellError(error))}</p>
          <div class="row centre">
            <button class="primary" data-action="retry-matrix" @click=${retry}>${t('Retry')}</button
            ><button class="secondary" data-action="show-log" @click=${() => post({ type: 'showLog' })}>
              ${t('Show Log')}
            </button>
          </div>
        </div>
        ${tensor ? numbers(tensor) : nothing}`;
    }
    if (!tensor || !hasSpectra(tensor)) {
      const text =
        model.state?.parameters.spectra === false
          ? t('This run leaves spectra out; only the change figures are computed.')
          : model.state?.phase === 'running'
            ? t('Not computed yet. This matrix moves to the front of the queue when you open it.')
            : model.state?.phase === 'cancelled'
              ? t('Not computed. Resume goes on with it.')
              : t('Not computed. Retry goes on with it.');
      return html`<p class="empty quiet" data-status="pending">${text}</p>
        ${tensor ? numbers(tensor) : nothing}`;
    }
    const detail = model.details.get(pair.name);
    const isWhole = hasWholeSpectra(tensor);
    // Without an update there is nothing to set against noise, and its picture would be one flat colour.
    if (tensor.metrics.updateNorm === 0)
      return html`${this.reading(tensor)} ${notes(tensor)}
        <div class="plots">${isWhole ? singularValues(tensor, detail) : nothing}</div>
        ${numbers(tensor)} ${this.origin(pair, tensor)}`;
    const { twin } = model.state?.parameters ?? { twin: true };
    const offer = twin || tensor.metrics.twin ? null : (): void => post({ type: 'parameters', change: { twin: true } });
    return html`${this.reading(tensor)} ${notes(tensor)}
      <div class="dtop">${againstNoise(tensor, offer)}${pictureSection(this.view, pair)}</div>
      <div class="plots">
        ${isWhole ? singularValues(tensor, detail) : nothing}${energyCurves(tensor)}${isWhole ? angles(tensor, detail) : nothing}${profiles(tensor, detail, model.state?.plan?.heads ?? null)}
      </div>
      ${alignment(tensor)} ${numbers(tensor)} ${this.origin(pair, tensor)}`;
  }
  /** The sentence, and the two figures of its size. */
  private reading(tensor: ComparisonTensor): TemplateResult {
    const { metrics, flags } = tensor;
    const isAdapter = this.view.model.state?.plan?.tunedAdapter?.unmerged === false;
    const size =
      (metrics.updateNorm ?? 0) > 0
        ? t('{0} of its norm, {1} of its weights', percent(metrics.relativeUpdate, 2), percent(metrics.updateDensity))
        : '';
    return html`<p class="reading">
      ${cellReading(metrics, flags, isAdapter)} <span class="ev small quiet">${size}</span>
    </p>`;
  }

  private origin(pair: Pair, tensor: ComparisonTensor): TemplateResult {
    const open = (side: 'base' | 'tuned'): void => this.view.post({ type: 'openTensor', side, name: pair.name });
    const time = duration(tensor.elapsedMs);
    const computed = tensor.computedOn
      ? t('computed on the {0} in {1}', backendWord(tensor.computedOn), time)
      : t('computed in {0}', time);
    return html`<section class="sect origin small">
      <span class="mono grow">${pair.name}</span>
      <span class="quiet" data-timing>${sizes(pair.shape)}, ${dtypes(pair.dtype)}, ${computed}</span>
      <button class="link" data-action="open-base" @click=${() => open('base')}>${t('Open in Base')}</button>
      <button class="link" data-action="open-tuned" @click=${() => open('tuned')}>${t('Open in Tuned')}</button>
    </section>`;
  }
}
/** Milliseconds as people read them. */
export const duration = (ms: number): string =>
  ms < 1000 ? `${num(Math.round(ms))}\u202fms` : `${num(ms / 1000, 3)}\u202fs`;

function notes(tensor: ComparisonTensor): TemplateResult | typeof nothing {
  const list = [...tensor.reasons];
  if (tensor.recomputed?.length) list.push(recomputedNote(tensor.recomputed));
  if (tensor.metrics.updateOutlierCount === 1) list.push(t('Update: {0}', outliers(1)));
  if (!list.length) return nothing;
  return html`<ul class="notes small quiet">
    ${[...new Set(list)].map((text) => html`<li>${text}</li>`)}
  </ul>`;
}
define('ox-detail', Detail);
export type { Detail };
