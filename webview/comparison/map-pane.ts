/** Left pane: metric picker, heatmap or its table twin, legend, then lines, verdicts and what was left out. */
import { nothing, type TemplateResult } from 'lit';
import { num, times } from '../shared/format.ts';
import { Heatmap, isDiverging, legendRamp, type Cell, type Hit } from '../shared/heatmap.ts';
import { cardContent, hoverCard, type CardRow } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { withLegend } from '../shared/legend-svg.ts';
import { offerPicture, pictureName, type PictureCell } from '../shared/picture.ts';
import { s } from '../shared/svg.ts';
import { picture, type Picture } from './panels.ts';
import { gap, windowOf } from '../shared/windowed.ts';
import { statusWord } from '../shared/words.ts';
import { define, ViewElement, type View } from './view.ts';

function swatch(kind: 'absent' | 'untouched' | 'pending' | 'failed' | 'null' | 'beyond'): SVGElement {
  const box = { x: 0.5, y: 0.5, width: 13, height: 11 };
  const marks = {
    absent: () => [s('path', { class: 'ax', d: 'M3 6.5H11' })],
    untouched: () => [s('rect', { class: 'dimmed', ...box })],
    pending: () => [s('rect', { class: 'ax dot', ...box })],
    failed: () => [
      s('rect', { class: 'fail', ...box }),
      s('path', { class: 'fail', d: 'M1 11L10 1M6 11L13 4M1 5L5 1' }),
    ],
    null: () => [s('rect', { class: 'ax', ...box })],
    beyond: () => [s('rect', { class: 'ax', ...box }), s('path', { class: 'corner', d: 'M13.5 .5v6l-6 -6z' })],
  };
  return s('svg', { width: 14, height: 12, 'aria-hidden': 'true' }, marks[kind]());
}

class MapPane extends ViewElement {
  private map: Heatmap | null = null;
  private grid = '';

  protected override render(): TemplateResult {
    const { model, ui, set } = this.view;
    const shown = picture(model, ui);
    return html`<section class="pane" aria-label=${t('Layers by modules')}>
      <div class="toolbar">
        ${
          shown.canFit
            ? html`<button
                data-action="fit"
                aria-pressed=${String(shown.fit)}
                title=${t('Stretch the colours over the values at hand. The fixed scale keeps noise looking like noise.')}
                @click=${() => set({ fit: !shown.fit })}
              >
                ${t('Fit Scale')}
              </button>`
            : nothing
        }
        <span class="small quiet">${shown.metric.text}</span>
      </div>
      <div class="map" ?hidden=${ui.table}></div>
      ${ui.table ? this.twin(shown) : nothing}
      <div class="legend" ?hidden=${ui.table}>
        <span class="row"
          ><span>${shown.endLabels[0]}</span><canvas aria-hidden="true"></canvas
          ><span>${shown.endLabels[1]}</span></span
        >
        <span>${scaleWords(shown)}</span>
        <span class="states"
          >${([model.hasUntouched ? 'untouched' : 'absent', 'pending', 'failed', 'null'] as const).map((kind) => html`<span>${swatch(kind)}${statusWord(kind)}</span>`)}${
            shown.isBeyond ? html`<span>${swatch('beyond')}${t('beyond the scale')}</span>` : nothing
          }</span
        >
      </div>
    </section>`;
  }

  protected override updated(): void {
    const { model, ui } = this.view;
    const shown = picture(model, ui);
    const ramp = this.querySelector<HTMLCanvasElement>('.legend canvas');
    if (ramp) legendRamp(ramp, shown.scale);
    const host = this.querySelector<HTMLElement>('.map');
    if (!host) return;
    const view = (): View => this.view;
    const options = {
      layers: model.layers,
      modules: model.modules,
      label: (module: string) => model.labels.get(module) ?? module,
      onSelect: (cell: Cell) => {
        this.view.set({ cell, member: null });
        // what hovering shows, the keyboard shows too
        if (this.map && this.querySelector('.heatmap:focus-visible')) this.tell({ ...cell, ...this.map.at(cell) });
      },
      onHover: (hit: Hit | null) => this.tell(hit),
      onHoverLayer: (layer: number, at: { x: number; y: number }) =>
        hoverCard().show(cardContent(t('Layer {0}', layer), this.layerRows(layer)), at),
      onOpen: () => this.dispatchEvent(new CustomEvent('cell-open', { bubbles: true })),
    };
    const grid = `${model.layers.join()}\n${model.modules.join('\n')}`;
    if (!this.map) {
      this.map = new Heatmap(host, options);
      host.addEventListener('focusout', () => this.tell(null));
      offerPicture(host, {
        get name() {
          return pictureName(picture(view().model, view().ui).metric.name);
        },
        draw: () => this.mapMarkup(),
        table: () => this.mapTable(),
      });
    } else if (grid !== this.grid) this.map.update(options);
    this.grid = grid;
    this.map.selected = ui.cell;
    this.map.show(shown.panels, shown.profile);
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.map?.dispose();
    this.map = null;
  }
  private tell(hit: Hit | null): void {
    this.dispatchEvent(new CustomEvent('cell-hover', { detail: hit, bubbles: true }));
  }
  /** Mean and range of a layer, one row a line of the profile. */
  private layerRows(layer: number): CardRow[] {
    const { panels, profile, metric } = picture(this.view.model, this.view.ui);
    const say = (v: number): string => (panels.length > 1 ? times(v) : metric.format(v));
    return profile.series.map(({ at }, i) => {
      const stat = at(layer);
      const name = panels[i]?.title ?? metric.name;
      return stat ? [name, say(stat.mean), t('{0} to {1}', say(stat.min), say(stat.max))] : [name, num(null), ''];
    });
  }
  /** The heatmap with its legend as SVG elements; for pictures. */
  mapMarkup(width = this.clientWidth - 40): { markup: string; width: number; height: number } | null {
    if (!this.map) return null;
    const shown = picture(this.view.model, this.view.ui);
    const drawn = this.map.markup(Math.max(480, width));
    return withLegend(drawn, shown.scale, shown.endLabels, scaleWords(shown));
  }
  private mapTable(): PictureCell[][] {
    const { model, ui } = this.view;
    const { panels } = picture(model, ui);
    const { layers } = model;
    return [
      [t('view'), t('layer'), ...model.modules],
      ...panels.flatMap((panel) =>
        layers.map((layer) => [panel.title, layer, ...model.modules.map((module) => panel.cell(layer, module).value)]),
      ),
    ];
  }
  override focus(): void {
    this.map?.focus();
  }
  redraw(): void {
    this.map?.schedule();
    this.requestUpdate();
  }

  /** The same values as a real table: for screen readers and for copying. */
  private twin(shown: Picture): TemplateResult {
    const { model, ui, set } = this.view;
    const value = shown.panels.length > 1 ? num : shown.metric.format;
    const { first, rows, above, below } = windowOf(model.layers, this.querySelector('.twins'));
    return html`<div class="twins windowed" @scroll=${() => this.requestUpdate()}>
      ${shown.panels.map(
        (panel) =>
          html`<table class="twin" aria-rowcount=${model.layers.length + 1}>
            <caption>
              ${panel.sub ? `${panel.title}, ${panel.sub}` : panel.title}
            </caption>
            <thead>
              <tr>
                <th scope="col">${t('layer')}</th>
                ${model.modules.map((m) => html`<th scope="col" class="num" title=${m}>${model.labels.get(m) ?? m}</th>`)}
              </tr>
            </thead>
            <tbody>
              ${gap(above)}${rows.map(
                (layer, i) =>
                  html`<tr aria-rowindex=${first + i + 2}>
                    <th scope="row">${layer}</th>
                    ${model.modules.map((module) => {
                      const cell = panel.cell(layer, module);
                      const text =
                        cell.status !== 'done'
                          ? statusWord(cell.status)
                          : cell.value === null
                            ? statusWord('null')
                            : value(cell.value);
                      return html`<td
                        class="num ${cell.status === 'done' ? '' : 'quiet'}"
                        tabindex="0"
                        aria-current=${String(ui.cell?.layer === layer && ui.cell.module === module)}
                        @focus=${() => set({ cell: { layer, module }, member: null })}
                      >
                        ${text}
                      </td>`;
                    })}
                  </tr>`,
              )}${gap(below)}
            </tbody>
          </table>`,
      )}
    </div>`;
  }
}
function scaleWords(shown: Picture): string {
  const { kind } = shown.scale;
  if (kind === 'log1')
    return shown.fit ? t('log scale, 1 = reference, fitted to the values') : t('log scale, 1 = reference');
  if (isDiverging(shown.scale)) return shown.fit ? t('0 = reference, fitted to the values') : t('0 = reference');
  if (kind === 'log') return shown.fit ? t('log scale, fitted to the values') : t('log scale');
  return shown.fit ? t('linear scale, fitted to the values') : t('linear scale');
}
define('ox-map', MapPane);
export type { MapPane };
