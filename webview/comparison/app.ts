/** The page: strips, cards, map beside detail, or the plan; keys that work everywhere. */
import { nothing, type TemplateResult } from 'lit';
import type { Hit } from '../shared/heatmap.ts';
import { hoverCard } from '../shared/hover-card.ts';
import './answer.ts';
import './cards.ts';
import './detail.ts';
import type { Detail } from './detail.ts';
import { CellCard } from './hover.ts';
import './map-pane.ts';
import type { MapPane } from './map-pane.ts';
import { stepMetric } from './metrics.ts';
import './plan.ts';
import './title.ts';
import { define, ViewElement } from './view.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';

class App extends ViewElement {
  private hover: CellCard | null = null;
  private hit: Hit | null = null;
  private readonly onKey = (event: KeyboardEvent): void => this.key(event);

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('keydown', this.onKey);
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.onKey);
  }
  private get map(): MapPane | null {
    return this.querySelector<MapPane>('ox-map');
  }
  private get detail(): Detail | null {
    return this.querySelector<Detail>('ox-detail');
  }
  /** After a theme change: canvases hold pixels, not variables. */
  redraw(): void {
    this.map?.redraw();
    this.requestUpdate();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { view, version } = this;
    const state = view.model.state;
    if (!state) return nothing;
    const strips = html`<ox-title .view=${view} .version=${version}></ox-title
      ><ox-banners .view=${view} .version=${version}></ox-banners>`;
    const computed = state.phase !== 'planning' && state.phase !== 'planned';
    if (!state.plan?.pairs.length || (!computed && !view.model.tensors.size)) {
      return html`${strips}<ox-plan .view=${view} .version=${version}></ox-plan>`;
    }
    return html`${strips}<ox-answer .view=${view} .version=${version}></ox-answer
      ><ox-cards .view=${view} .version=${version}></ox-cards>
      ${
        view.model.layers.length
          ? html`<main
              @cell-hover=${(e: CustomEvent<Hit | null>) => this.showHover(e.detail)}
              @cell-open=${() => this.detail?.focus()}
            >
              <ox-map .view=${view} .version=${version}></ox-map
              ><ox-detail .view=${view} .version=${version}></ox-detail>
            </main>`
          : html`<div class="plan" role="main"><ox-left-out .view=${view} .version=${version}></ox-left-out></div>`
      }
      <div class="sr" role="status">
        ${view.ui.cell ? t('Layer {0}, {1}', view.ui.cell.layer, view.ui.cell.module) : ''}
      </div>`;
  }
  protected override updated(): void {
    // what lies under the pointer may have changed
    if (this.hit) this.showHover(this.hit);
  }

  private showHover(hit: Hit | null): void {
    this.hit = hit;
    this.hover ??= new CellCard(this.view);
    if (hit) this.hover.show(hit);
    else hoverCard().hide();
  }
  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const target = event.target as HTMLElement | null;
    if (target?.closest('input, select, textarea')) return;
    const inDetail = target?.closest('ox-detail') != null;
    if (event.key === '[' || event.key === ']')
      this.view.set({
        metric: stepMetric(this.view.ui.metric, event.key === ']' ? 1 : -1, this.view.model.hasTwin),
        fit: null,
      });
    else if (event.key === 'F6') (inDetail ? this.map : this.detail)?.focus();
    else if (event.key === 'Escape') {
      this.showHover(null);
      if (!inDetail) return;
      this.map?.focus();
    } else return;
    // VS Code hears every key of a page at its window, and would take F6 to its next part.
    event.preventDefault();
    event.stopPropagation();
  }
}
define('ox-comparison', App);
export type { App };
