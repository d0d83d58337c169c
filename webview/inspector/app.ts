/** The page: strips, then the table or the map beside the detail. Keys that work everywhere are here. */
import { html, nothing, type TemplateResult } from 'lit';
import { integer } from '../shared/format.ts';
import { icon } from '../shared/svg.ts';
import './detail.ts';
import './facts.ts';
import { ICON } from './icons.ts';
import { metricPicker, type SpectraPane } from './map.ts';
import './map.ts';
import { MAP_METRICS } from './metrics.ts';
import './problems.ts';
import { matching } from './rows.ts';
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

  protected override render(): TemplateResult {
    const { model, ui } = this.view;
    if (!model.facts)
      return model.error
        ? html`<div data-state="failed">${errorBanner(model.error, this.view)}</div>`
        : html`<div class="empty" data-state="opening"><p class="quiet">Reading the header…</p></div>`;
    const part = { view: this.view, version: this.version };
    return html`<ox-facts .view=${part.view} .version=${part.version}></ox-facts>
      <ox-problems .view=${part.view} .version=${part.version}></ox-problems>
      <ox-status .view=${part.view} .version=${part.version}></ox-status>
      <main data-view=${ui.view}>
        <section class="left" aria-label=${ui.view === 'tensors' ? 'Tensors' : 'Spectra of the blocks'}>
          ${this.toolbar()}
          ${
            ui.view === 'tensors'
              ? html`<ox-table .view=${part.view} .version=${part.version}></ox-table>`
              : html`<div class="scroll"><ox-spectra .view=${part.view} .version=${part.version}></ox-spectra></div>`
          }
        </section>
        <section class="right" aria-label="Tensor">
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
      <div class="switch" role="group" aria-label="View">${tab('tensors', 'Tensors')}${tab('spectra', 'Spectra')}</div>
      ${ui.view === 'tensors' ? this.filter() : metricPicker(ui.metric, (metric) => set({ metric }))}
      <span class="grow"></span>
      ${ui.view === 'tensors' ? this.groups() : nothing}
      ${
        ui.view === 'spectra' && matrices
          ? html`<button
              data-action="table"
              aria-pressed=${String(ui.table)}
              title="Show the same values as a table"
              @click=${() => set({ table: !ui.table })}
            >
              ${icon(ICON.table)}Table
            </button>`
          : nothing
      }
      ${matrices ? this.analyze(matrices) : nothing}
    </div>`;
  }
  private filter(): TemplateResult {
    const { model, ui, set } = this.view;
    const found = ui.filter
      ? `${integer(matching(model.rows, ui.filter).length)} of ${integer(model.rows.length)}`
      : '';
    return html`<input
        type="search"
        placeholder="Filter tensors by name ( / )"
        aria-label="Filter tensors by name"
        data-action="filter"
        .value=${ui.filter}
        @input=${(event: Event) => set({ filter: (event.target as HTMLInputElement).value })}
        @keydown=${(event: KeyboardEvent) => this.filterKey(event)}
      /><span class="quiet small" role="status" data-found>${found}</span>`;
  }
  private groups(): TemplateResult | typeof nothing {
    const { model, ui, set } = this.view;
    if (ui.sort || !model.rows.length) return nothing;
    const all = model.groups;
    const closed = ui.closed.length >= all.length;
    return html`<button
      data-action="collapse-all"
      @click=${() => set({ closed: closed ? [] : [...all], scroll: 0 })}
      title=${closed ? 'Open every layer' : 'Close every layer'}
    >
      ${icon(closed ? ICON.expandAll : ICON.collapseAll)}<span class="wide"
        >${closed ? 'Expand All' : 'Collapse All'}</span
      >
    </button>`;
  }
  private analyze(matrices: number): TemplateResult {
    const { model, ui, set, post } = this.view;
    const isFirst = ui.view === 'spectra' && !model.isAnalyzing && !model.spectra.size;
    const done = model.blockMatrices.every(({ tensor }) => model.spectra.has(tensor.name));
    return html`<button
      class=${isFirst ? 'primary' : 'secondary'}
      data-action="analyze"
      ?disabled=${model.isAnalyzing || done}
      title=${
        done
          ? `All ${integer(matrices)} block matrices are analyzed`
          : `Compute the singular values of ${integer(matrices)} block matrices`
      }
      @click=${() => {
        set({ view: 'spectra' });
        post({ type: 'spectra', tensors: [] });
      }}
    >
      Analyze Spectra
    </button>`;
  }

  private filterKey(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.view.ui.filter) this.view.set({ filter: '' });
    else if (event.key === 'ArrowDown' || event.key === 'Enter' || event.key === 'Escape') this.focusPane('list');
    else return;
    event.preventDefault();
  }
  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const inDetail = event.target instanceof Element && event.target.closest('ox-detail') !== null;
    const typing = event.target instanceof Element && event.target.closest('input, select, textarea') !== null;
    if (event.key === 'F6') this.focusPane(inDetail ? 'list' : 'detail');
    else if (event.key === 'Escape' && inDetail) this.focusPane('list');
    else if (typing) return;
    else if (event.key === '/' && this.view.ui.view === 'tensors')
      this.querySelector<HTMLInputElement>('input[type=search]')?.focus();
    else if ((event.key === '[' || event.key === ']') && this.view.ui.view === 'spectra')
      this.step(event.key === ']' ? 1 : -1);
    else return;
    event.preventDefault();
  }
  private step(by: 1 | -1): void {
    const at = MAP_METRICS.findIndex((metric) => metric.id === this.view.ui.metric);
    const next = MAP_METRICS[(at + by + MAP_METRICS.length) % MAP_METRICS.length];
    if (next) this.view.set({ metric: next.id });
  }
}
customElements.define('ox-inspector', App);
