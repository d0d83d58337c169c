/** The hover card: six figures of a cell, each with its null or limit, and the reading. It never starts work. */
import { nothing, type TemplateResult } from 'lit';
import type { Hit } from '../shared/heatmap.ts';
import { hoverCard } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { cellReading } from '../shared/readings.ts';
import { sizes } from './detail.ts';
import { besideText, figureText, metricById, PAIR_FIGURES, VIEWS, type PairFigure } from './metrics.ts';
import { hasSpectra } from '../../src/results/accumulator.ts';
import type { Pair } from './model.ts';
import { shownFigure } from './shown.ts';
import type { View } from './view.ts';
import { t, tell } from '../shared/l10n.ts';

const figureById = (id: PairFigure['id']): PairFigure => PAIR_FIGURES.find((figure) => figure.id === id)!;
const UNCHANGED = figureById('unchangedBf16');
const SHOWN = [
  ...(['principalOverlap', 'jointEnergy', 'nss', 'angleUMax', 'angleVMax'] as const).map(figureById),
  UNCHANGED,
];
const row = (name: string, value: string, beside = '', noise = ''): TemplateResult =>
  html`<tr>
    <td class="quiet">${name}</td>
    <td class="num">${value}</td>
    <td class="num quiet">${beside}</td>
    ${noise ? html`<td class="num quiet">${noise}</td>` : nothing}
  </tr>`;

export class CellCard {
  constructor(private readonly view: View) {}

  show(hit: Hit): void {
    const pairs = this.view.model.pairsAt(hit.layer, hit.module);
    hoverCard().show(this.content(hit, pairs), hit);
  }

  private content(hit: Hit, pairs: readonly Pair[]): TemplateResult {
    const first = pairs[0];
    const shapes = [...new Set(pairs.map((p) => sizes(p.shape)))];
    return html`<div class="row">
        <b class="grow">${t('Layer {0}, {1}', hit.layer, hit.module)}</b
        ><span class="quiet">${shapes.length === 1 ? shapes[0] : nothing}</span>
      </div>
      ${first && pairs.length === 1 ? this.single(first) : first ? this.several(hit, pairs) : this.absent(hit)}`;
  }
  private absent({ layer, module }: Hit): TemplateResult {
    const { model } = this.view;
    const why = model.absence(layer, module);
    if (model.isUntouched(layer, module)) return html`<p class="quiet" data-status="untouched">${why}</p>`;
    return html`<p class="quiet">${t('Absent: {0}', why ?? t('no pair of matrices lies here.'))}</p>`;
  }

  private single(pair: Pair): TemplateResult {
    const { model, ui } = this.view;
    const tensor = model.tensors.get(pair.name);
    const { metric } = shownFigure(model, ui);
    const chosen = metric.id !== VIEWS && tensor ? row(metric.name, metric.format(model.value(metric, pair))) : nothing;
    if (!tensor || !hasSpectra(tensor)) {
      const status = model.status(pair);
      const text =
        status === 'failed'
          ? t('Failed: {0}', model.failed.get(pair.name)?.message ?? '')
          : status === 'pending'
            ? t('Waiting: spectra are not computed yet.')
            : t('This run leaves spectra out.');
      const unchanged = tensor ? row(tell(UNCHANGED.label), figureText(UNCHANGED, tensor.metrics)) : nothing;
      return html`<p class="quiet">${text}</p>
        <table>
          <tbody>
            ${chosen}${unchanged}
          </tbody>
        </table>`;
    }
    const m = tensor.metrics;
    return html`<hr />
      <table>
        <tbody>
          ${chosen}
          ${SHOWN.map((figure) =>
            row(
              tell(figure.label),
              figureText(figure, m),
              besideText(figure, m),
              m.twin ? t('noise {0}', figureText(figure, m.twin)) : '',
            ),
          )}
        </tbody>
      </table>
      <hr />
      <p>${cellReading(m, tensor.flags)}</p>`;
  }

  private several(hit: Hit, pairs: readonly Pair[]): TemplateResult {
    const { model, ui } = this.view;
    const { metric } = shownFigure(model, ui);
    const shown =
      metric.id === VIEWS ? ['principalLift', 'jointRatio', 'nss', 'angleUMax', 'unchangedBf16'] : [metric.id];
    const done = pairs.filter((p) => model.status(p) === 'done').length;
    return html`<hr />
      <table>
        <tbody>
          ${shown.map((id) => {
            const one = metricById(id);
            return row(one.name, one.format(model.cell(one, hit.layer, hit.module).value), t('mean'));
          })}
        </tbody>
      </table>
      <hr />
      <p>${t('{0} of {1} matrices of this cell are computed. The detail lists each.', done, pairs.length)}</p>`;
  }
}
