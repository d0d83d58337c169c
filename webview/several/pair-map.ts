/** The chosen pair matrix by matrix: layers by modules, with the median of each layer beside them. */
import type { TemplateResult } from 'lit';
import { shortNumber } from '../comparison/cells.ts';
import { membersAt, toggled, type Column } from '../comparison/columns.ts';
import { statOf } from '../comparison/layer-profile.ts';
import { memo, percentText, ticksOf } from '../comparison/panels.ts';
import { define } from '../comparison/view.ts';
import { num, percent } from '../shared/format.ts';
import { reference, type Hit } from '../shared/heatmap.ts';
import { cardContent, hoverCard } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { statusWord } from '../shared/words.ts';
import { perMatrixFigures } from './agreement.ts';
import { PairCells } from './cells.ts';
import { MapHost } from './map-host.ts';
import { placeOf } from './place.ts';
import { chosenColumn, pairOf, SeveralElement, shownColumns } from './view.ts';

class PairMap extends SeveralElement {
  private readonly map = new MapHost();

  protected override render(): TemplateResult {
    return html`<div class="map"></div>`;
  }
  private get figure(): ReturnType<typeof perMatrixFigures>[number] | undefined {
    const figures = perMatrixFigures();
    return figures.find(({ id }) => id === this.view.ui.pairFigure) ?? figures[0];
  }
  private made: { key: string; cells: PairCells } | null = null;
  /** Made once for a version of model, pair and figure. */
  private get cells(): PairCells | null {
    const { figure, view } = this;
    if (!figure) return null;
    const runs = pairOf(view);
    const key = [view.model.revision, ...runs, figure.id].join();
    if (this.made?.key !== key)
      this.made = { key, cells: new PairCells(view.model, (pair) => figure.perMatrix.value(pair), runs) };
    return this.made.cells;
  }

  protected override updated(): void {
    const { model, ui, set } = this.view;
    const { figure, cells } = this;
    const host = this.querySelector<HTMLElement>('.map');
    if (!host || !figure || !cells) return;
    const columns = shownColumns(this.view);
    const byId = new Map(columns.map((column) => [column.id, column]));
    const chosen = chosenColumn(columns, ui);
    const { scale, sub, format } = figure.perMatrix;
    const isShare = scale.kind === 'lin';
    const [one, other] = pairOf(this.view).map((run) => model.runs[run]?.name ?? '');
    this.map.show(host, {
      model,
      panels: [
        {
          title: t('{0} and {1}', one ?? '', other ?? ''),
          sub: isShare ? t('{0}; in %', sub) : sub,
          scale,
          cell: (layer, id) => {
            const column = byId.get(id);
            return column ? cells.cell(layer, column) : { status: 'absent', value: null };
          },
          text: isShare ? percentText : shortNumber,
        },
      ],
      profile: {
        title: t('By layer'),
        scale,
        reference: isShare ? 0.5 : reference(scale),
        ticks: ticksOf(scale),
        label: (at) => (isShare ? percent(at) : num(at, 3)),
        series: [
          {
            name: t('median'),
            mark: 'circle',
            colour: 'var(--vscode-foreground)',
            at: memo((layer) => statOf(cells.values(layer))),
          },
        ],
      },
      columns,
      selected: ui.cell && chosen ? { layer: ui.cell.layer, module: chosen.id } : null,
      onSelect: (layer, column) => {
        const [first] = membersAt(model, layer, column);
        set({ cell: { layer, module: column.module }, member: first?.name ?? null });
      },
      onHover: (hit, column) => this.tell(hit, column, format),
      onToggle: (column) => set({ unfolded: toggled(ui.unfolded, column) }),
    });
  }
  private tell(hit: Hit | null, column: Column | null, format: (value: number) => string): void {
    const { figure, cells } = this;
    if (!hit || !column || !figure || !cells) return hoverCard().hide();
    const { status, value, most } = cells.cell(hit.layer, column);
    const text = status !== 'done' ? statusWord(status) : value === null ? statusWord('null') : format(value);
    const beside = most == null ? figure.perMatrix.sub : t('largest {0}', format(most));
    hoverCard().show(cardContent(placeOf(this.view.model, hit.layer, column), [[figure.name, text, beside]]), hit);
  }
  redraw(): void {
    this.map.redraw();
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.map.dispose();
  }
}
define('ox-pair-map', PairMap);
