/** The page: strips, then the table or the map beside the detail. Keys that work everywhere are here. */
import { nothing, type TemplateResult } from 'lit';
import { integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import './detail.ts';
import './facts.ts';
import { pickMetric } from './find-bar.ts';
import { chipsOf } from './find/filter.ts';
import { ICON } from './icons.ts';
import { metricPicker, type SpectraPane } from './map.ts';
import './map.ts';
import { MAP_METRICS, mapMetric } from './metrics.ts';
import './problems.ts';
import { errorBanner } from './status.ts';
import './status.ts';
import type { TensorTable } from './table.ts';
import './table.ts';
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
    if (pane === 'detail') this.querySelector<HTMLElement>('ox-detail')?.focus();
    else (this.table ?? this.spectra)?.focus();
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
      <main data-view=${ui.view}>
        <section class="left" aria-label=${ui.view === 'tensors' ? t('Tensors') : t('Spectra of the blocks')}>
          ${this.toolbar()}
          ${
            ui.view === 'tensors'
              ? html`<ox-table .view=${part.view} .version=${part.version}></ox-table>`
              : html`<div class="scroll"><ox-spectra .view=${part.view} .version=${part.version}></ox-spectra></div>`
          }
        </section>
        <section class="right" aria-label=${t('Tensor')}>
          <ox-detail .view=${part.view} .version=${part.version}></ox-detail>
        </section>
      </main>`;
  }

  private toolbar(): TemplateResult {
    const { model, ui, set } = this.view;
    const tab = (view: 'tensors' | 'spectra', name: string): TemplateResult =>
      html`<button data-view=${view} aria-pressed=${String(ui.view === view)} @click=${() => set({ view })}>
        ${name}
      </button>`;
    const matrices = model.blockMatrices.length;
    return html`<div class="toolbar">
        <div class="switch" role="group" aria-label=${t('View')}>
          ${tab('tensors', t('Tensors'))}${tab('spectra', t('Spectra'))}
        </div>
        ${ui.view === 'tensors' ? this.filter() : metricPicker(ui.metric, (metric) => set({ metric }))}
        ${ui.view === 'tensors' ? this.outliers() : nothing}
        <span class="grow"></span>
        ${
          ui.view === 'spectra' && matrices
            ? html`<button
                data-action="table"
                aria-pressed=${String(ui.table)}
                title=${t('Show the same values as a table')}
                @click=${() => set({ table: !ui.table })}
              >
                ${icon(ICON.table)}${t('Table')}
              </button>`
            : nothing
        }
        ${matrices ? this.analyze(matrices) : nothing}
      </div>
      ${ui.view === 'tensors' ? html`<ox-find .view=${this.view} .version=${this.version}></ox-find>` : nothing}`;
  }
  private filter(): TemplateResult {
    const { ui, set, finder } = this.view;
    const { filter } = ui;
    const error = finder.errors.text;
    const active = chipsOf(filter).filter(({ id }) => id !== 'text').length;
    const change = (part: Partial<typeof filter>): void => set({ filter: { ...filter, ...part } });
    return html`<span class="search"
        ><input
          type="search"
          placeholder=${filter.regex ? t('Regular expression ( / )') : t('Filter tensors by name ( / )')}
          aria-label=${t('Filter tensors by name')}
          data-action="filter"
          spellcheck="false"
          .value=${filter.text}
          aria-invalid=${String(error !== undefined)}
          aria-describedby=${error === undefined ? nothing : 'error-text'}
          @input=${(event: Event) => change({ text: (event.target as HTMLInputElement).value })}
          @keydown=${(event: KeyboardEvent) => this.filterKey(event)}
        /><button
          data-action="regex"
          aria-pressed=${String(filter.regex)}
          aria-label=${t('Use Regular Expression')}
          title=${t('Use Regular Expression')}
          @click=${() => change({ regex: !filter.regex })}
        >
          ${icon(ICON.regex)}</button
        >${error === undefined ? nothing : html`<span class="wrong" id="error-text" role="alert">${error}</span>`}</span
      ><button
        data-action="filters"
        aria-expanded=${String(ui.filters)}
        aria-label=${active ? `${t('Filters')} ${active}` : t('Filters')}
        title=${t('By type, role, module, layers, shape and problems')}
        @click=${() => set({ filters: !ui.filters })}
      >
        ${icon(ICON.filter)}<span class="wide">${t('Filters')}</span>${active ? html` <b>${active}</b>` : nothing}
      </button>`;
  }
  private outliers(): TemplateResult {
    const { ui, set } = this.view;
    const { name } = mapMetric(ui.metric);
    return html`<button
      data-action="outliers"
      aria-pressed=${String(ui.outliers)}
      title=${t('Tensors whose figure “{0}” stands apart from that of their siblings, the same module in other layers', name)}
      @click=${() => set({ outliers: !ui.outliers, sort: null, scroll: 0 })}
    >
      ${icon(ICON.pulse)}${t('Outliers')}
    </button>`;
  }
  private analyze(matrices: number): TemplateResult {
    const { model, ui, set, post } = this.view;
    const isFirst = ui.view === 'spectra' && !model.isAnalyzing && !model.spectra.size;
    const done = model.blockMatrices.every(({ tensor }) => model.spectra.has(tensor.name));
    return html`<button
      class=${isFirst ? 'primary' : 'secondary'}
      data-action="analyze"
      ?disabled=${model.isAnalyzing || done || model.disk !== null}
      title=${
        done
          ? t('All {0} block matrices are analyzed', integer(matrices))
          : t('Compute the singular values of {0} block matrices', integer(matrices))
      }
      @click=${() => {
        set({ view: 'spectra' });
        post({ type: 'spectra', tensors: [] });
      }}
    >
      ${t('Analyze Spectra')}
    </button>`;
  }

  private filterKey(event: KeyboardEvent): void {
    const { ui, set } = this.view;
    if (event.key === 'Escape' && ui.filter.text) set({ filter: { ...ui.filter, text: '' } });
    else if (event.key === 'ArrowDown' || event.key === 'Enter' || event.key === 'Escape') this.focusPane('list');
    else return;
    event.preventDefault();
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
