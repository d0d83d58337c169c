/** The chosen pair matrix by matrix: layers by modules, with the median of each layer beside them. */
import type { TemplateResult } from 'lit';
import { median } from '../../src/metrics/median.ts';
import { shortNumber } from '../comparison/cells.ts';
import { statOf } from '../comparison/layer-profile.ts';
import { percentText, ticksOf } from '../comparison/panels.ts';
import { define } from '../comparison/view.ts';
import { num, percent } from '../shared/format.ts';
import { reference, type CellValue, type Hit } from '../shared/heatmap.ts';
import { cardContent, hoverCard } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { perMatrixFigures } from './agreement.ts';
import { MapHost } from './map-host.ts';
import { pairOf, SeveralElement } from './view.ts';

class PairMap extends SeveralElement {
  private readonly map = new MapHost();

  protected override render(): TemplateResult {
    return html`<div class="map"></div>`;
  }
  private get figure(): ReturnType<typeof perMatrixFigures>[number] | undefined {
    const figures = perMatrixFigures();
    return figures.find(({ id }) => id === this.view.ui.pairFigure) ?? figures[0];
  }
  private values(layer: number, module: string): number[] {
    const { model } = this.view;
    const { figure } = this;
    const [one, other] = pairOf(this.view);
    return model.membersAt(layer, module).flatMap(({ name }) => {
      const pair = model.runsRows.get(name)?.pairs.find(({ i, j }) => i === one && j === other);
      const value = pair && figure ? figure.perMatrix.value(pair) : null;
      return value === null ? [] : [value];
    });
  }
  private cell(layer: number, module: string): CellValue {
    const { model } = this.view;
    const members = model.membersAt(layer, module);
    if (!members.length) return { status: 'absent', value: null };
    const isKnown = members.some(({ name }) => model.runsRows.has(name));
    return { status: isKnown ? 'done' : 'pending', value: median(this.values(layer, module)) };
  }

  protected override updated(): void {
    const { model, ui, set } = this.view;
    const { figure } = this;
    const host = this.querySelector<HTMLElement>('.map');
    if (!host || !figure) return;
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
          cell: (layer, module) => this.cell(layer, module),
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
            at: (layer) => statOf(model.modules.flatMap((module) => this.values(layer, module))),
          },
        ],
      },
      selected: ui.cell,
      onSelect: (cell) => set({ cell }),
      onHover: (hit) => this.tell(hit, format),
    });
  }
  private tell(hit: Hit | null, format: (value: number) => string): void {
    if (!hit) return hoverCard().hide();
    const { model } = this.view;
    const { figure } = this;
    const { value } = this.cell(hit.layer, hit.module);
    const label = model.labels.get(hit.module) ?? hit.module;
    const row = [figure?.name ?? '', value === null ? num(null) : format(value), figure?.perMatrix.sub ?? ''] as const;
    hoverCard().show(cardContent(t('Layer {0}, {1}', hit.layer, label), [row]), hit);
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
