/** Layers by steps for one figure: the median of the layer's matrices. A column chooses the step. */
import type { TemplateResult } from 'lit';
import { shortNumber } from '../comparison/cells.ts';
import type { Column } from '../comparison/columns.ts';
import { isInPercent, memo, percentText, scaleOf } from '../comparison/panels.ts';
import type { Shown } from '../comparison/shown.ts';
import { define } from '../comparison/view.ts';
import type { Hit } from '../shared/heatmap.ts';
import { cardContent, hoverCard } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import { statusWord } from '../shared/words.ts';
import { stepCell } from './cells.ts';
import { allFigures, shownOf } from './figures.ts';
import { MapHost } from './map-host.ts';
import { SeveralElement, stepOf } from './view.ts';

class StepMap extends SeveralElement {
  private readonly map = new MapHost();

  protected override render(): TemplateResult {
    return html`<div class="map"></div>`;
  }
  protected override updated(): void {
    const { model, set } = this.view;
    const figures = allFigures(model.known);
    const figure = figures.find(({ id }) => id === this.view.ui.stepFigure) ?? figures[0];
    const host = this.querySelector<HTMLElement>('.map');
    if (!host || !figure) return;
    const shown = shownOf(figure);
    const at = memo((step) => memo((layer) => stepCell(model, shown, layer, step)));
    const columns = model.runs.map(({ step, name }, i): Column => {
      const id = String(i);
      return { id, module: id, expert: null, label: String(step ?? name), weight: 1, isOpen: null };
    });
    const values = model.runs.flatMap((_, step) =>
      model.layers.flatMap((layer) => {
        const { value } = at(step)(layer);
        return value === null ? [] : [value];
      }),
    );
    const isPercent = isInPercent(shown.metric);
    const chosen = stepOf(this.view);
    const [first] = model.layers;
    this.map.show(host, {
      model,
      columns,
      panels: [
        {
          title: shown.name,
          sub: [figure.sub ? tell(figure.sub) : isPercent ? t('in %') : '', t('median of the layer’s matrices')]
            .filter(Boolean)
            .join('; '),
          scale: scaleOf(shown, values),
          cell: (layer, step) => at(Number(step))(layer),
          text: isPercent ? percentText : shortNumber,
        },
      ],
      profile: null,
      selected: first === undefined ? null : { layer: this.layer ?? first, module: String(chosen) },
      onSelect: (layer, { id }) => {
        this.layer = layer;
        set({ step: Number(id) });
      },
      onHover: (hit) => this.tell(hit, shown),
    });
  }
  /** the row that was chosen last */
  private layer: number | null = null;

  private tell(hit: Hit | null, { metric, name }: Shown): void {
    if (!hit) return hoverCard().hide();
    const { model } = this.view;
    const cell = stepCell(model, { metric }, hit.layer, Number(hit.module));
    const text =
      cell.status !== 'done'
        ? statusWord(cell.status)
        : cell.value === null
          ? statusWord('null')
          : metric.format(cell.value);
    const title = t('Layer {0}, {1}', hit.layer, model.runs[Number(hit.module)]?.name ?? '');
    hoverCard().show(cardContent(title, [[name, text]]), hit);
  }
  redraw(): void {
    this.map.redraw();
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.map.dispose();
  }
}
define('ox-step-map', StepMap);
