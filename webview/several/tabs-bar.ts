/** The questions as tabs; beside them the figure of the maps, and each run over the median of the runs. */
import { nothing, type TemplateResult } from 'lit';
import { questionOf } from '../comparison/tabs.ts';
import { define } from '../comparison/view.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import { figureOf, figuresOf } from './figures.ts';
import { SeveralElement, tabOf, tabsOf, type SeveralTab } from './view.ts';

/** of the panel that the tabs stand for */
export const PANEL_ID = 'question';
export function questionText(tab: SeveralTab): string {
  if (tab === 'agree') return t('Do the runs agree?');
  return tab === 'path' ? t('How did it get there?') : tell(questionOf(tab));
}

class TabsBar extends SeveralElement {
  protected override render(): TemplateResult {
    const { model, ui, set } = this.view;
    const shown = tabOf(this.view);
    const isMap = shown !== 'agree' && shown !== 'path';
    const chosen = isMap ? figureOf(shown, ui.figure, model.known).metric.id : '';
    return html`<div class="tabs">
      <div class="tablist" role="tablist" aria-label=${t('Questions')} @keydown=${(e: KeyboardEvent) => this.walk(e)}>
        ${tabsOf(model.kind).map((tab, i) => {
          const isOn = tab === shown;
          return html`<button
            role="tab"
            id=${`tab-${tab}`}
            class="tab"
            data-tab=${tab}
            aria-selected=${String(isOn)}
            aria-controls=${PANEL_ID}
            tabindex=${isOn ? 0 : -1}
            title=${t('Key {0}', i + 1)}
            @click=${() => this.open(tab)}
          >
            ${questionText(tab)}
          </button>`;
        })}
      </div>
      <span class="grow"></span>${
        isMap && model.kind === 'runs'
          ? html`<button
              data-action="differences"
              aria-pressed=${String(ui.differences)}
              title=${t('Each run over the median of the runs; within 10 % no number')}
              @click=${() => set({ differences: !ui.differences })}
            >
              ${t('Differences Only')}
            </button>`
          : nothing
      }${
        isMap
          ? html`<select
              aria-label=${t('Figure')}
              title=${t('[ and ] step through the figures')}
              .value=${chosen}
              @change=${(e: Event) => set({ figure: (e.target as HTMLSelectElement).value })}
            >
              ${figuresOf(shown, model.known).map(
                ({ id, name }) => html`<option value=${id} ?selected=${id === chosen}>${tell(name)}</option>`,
              )}
            </select>`
          : nothing
      }
    </div>`;
  }
  private open(tab: SeveralTab): void {
    this.view.set({ tab, figure: null, clause: null });
  }
  /** Arrows walk the tabs, as everywhere. */
  private walk(event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const tabs = tabsOf(this.view.model.kind);
    const next = tabs[(tabs.indexOf(tabOf(this.view)) + by + tabs.length) % tabs.length];
    if (!next) return;
    this.open(next);
    this.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  }
}
define('ox-several-tabs', TabsBar);
