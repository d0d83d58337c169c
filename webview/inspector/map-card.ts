/** The card over a cell of the map: five figures and the chosen one. It never starts work. */
import { nothing, type TemplateResult } from 'lit';
import { integer, num } from '../shared/format.ts';
import type { Hit } from '../shared/heatmap.ts';
import { hoverCard } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { statusWord } from '../shared/words.ts';
import { cellOf, type Member } from './map-model.ts';
import { mapMetric, type MapMetric } from './metrics.ts';
import type { View } from './view.ts';
import { t, tellError } from '../shared/l10n.ts';

const FIGURES = ['spectralNorm', 'stableRank', 'effectiveRank', 'powerLawAlpha', 'outlierCount'];

export class MapCard {
  constructor(private readonly view: View) {}

  hide(): void {
    hoverCard().hide();
  }
  show(hit: Hit, members: readonly Member[]): void {
    hoverCard().show(this.content(hit, members), hit);
  }

  private content(hit: Hit, members: readonly Member[]): TemplateResult {
    const { model, ui } = this.view;
    const chosen = mapMetric(ui.metric);
    const shapes = new Set(
      members.map(({ row, spectrum }) =>
        spectrum ? `${spectrum.rows} × ${spectrum.columns}` : row.tensor.shape.join(' × '),
      ),
    );
    const failed = members.map(({ row }) => model.failureOf(row.tensor.name)).find((error) => error !== null);
    const done = members.filter(({ spectrum }) => spectrum).length;
    const list = FIGURES.includes(chosen.id) ? [] : [chosen];
    if (done) for (const id of FIGURES) list.push(mapMetric(id));
    const reasons = members.flatMap(({ spectrum }) => spectrum?.reasons ?? []);
    return html`<div class="row">
        <b class="grow">${t('Layer {0}, {1}', hit.layer, hit.module)}</b>
        <span class="quiet">${shapes.size === 1 ? [...shapes][0] : nothing}</span>
      </div>
      ${
        members.length
          ? html`<table>
              <tbody>
                ${list.map((metric) => this.line(metric, members, metric === chosen || metric.id === chosen.id))}
              </tbody>
            </table>`
          : html`<p class="quiet">${t('Absent: this layer has no such matrix.')}</p>`
      }
      ${failed ? html`<p>${tellError(failed)}</p>` : nothing} ${reasons[0] ? html`<p>${reasons[0]}</p>` : nothing}
      ${members.length && !done && !failed ? html`<p class="quiet">${t('Spectrum not computed yet.')}</p>` : nothing}
      ${
        members.length > 1
          ? html`<p class="quiet">
              ${t('Means; {0} of {1} matrices computed.', integer(done), integer(members.length))}
            </p>`
          : nothing
      }`;
  }
  private line(metric: MapMetric, members: readonly Member[], strong: boolean): TemplateResult {
    const { status, value } = cellOf(this.view.model, members, metric);
    const text = status === 'done' ? (value === null ? num(null) : metric.format(value)) : statusWord(status);
    return html`<tr>
      <td class="quiet">${metric.name}</td>
      <td class="num">${strong ? html`<b>${text}</b>` : text}</td>
    </tr>`;
  }
}
