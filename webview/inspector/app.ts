/** The page: strips, then the table or the map beside the detail. Keys that work everywhere are here. */
import { nothing, type TemplateResult } from 'lit';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import './detail.ts';
import './facts.ts';
import './find-bar.ts';
import { ICON } from './icons.ts';
import type { SpectraPane } from './map.ts';
import './map.ts';
import { MAP_METRICS } from './metrics.ts';
import './problems.ts';
import { errorBanner } from './status.ts';
import './status.ts';
import type { TensorTable } from './table.ts';
import './table.ts';
import { pickMetric, toolbar } from './toolbar.ts';
import { isFolded } from './ui.ts';
import { ViewElement } from './view.ts';

export class App extends ViewElement {
  private readonly onKey = (event: KeyboardEvent): void => this.key(event);

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('keydown', this.onKey);
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.onKey);
  }
  get table(): TensorTable | null {
    return this.querySelector<TensorTable>('ox-table');
  }
  get spectra(): SpectraPane | null {
    return this.querySelector<SpectraPane>('ox-spectra');
  }
  focusPane(pane: 'list' | 'detail'): void {
    if (pane === 'detail') return this.querySelector<HTMLElement>('ox-detail')?.focus();
    if (!isFolded(this.view.ui)) return (this.table ?? this.spectra)?.focus();
    this.view.set({ beside: true });
    requestAnimationFrame(() => void this.updateComplete.then(() => (this.table ?? this.spectra)?.focus()));
  }

  protected override willUpdate(): void {
    this.view.finder.update();
  }
  protected override render(): TemplateResult {
    const { model, ui } = this.view;
    if (!model.facts)
      return model.error
        ? html`<div data-state="failed">${errorBanner(model.error, this.view)}</div>`
        : html`<div class="empty" data-state="opening"><p class="quiet">${t('Reading the header…')}</p></div>`;
    const part = { view: this.view, version: this.version };
    return html`<ox-facts .view=${part.view} .version=${part.version}></ox-facts>
      <ox-problems .view=${part.view} .version=${part.version}></ox-problems>
      <ox-status .view=${part.view} .version=${part.version}></ox-status>
      <main data-view=${ui.view} class=${isFolded(ui) ? 'folded' : ''}>
        ${isFolded(ui) ? this.strip() : nothing}
        <section
          class="left"
          ?hidden=${isFolded(ui)}
          aria-label=${ui.view === 'tensors' ? t('Tensors') : t('Spectra of the blocks')}
        >
          ${toolbar(this.view)}
          ${
            ui.view === 'tensors'
              ? html`<ox-find .view=${part.view} .version=${part.version}></ox-find>
                  <ox-table .view=${part.view} .version=${part.version}></ox-table>`
              : html`<div class="scroll"><ox-spectra .view=${part.view} .version=${part.version}></ox-spectra></div>`
          }
        </section>
        <section class="right" aria-label=${t('Tensor')}>
          <ox-detail .view=${part.view} .version=${part.version}></ox-detail>
        </section>
      </main>`;
  }

  /** What is left of the list while values or a picture take the page. */
  private strip(): TemplateResult {
    return html`<button
      class="strip"
      data-action="unfold"
      aria-expanded="false"
      title=${t('Show the list beside')}
      @click=${() => this.focusPane('list')}
    >
      ${icon(ICON.chevronRight)}<span>${this.view.ui.view === 'tensors' ? t('Tensors') : t('Spectra')}</span>
    </button>`;
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== 'f' || event.shiftKey || this.view.ui.view !== 'tensors') return;
      this.focusFilter();
      return this.handled(event);
    }
    const inDetail = event.target instanceof Element && event.target.closest('ox-detail') !== null;
    const typing = event.target instanceof Element && event.target.closest('input, select, textarea') !== null;
    if (event.key === 'F6') this.focusPane(inDetail ? 'list' : 'detail');
    else if (event.key === 'Escape' && !event.defaultPrevented && inDetail) this.focusPane('list');
    else if (typing) return;
    else if (event.key === '/' && this.view.ui.view === 'tensors') this.focusFilter();
    else if (event.key === '[' || event.key === ']') this.step(event.key === ']' ? 1 : -1);
    else return;
    this.handled(event);
  }
  /** VS Code hears every key of a page at its window, and would take F6 to its next part. */
  private handled(event: KeyboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
  }
  private focusFilter(): void {
    const input = this.querySelector<HTMLInputElement>('input[type=search]');
    input?.focus();
    input?.select();
  }
  private step(by: 1 | -1): void {
    const at = MAP_METRICS.findIndex((metric) => metric.id === this.view.ui.metric);
    const next = MAP_METRICS[(at + by + MAP_METRICS.length) % MAP_METRICS.length];
    if (next) pickMetric(this.view, next.id);
  }
}
customElements.define('ox-inspector', App);
