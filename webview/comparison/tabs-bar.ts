/** The three questions as tabs; beside them what narrows the page, the figure of the tab, and the table. */
import { nothing, type TemplateResult } from 'lit';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import { isManyOpen } from './columns.ts';
import { moreMetrics } from './metrics.ts';
import './notable.ts';
import { knownOf, ownFigures, shownFigure } from './shown.ts';
import { questionOf, TABS, type Tab } from './tabs.ts';
import { define, openTab, ViewElement } from './view.ts';

const ICON = { close: 0xea76, table: 0xebb7 } as const;
/** of the panel that the tabs stand for */
export const PANEL_ID = 'question';

class TabsBar extends ViewElement {
  protected override render(): TemplateResult {
    const { ui, set } = this.view;
    return html`<div class="tabs">
      <div class="tablist" role="tablist" aria-label=${t('Questions')} @keydown=${(e: KeyboardEvent) => this.walk(e)}>
        ${TABS.map((tab, i) => {
          const isOn = tab === ui.tab;
          return html`<button
            role="tab"
            id=${`tab-${tab}`}
            class="tab"
            data-tab=${tab}
            aria-selected=${String(isOn)}
            aria-controls=${PANEL_ID}
            tabindex=${isOn ? 0 : -1}
            title=${t('Key {0}', i + 1)}
            @click=${() => openTab(this.view, tab)}
          >
            ${tell(questionOf(tab))}
          </button>`;
        })}
      </div>
      <span class="grow"></span>${this.filter()}${this.order()}<button
        data-action="table"
        aria-pressed=${String(ui.table)}
        title=${t('Show the ranked table in place of the map')}
        @click=${() => set({ table: !ui.table })}
      >
        ${icon(ICON.table)}<span class="lbl">${t('Table')}</span></button
      >${this.picker()}<ox-notable .view=${this.view} .version=${this.version}></ox-notable>
    </div>`;
  }

  /** Arrows walk the tabs, as everywhere. */
  private walk(event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = TABS[(TABS.indexOf(this.view.ui.tab) + by + TABS.length) % TABS.length] as Tab;
    openTab(this.view, next);
    this.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  }

  private filter(): TemplateResult | typeof nothing {
    const { ui, set } = this.view;
    const { brush, clause } = ui;
    if (!brush && clause === null) return nothing;
    const text = !brush
      ? t('One clause')
      : brush.from === brush.to
        ? t('Layer {0}', brush.from)
        : t('Layers {0}–{1}', brush.from, brush.to);
    return html`<button
      class="filter"
      data-action="show-all"
      title=${t('Show all cells')}
      aria-label=${t('{0}: show all cells', text)}
      @click=${() => set({ brush: null, clause: null })}
    >
      ${text}${icon(ICON.close)}
    </button>`;
  }

  /** Of many experts in columns of their own. */
  private order(): TemplateResult | typeof nothing {
    const { model, ui, set } = this.view;
    if (!isManyOpen(model, ui.unfolded)) return nothing;
    return html`<button
      data-action="experts-by-size"
      aria-pressed=${String(ui.bySize)}
      title=${t('Experts by how far they moved over all layers, the farthest first')}
      @click=${() => set({ bySize: !ui.bySize })}
    >
      ${t('Experts by Size')}
    </button>`;
  }

  private picker(): TemplateResult {
    const { model, ui, set } = this.view;
    const { metric } = shownFigure(model, ui);
    const own = ownFigures(model, ui);
    return html`<select
      aria-label=${t('Figure')}
      title=${t('[ and ] step through the figures')}
      .value=${metric.id}
      @change=${(e: Event) => set({ figure: (e.target as HTMLSelectElement).value, fit: null })}
    >
      ${own.map(({ id, name }) => html`<option value=${id} ?selected=${id === metric.id}>${tell(name)}</option>`)}
      ${moreMetrics(ui.tab, knownOf(model).hasTwin, own).map(
        ([group, metrics]) =>
          html`<optgroup label=${group}>
            ${metrics.map((one) => html`<option value=${one.id} ?selected=${one.id === metric.id}>${one.name}</option>`)}
          </optgroup>`,
      )}
    </select>`;
  }
}
define('ox-tabs', TabsBar);
