/** The page: title, answer, the three questions over the map, the detail beside them; keys that work everywhere. */
import { nothing, type TemplateResult } from 'lit';
import type { Hit } from '../shared/heatmap.ts';
import { hoverCard } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { isPopoverOpen } from '../shared/popover.ts';
import './answer.ts';
import './banners.ts';
import './detail.ts';
import type { Detail } from './detail.ts';
import { CellCard } from './hover.ts';
import './integrity.ts';
import './key-figure.ts';
import './map-pane.ts';
import type { MapPane } from './map-pane.ts';
import './plan.ts';
import './progress.ts';
import './rank-table.ts';
import './rest.ts';
import { nextFigure } from './shown.ts';
import './splitter.ts';
import { stepNotable } from './standing.ts';
import './tabs-bar.ts';
import { PANEL_ID } from './tabs-bar.ts';
import { TABS } from './tabs.ts';
import './title.ts';
import { define, openTab, ViewElement } from './view.ts';

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
      ><ox-progress .view=${view} .version=${version}></ox-progress
      ><ox-banners .view=${view} .version=${version}></ox-banners
      ><ox-integrity .view=${view} .version=${version}></ox-integrity>`;
    const computed = state.phase !== 'planning' && state.phase !== 'planned';
    if (!state.plan?.pairs.length || (!computed && !view.model.tensors.size)) {
      return html`${strips}<ox-plan .view=${view} .version=${version}></ox-plan>`;
    }
    return html`${strips}<ox-answer .view=${view} .version=${version}></ox-answer>
      ${
        view.model.layers.length
          ? this.body()
          : html`<div class="plan" role="main"><ox-left-out .view=${view} .version=${version}></ox-left-out></div>`
      }
      <div class="sr" role="status">
        ${view.ui.cell ? t('Layer {0}, {1}', view.ui.cell.layer, view.ui.cell.module) : ''}
      </div>`;
  }

  private body(): TemplateResult {
    const { view, version } = this;
    const { tab, isDetailOpen } = view.ui;
    return html`<main
      class=${[isDetailOpen ? 'detail-open' : '', view.ui.table ? 'show-table' : ''].join(' ').trim()}
      @cell-hover=${(e: CustomEvent<Hit | null>) => this.showHover(e.detail)}
      @cell-open=${() => this.focusDetail()}
    >
      <div class="left">
        <ox-tabs .view=${view} .version=${version}></ox-tabs>
        <div class="question" id=${PANEL_ID} role="tabpanel" aria-labelledby=${`tab-${tab}`}>
          <ox-key-figure .view=${view} .version=${version}></ox-key-figure>
          <ox-map .view=${view} .version=${version}></ox-map>
          <ox-rank .view=${view} .version=${version}></ox-rank>
        </div>
        <ox-rest .view=${view} .version=${version}></ox-rest>
      </div>
      <ox-splitter .view=${view} .version=${version}></ox-splitter>
      <div class="beside">
        <button
          class="expand"
          aria-expanded=${String(isDetailOpen)}
          title=${isDetailOpen ? t('Less of this matrix') : t('More of this matrix')}
          aria-label=${isDetailOpen ? t('Less of this matrix') : t('More of this matrix')}
          @click=${() => view.set({ isDetailOpen: !isDetailOpen })}
        ></button>
        <ox-detail .view=${view} .version=${version}></ox-detail>
      </div>
    </main>`;
  }
  protected override updated(): void {
    // what lies under the pointer may have changed
    if (this.hit) this.showHover(this.hit);
  }

  private showHover(hit: Hit | null): void {
    this.hit = hit;
    this.hover ??= new CellCard(this.view);
    if (hit) this.hover.show(hit, this.version);
    else hoverCard().hide();
  }
  /** If it lies closed below the map it opens first. */
  private focusDetail(): void {
    this.view.set({ isDetailOpen: true });
    this.detail?.focus();
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || isPopoverOpen()) return;
    const target = event.target as HTMLElement | null;
    if (target?.closest('input, select, textarea')) return;
    if (!this.act(event, target?.closest('ox-detail') != null)) return;
    // VS Code hears every key of a page at its window, and would take F6 to its next part.
    event.preventDefault();
    event.stopPropagation();
  }
  /** False: the key means nothing here. */
  private act({ key, shiftKey }: KeyboardEvent, isInDetail: boolean): boolean {
    const { view } = this;
    const { ui, model } = view;
    const tab = TABS[Number(key) - 1];
    if (tab && /^\d$/.test(key)) openTab(view, tab);
    else if (key === '[' || key === ']') view.set({ figure: nextFigure(model, ui, key === ']' ? 1 : -1), fit: null });
    else if (key === 'F7') stepNotable(view, shiftKey ? -1 : 1);
    else if (key === 'F6') {
      if (isInDetail) this.map?.focus();
      else this.focusDetail();
    } else if (key === 'Escape') {
      this.showHover(null);
      if (isInDetail) this.map?.focus();
      else if (ui.clause !== null || ui.brush) view.set({ clause: null, brush: null });
      else return false;
    } else return false;
    return true;
  }
}
define('ox-comparison', App);
export type { App };
