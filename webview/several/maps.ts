/** A map a run on one scale, in two rows if there are many, with one cursor; or the map of the step that is shown. */
import { nothing, type TemplateResult } from 'lit';
import { greatest } from '../../src/protocol/lists.ts';
import { membersAt, toggled, type Column } from '../comparison/columns.ts';
import { define } from '../comparison/view.ts';
import type { Hit } from '../shared/heatmap.ts';
import { cardContent, hoverCard, type CardRow } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { paintRamp, legendContent } from '../shared/map-legend.ts';
import { num } from '../shared/format.ts';
import { statusWord } from '../shared/words.ts';
import { MapHost } from './map-host.ts';
import { markOf } from './marks.ts';
import { mapsOf, type Maps } from './picture.ts';
import { placeOf } from './place.ts';
import { chosenColumn, SeveralElement, tabOf } from './view.ts';

/** Maps beside each other, up to which one row holds them. */
const ONE_ROW = 6;

class RunMaps extends SeveralElement {
  private readonly rows: MapHost[] = [new MapHost(), new MapHost()];
  private made: { key: string; maps: Maps } | null = null;

  /** Made once for a version of model and choices. */
  private get maps(): Maps | null {
    const { view } = this;
    const tab = tabOf(view);
    if (tab === 'agree' || tab === 'path') return null;
    const { ui, model } = view;
    const key = [model.revision, tab, ui.figure, ui.differences, ui.step, ...ui.unfolded].join();
    if (this.made?.key !== key) this.made = { key, maps: mapsOf(model, ui, tab) };
    return this.made.maps;
  }
  /** Runs of each row. */
  private rowsOf({ runs }: Maps): (readonly number[])[] {
    if (runs.length <= ONE_ROW) return [runs];
    const half = Math.ceil(runs.length / 2);
    return [runs.slice(0, half), runs.slice(half)];
  }

  protected override render(): TemplateResult | typeof nothing {
    const { maps } = this;
    if (!maps) return nothing;
    const rows = this.rowsOf(maps);
    return html`<div class="keyfig">
        <span class="kn">${maps.shown.name}</span
        ><span class="kr"
          >${this.view.model.kind === 'runs' ? t('one scale for all runs') : t('one scale for all steps')}</span
        ><span class="grow"></span>${legendContent(maps)}
      </div>
      <div class="maps" data-maps=${maps.runs.length}>
        ${rows.map((_, i) => html`<div class="map" data-row=${i}></div>`)}
      </div>`;
  }
  protected override updated(): void {
    const { maps } = this;
    if (!maps) return;
    const { model, ui, set } = this.view;
    const { columns } = maps;
    const chosen = chosenColumn(columns, ui);
    paintRamp(this, maps.scale);
    this.rowsOf(maps).forEach((runs, row) => {
      const host = this.querySelector<HTMLElement>(`.map[data-row="${row}"]`);
      if (!host) return;
      this.rows[row]?.show(host, {
        model,
        panels: runs.flatMap((run) => maps.panels[maps.runs.indexOf(run)] ?? []),
        profile: maps.profile(runs),
        columns,
        selected: ui.cell && chosen ? { layer: ui.cell.layer, module: chosen.id } : null,
        onSelect: (layer, column) => this.select(layer, column),
        onHover: (hit, column) => this.tell(hit, column),
        onToggle: (column) => set({ unfolded: toggled(ui.unfolded, column) }),
      });
    });
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const row of this.rows) row.dispose();
  }
  redraw(): void {
    for (const row of this.rows) row.redraw();
    this.requestUpdate();
  }

  /** Of several matrices in a cell the largest of any run that is shown: it is the one that the cell points at. */
  private select(layer: number, column: Column): void {
    const { maps } = this;
    const { model, set } = this.view;
    const sizeOf = (run: number, name: string): number => {
      const tensor = model.tensor(run, name);
      return (tensor && maps?.shown.metric.get(tensor)) ?? -Infinity;
    };
    const value = (name: string): number => greatest((maps?.runs ?? []).map((run) => sizeOf(run, name)));
    const members = membersAt(model, layer, column);
    const most = members.length > 1 ? members.reduce((a, b) => (value(b.name) > value(a.name) ? b : a)) : members[0];
    set({ cell: { layer, module: column.module }, member: most?.name ?? null });
  }
  /** All runs of this cell. */
  private tell(hit: Hit | null, column: Column | null): void {
    if (!hit || !column) return hoverCard().hide();
    const { model } = this.view;
    const { length } = membersAt(model, hit.layer, column);
    const of = length > 1 ? t(', {0}', plural(length, '{0} matrix', '{0} matrices')) : '';
    hoverCard().show(cardContent(placeOf(model, hit.layer, column) + of, this.cardRows(hit)), hit);
  }
  private cardRows({ layer, module }: Hit): CardRow[] {
    const { maps } = this;
    return (maps?.runs ?? []).map((run, i) => {
      const cell = maps?.panels[i]?.cell(layer, module);
      const name = `${markOf(run).glyph} ${this.view.model.runs[run]?.name ?? ''}`;
      if (!cell || cell.status !== 'done') return [name, cell ? statusWord(cell.status) : num(null)];
      if (cell.value === null || !maps) return [name, statusWord('null')];
      return [name, maps.say(cell.value), cell.most == null ? '' : t('largest {0}', maps.say(cell.most))];
    });
  }
}
define('ox-run-maps', RunMaps);
