/**
 * The tensors as a treegrid by layer. Rows have one height, so the window of rows to draw follows from the scroll position alone:
 * 35 000 tensors cost as much as fifty.
 */
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { count, exact, integer } from '../shared/format.ts';
import { icon } from '../shared/svg.ts';
import { cells, type Column, COLUMNS, Sparks } from './columns.ts';
import { ICON } from './icons.ts';
import { grouped, type Line, lineOf, matching, type Row, type Sort, sorted } from './rows.ts';
import { ViewElement } from './view.ts';

/** VS Code's list row. */
const ROW_HEIGHT = 22;
/** Rows drawn beyond each edge, so that a fast scroll finds them there. */
const MARGIN = 6;

export class TensorTable extends ViewElement {
  lines: readonly Line[] = [];
  private readonly sparks = new Sparks();
  private from = 0;
  private filter = '';
  private built = '';
  private builtFrom: readonly Row[] | null = null;
  private readonly observer = new ResizeObserver(() => this.requestUpdate());
  private restored = false;

  private get body(): HTMLElement | null {
    return this.querySelector<HTMLElement>('.body');
  }
  /** Tensors in the rows on show. */
  get visible(): string[] {
    const [from, to] = this.range();
    return this.lines.slice(from, to).flatMap((line) => (line.kind === 'tensor' ? [line.row.tensor.name] : []));
  }

  protected override willUpdate(_changed: PropertyValues): void {
    this.build();
  }
  /** Lines are made anew when rows, filter, sort or groups change; when sorted by a figure, also when figures come. */
  private build(): void {
    const { model, ui } = this.view;
    const byFigure = ui.sort !== null && COLUMNS.find((column) => column.key === ui.sort?.key)?.late === true;
    const figures = byFigure ? `${model.statistics.size} ${model.spectra.size}` : '';
    const key = JSON.stringify([ui.filter, ui.sort, ui.closed, figures]);
    if (key === this.built && model.rows === this.builtFrom) return;
    if (this.body && ui.filter !== this.filter) this.body.scrollTop = 0;
    this.filter = ui.filter;
    this.built = key;
    this.builtFrom = model.rows;
    const shown = matching(model.rows, ui.filter);
    this.lines = ui.sort
      ? sorted(shown, ui.sort, {
          std: (name) => model.statistics.get(name)?.stats.std ?? null,
          spectralNorm: (name) => model.spectraOf(name)[0]?.metrics.spectralNorm ?? null,
          stableRank: (name) => model.spectraOf(name)[0]?.metrics.stableRank ?? null,
        })
      : grouped(shown, new Set(ui.closed));
  }

  /** The line at the upper edge. */
  private get firstLine(): number {
    return Math.floor((this.body?.scrollTop ?? 0) / ROW_HEIGHT);
  }
  private range(): [number, number] {
    const rows = Math.ceil((this.body?.clientHeight ?? 600) / ROW_HEIGHT) + 2 * MARGIN;
    // a filter can leave fewer lines than the list is scrolled down by
    const last = Math.max(0, this.lines.length - rows);
    const from = Math.min(last, Math.max(0, this.firstLine - MARGIN));
    return [from, Math.min(this.lines.length, from + rows)];
  }

  protected override render(): TemplateResult {
    const { ui } = this.view;
    const [from, to] = this.range();
    this.from = from;
    const active = this.activeLine();
    return html`<div class="grid">
      <div
        class="body"
        tabindex="0"
        role="treegrid"
        aria-label="Tensors by layer. Arrow keys move, left and right close and open a layer, Enter goes to the detail."
        aria-rowcount=${this.lines.length + 1}
        aria-colcount=${COLUMNS.length}
        aria-activedescendant=${active >= from && active < to ? `line-${active}` : nothing}
        @scroll=${() => this.scrolled()}
        @keydown=${(event: KeyboardEvent) => this.key(event)}
      >
        <div class="thead" role="row" aria-rowindex="1">${COLUMNS.map((column) => this.head(column, ui.sort))}</div>
        ${this.stuck()}
        <div class="spacer" role="presentation">
          <div class="window" role="presentation">
            ${this.lines.slice(from, to).map((line, k) => this.line(line, from + k, from + k === active))}
          </div>
        </div>
        ${this.lines.length ? nothing : this.empty()}
      </div>
    </div>`;
  }
  protected override updated(): void {
    const spacer = this.querySelector<HTMLElement>('.spacer');
    const shown = this.querySelector<HTMLElement>('.window');
    if (spacer) spacer.style.height = `${this.lines.length * ROW_HEIGHT}px`;
    if (shown) shown.style.transform = `translateY(${this.from * ROW_HEIGHT}px)`;
    if (!this.restored && this.body && this.lines.length) {
      this.restored = true;
      this.observer.observe(this.body);
      this.body.scrollTop = this.view.ui.scroll;
    }
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer.disconnect();
    this.restored = false;
  }
  override focus(): void {
    this.body?.focus();
  }

  /** The layer of the uppermost row stays in view when its own line is scrolled away. */
  private stuck(): TemplateResult | typeof nothing {
    const line = this.lines[this.firstLine];
    if (line?.kind !== 'tensor' || this.view.ui.sort) return nothing;
    const { group } = line.row;
    return html`<div class="trow group stuck" aria-hidden="true" @click=${() => this.toggle(group)}>
      <span class="name">${icon(ICON.chevronDown)}${group}</span>
    </div>`;
  }
  private head(column: Column, sort: Sort | null): TemplateResult {
    const direction = sort?.key === column.key ? sort.direction : 0;
    return html`<div
      class="c-${column.key} ${column.right ? 'r' : ''}"
      role="columnheader"
      aria-sort=${direction ? (direction > 0 ? 'ascending' : 'descending') : 'none'}
    >
      <button data-action="sort" data-column=${column.key} title=${column.hint} @click=${() => this.sort(column)}>
        ${column.name}${direction ? html`<span aria-hidden="true">${direction > 0 ? '↑' : '↓'}</span>` : nothing}
      </button>
    </div>`;
  }
  private sort(column: Column): void {
    const { sort } = this.view.ui;
    const first = column.descending ? -1 : 1;
    const same = sort?.key === column.key;
    const next = !same ? first : sort.direction === first ? -first : 0;
    this.view.set({ sort: next === 0 ? null : { key: column.key, direction: next === 1 ? 1 : -1 } });
    if (this.body) this.body.scrollTop = 0;
  }

  private line(line: Line, index: number, active: boolean): TemplateResult {
    const { model, ui } = this.view;
    if (line.kind === 'group') {
      const open = !ui.closed.includes(line.group);
      return html`<div
        id="line-${index}"
        class="trow group ${active ? 'sel' : ''}"
        role="row"
        aria-level="1"
        aria-rowindex=${index + 2}
        aria-expanded=${String(open)}
        data-group=${line.group}
        @click=${() => this.toggle(line.group)}
      >
        <span class="name" role="gridcell">${icon(open ? ICON.chevronDown : ICON.chevronRight)}${line.group}</span>
        <span class="quiet c-shape" role="gridcell"
          >${integer(line.count)} ${line.count === 1 ? 'tensor' : 'tensors'}</span
        >
        <span class="c-dtype" role="gridcell"></span>
        <span class="num quiet c-weights" role="gridcell" title=${exact(line.weights)}
          >${line.weights ? count(line.weights) : nothing}</span
        >
      </div>`;
    }
    const { tensor } = line.row;
    return html`<div
      id="line-${index}"
      class="trow ${active ? 'sel' : ''} ${tensor.missing ? 'missing' : ''}"
      role="row"
      aria-level=${ui.sort ? 1 : 2}
      aria-rowindex=${index + 2}
      aria-selected=${String(tensor.name === ui.selected)}
      data-tensor=${tensor.name}
      @click=${() => this.choose(index)}
      @dblclick=${() => this.view.focus('detail')}
    >
      ${cells(line.row, model, this.sparks, ui.sort !== null)}
    </div>`;
  }
  private empty(): TemplateResult {
    const { ui, model } = this.view;
    return ui.filter && model.rows.length
      ? html`<div class="empty" data-state="no-match">
          <p>No tensor’s name holds “${ui.filter}”.</p>
          <button class="secondary" data-action="clear-filter" @click=${() => this.view.set({ filter: '' })}>
            Clear Filter
          </button>
        </div>`
      : html`<div class="empty" data-state="no-tensors">
          <p>
            ${model.facts?.problems.length ? 'No tensor could be read: see the problems above.' : 'This file holds no tensors.'}
          </p>
        </div>`;
  }

  /** Where the keyboard is: the head of a group, or the selected tensor (its closed group stands for it). */
  private activeLine(): number {
    const { ui, model } = this.view;
    if (ui.group !== null) {
      const at = this.lines.findIndex((line) => line.kind === 'group' && line.group === ui.group);
      if (at >= 0) return at;
    }
    const row = model.row(ui.selected);
    return row ? lineOf(this.lines, row) : -1;
  }
  private scrolled(): void {
    if (!this.body) return;
    this.view.keep({ scroll: this.body.scrollTop });
    this.requestUpdate();
  }
  private choose(index: number): void {
    const line = this.lines[index];
    if (!line) return;
    if (line.kind === 'group') this.view.set({ group: line.group });
    else this.view.set({ selected: line.row.tensor.name, group: null, part: null });
    this.bringIntoView(index);
  }
  private toggle(group: string, open?: boolean): void {
    const closed = new Set(this.view.ui.closed);
    if (open ?? closed.has(group)) closed.delete(group);
    else closed.add(group);
    this.view.set({ closed: [...closed], group });
    // the head of a group that was closed from below its first row
    void this.updateComplete.then(() => this.bringIntoView(this.activeLine()));
  }
  bringIntoView(index: number, centre = false): void {
    const body = this.body;
    if (!body || index < 0) return;
    const head = this.querySelector<HTMLElement>('.thead')?.offsetHeight ?? 0;
    const room = body.clientHeight - head;
    const top = index * ROW_HEIGHT;
    const above = this.lines[index]?.kind === 'tensor' && !this.view.ui.sort ? ROW_HEIGHT : 0;
    if (centre) body.scrollTop = Math.max(0, top - room / 2);
    else if (top - above < body.scrollTop) body.scrollTop = top - above;
    else if (top + ROW_HEIGHT > body.scrollTop + room) body.scrollTop = top + ROW_HEIGHT - room;
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== this.body) return;
    // keys repeat faster than frames come
    this.build();
    const at = this.activeLine();
    const line = this.lines[at];
    const page = Math.max(1, Math.floor((this.body?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const move = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[
      event.key
    ];
    if (move !== undefined) {
      const target = Math.max(0, Math.min(this.lines.length - 1, Math.max(at, -1) + move));
      this.choose(target);
    } else if (event.key === 'ArrowLeft') this.left(line);
    else if (event.key === 'ArrowRight') this.right(line, at);
    else if (event.key === 'Enter' && line?.kind === 'tensor') this.view.focus('detail');
    else if ((event.key === 'Enter' || event.key === ' ') && line?.kind === 'group') this.toggle(line.group);
    else return;
    event.preventDefault();
  }
  /** Closes the group, or goes to the head of the tensor's one. */
  private left(line: Line | undefined): void {
    if (this.view.ui.sort) return;
    if (line?.kind === 'group') this.toggle(line.group, false);
    else if (line)
      this.choose(this.lines.findIndex((other) => other.kind === 'group' && other.group === line.row.group));
  }
  /** Opens the group, or goes to its first tensor. */
  private right(line: Line | undefined, at: number): void {
    if (line?.kind !== 'group') return;
    if (this.view.ui.closed.includes(line.group)) this.toggle(line.group, true);
    else this.choose(at + 1);
  }
}
customElements.define('ox-table', TensorTable);
