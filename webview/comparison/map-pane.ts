/** The map: layers by modules with the profile of the layers, for the figure of the tab; or the same values as a table. */
import type { TemplateResult } from 'lit';
import { num } from '../shared/format.ts';
import { Heatmap, type Cell, type CellValue, type Hit, type LayerRange, type Panel } from '../shared/heatmap.ts';
import { cardContent, hoverCard, type CardRow } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { withLegend } from '../shared/legend-svg.ts';
import { offerPicture, pictureName, type PictureCell } from '../shared/picture.ts';
import { columnOf, membersAt, toggled, toggleOf, type Column } from './columns.ts';
import { litNames } from './focus.ts';
import { pictureAt, type Picture } from './panels.ts';
import { define, ViewElement } from './view.ts';

class MapPane extends ViewElement {
  private map: Heatmap | null = null;
  private grid = '';

  protected override render(): TemplateResult {
    return html`<div class="map"></div>`;
  }
  private get shown(): Picture {
    return pictureAt(this.view, this.version);
  }
  private column(id: string): Column | undefined {
    return this.shown.columns.find((column) => column.id === id);
  }

  protected override updated(): void {
    const { model, ui } = this.view;
    const { shown } = this;
    const host = this.querySelector<HTMLElement>('.map');
    if (!host) return;
    const byId = new Map(shown.columns.map((column) => [column.id, column]));
    const isPlain = shown.columns.every(({ isOpen }) => isOpen === null);
    const options = {
      layers: model.layers,
      modules: shown.columns.map(({ id }) => id),
      label: (id: string) => byId.get(id)?.label ?? id,
      ...(isPlain ? {} : { weight: (id: string) => byId.get(id)?.weight ?? 1 }),
      isStretched: true,
      toggle: (id: string) => toggleOf(model, byId.get(id)),
      onToggle: (id: string) => this.unfold(byId.get(id)),
      onSelect: (cell: Cell) => this.select(cell),
      onHover: (hit: Hit | null) => this.tell(hit),
      onHoverLayer: (layer: number, at: { x: number; y: number }) =>
        hoverCard().show(cardContent(t('Layer {0}', layer), this.layerRows(layer)), at),
      onOpen: () => this.dispatchEvent(new CustomEvent('cell-open', { bubbles: true })),
      onBrush: (brush: LayerRange | null) => this.view.set({ brush }),
    };
    const grid = `${model.layers.join()}\n${shown.columns.map(({ id, label }) => `${id} ${label}`).join('\n')}`;
    if (!this.map) {
      this.map = new Heatmap(host, options);
      host.addEventListener('focusout', () => this.tell(null));
      const name = (): string => pictureName(this.shown.shown.name);
      offerPicture(this, {
        get name() {
          return name();
        },
        draw: () => this.mapMarkup(),
        table: () => this.mapTable(),
      });
    } else if (grid !== this.grid) this.map.update(options);
    this.grid = grid;
    const lit = litNames(model.answer(), ui);
    const isLit = (layer: number, id: string): boolean => {
      const column = byId.get(id);
      return column !== undefined && membersAt(model, layer, column).some(({ name }) => lit?.has(name));
    };
    this.map.show(shown.panels, shown.profile, { isLit: lit && isLit, range: ui.brush });
    const column = ui.cell && columnOf(shown.columns, ui.cell.module, ui.member);
    this.map.selected = ui.cell && column ? { layer: ui.cell.layer, module: column.id } : null;
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.map?.dispose();
    this.map = null;
  }
  override focus(): void {
    this.map?.focus();
  }
  /** After a theme change: canvases hold pixels, not variables. */
  redraw(): void {
    this.map?.schedule();
    this.requestUpdate();
  }

  private unfold(column: Column | undefined): void {
    if (column) this.view.set({ unfolded: toggled(this.view.ui.unfolded, column) });
  }
  /** Of several matrices in a cell the largest is opened: it is the one that the cell points at. */
  private select({ layer, module: id }: Cell): void {
    const column = this.column(id);
    if (!column) return;
    const members = membersAt(this.view.model, layer, column);
    const { metric } = this.shown;
    const value = (name: string): number => {
      const tensor = this.view.model.tensors.get(name);
      return (tensor && metric.get(tensor)) ?? -Infinity;
    };
    const most = members.length > 1 ? members.reduce((a, b) => (value(b.name) > value(a.name) ? b : a)) : members[0];
    this.view.set({ cell: { layer, module: column.module }, member: most?.name ?? null });
    // what hovering shows, the keyboard shows too
    const cell = { layer, module: id };
    if (this.map && this.querySelector('.heatmap:focus-visible')) this.tell({ ...cell, ...this.map.at(cell) });
  }
  private tell(hit: Hit | null): void {
    this.dispatchEvent(new CustomEvent('cell-hover', { detail: hit, bubbles: true }));
  }
  /** Median and range of a layer, one row a line of the profile. */
  private layerRows(layer: number): CardRow[] {
    const { panels, profile, metric } = this.shown;
    const say = (v: number): string => metric.format(v);
    return profile.series.map(({ at, name = '', mark }, i) => {
      const stat = at(layer);
      const of = mark === 'none' || panels.length > 1 ? name : (panels[i]?.title ?? name);
      if (!stat) return [of, num(null), ''];
      return [of, say(stat.middle), mark === 'none' ? '' : t('{0} to {1}', say(stat.min), say(stat.max))];
    });
  }

  /** The heatmap with its legend as SVG elements; for pictures. */
  mapMarkup(width = this.clientWidth - 40): { markup: string; width: number; height: number } | null {
    if (!this.map) return null;
    const { scale, endLabels, shown } = this.shown;
    return withLegend(this.map.markup(Math.max(480, width)), scale, endLabels, shown.name);
  }
  private mapTable(): PictureCell[][] {
    const { panels, columns } = this.shown;
    const value = (panel: Panel, layer: number, id: string): PictureCell => {
      const cell: CellValue = panel.cell(layer, id);
      return cell.value;
    };
    return [
      [t('view'), t('layer'), ...columns.map(({ id }) => id)],
      ...panels.flatMap((panel) =>
        this.view.model.layers.map((layer) => [
          panel.title,
          layer,
          ...columns.map(({ id }) => value(panel, layer, id)),
        ]),
      ),
    ];
  }
}
define('ox-map', MapPane);
export type { MapPane };
