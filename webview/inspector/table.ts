/**
 * The tensors as a treegrid by layer. Rows have one height, so the window of rows to draw follows from the scroll position alone:
 * 35 000 tensors cost as much as fifty.
 */
import { nothing, type PropertyValues, type TemplateResult } from 'lit';
import { count, exact, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import { ROW_HEIGHT, windowOf } from '../shared/windowed.ts';
import { cells, type Column, columnsOf, Sparks } from './columns.ts';
import { ICON } from './icons.ts';
import { isMetric, mapMetric } from './metrics.ts';
import { groupNameOf, type Line, lineOf, type Sort } from './rows.ts';
import { emptyTable } from './table-empty.ts';
import { ViewElement } from './view.ts';

export class TensorTable extends ViewElement {
  private readonly sparks = new Sparks();
  private from = 0;
  private filter = '';
  private readonly observer = new ResizeObserver(() => this.requestUpdate());
  private restored = false;

  get lines(): readonly Line[] {
    return this.view.finder.lines;
  }
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
  private build(): void {
    const { finder, ui } = this.view;
    finder.update();
    const filter = JSON.stringify([ui.filter, ui.outliers]);
    if (this.body && filter !== this.filter) this.body.scrollTop = 0;
    this.filter = filter;
  }
  /** Neither sorted nor only outliers: the lines stand under heads. */
  private get isGrouped(): boolean {
    const { sort, outliers, grouping } = this.view.ui;
    return !sort && !outliers && grouping !== 'none';
  }

  /** The line at the upper edge. */
  private get firstLine(): number {
    return Math.floor((this.body?.scrollTop ?? 0) / ROW_HEIGHT);
  }
  private range(): [number, number] {
    const { first, rows } = windowOf(this.lines, this.body);
    return [first, first + rows.length];
  }

  protected override render(): TemplateResult {
    const { ui } = this.view;
    const [from, to] = this.range();
    this.from = from;
    const active = this.activeLine();
    const columns = columnsOf(mapMetric(ui.metric), ui.outliers);
    // the figure that orders the list stays if there is no room for all
    const figured = ui.outliers || (ui.sort !== null && isMetric(ui.sort.key) && ui.sort.key === ui.metric);
    return html`<div
      class="grid ${this.lines.length ? '' : 'none'} ${this.view.finder.moreOutliers ? 'short' : ''} ${figured ? 'figured' : ''} ${ui.outliers ? 'apart' : ''}"
    >
      <div
        class="body"
        tabindex="0"
        role="treegrid"
        aria-label=${t('Tensors. Arrow keys move, left and right close and open a group, Enter goes to the detail.')}
        aria-rowcount=${this.lines.length + 1}
        aria-colcount=${columns.length}
        aria-busy=${String(this.view.finder.isSearching)}
        aria-activedescendant=${active >= from && active < to ? `line-${active}` : nothing}
        @scroll=${() => this.scrolled()}
        @keydown=${(event: KeyboardEvent) => this.key(event)}
      >
        <div class="thead" role="row" aria-rowindex="1">${columns.map((column) => this.head(column, ui.sort))}</div>
        ${this.stuck()}
        <div class="spacer" role="presentation">
          <div class="window" role="presentation">
            ${this.lines.slice(from, to).map((line, k) => this.line(line, from + k, from + k === active))}
          </div>
        </div>
      </div>
      ${this.moreOutliers()} ${this.lines.length ? nothing : emptyTable(this.view)}
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

  /** The farthest stand in the list; the others come on request. */
  private moreOutliers(): TemplateResult | typeof nothing {
    const { moreOutliers } = this.view.finder;
    if (!moreOutliers) return nothing;
    return html`<button data-action="more-outliers" @click=${() => this.view.set({ everyOutlier: true })}>
      ${t('{0} more', integer(moreOutliers))}
    </button>`;
  }
  /** The layer of the uppermost row stays in view when its own line is scrolled away. */
  private stuck(): TemplateResult | typeof nothing {
    const line = this.lines[this.firstLine];
    if (line?.kind !== 'tensor' || !this.isGrouped) return nothing;
    const group = groupNameOf(line.row, this.view.ui.grouping);
    return html`<div class="trow group stuck" aria-hidden="true" @click=${() => this.toggle(group)}>
      <span class="name">${icon(ICON.chevronDown)}${group}</span>
    </div>`;
  }
  private head(column: Column, sort: Sort | null): TemplateResult {
    const byZ = this.view.ui.outliers && !sort && column.sort === null;
    const direction = byZ ? -1 : sort !== null && sort.key === column.sort ? sort.direction : 0;
    return html`<div
      class="c-${column.id} ${column.right ? 'r' : ''}"
      role="columnheader"
      aria-sort=${direction ? (direction > 0 ? 'ascending' : 'descending') : 'none'}
    >
      <button data-action="sort" data-column=${column.id} title=${column.hint} @click=${() => this.sort(column)}>
        <span class="cut">${column.name}</span>${
          direction ? html`<span aria-hidden="true">${direction > 0 ? '↑' : '↓'}</span>` : nothing
        }
      </button>
    </div>`;
  }
  private sort(column: Column): void {
    const { sort } = this.view.ui;
    const first = column.descending ? -1 : 1;
    const same = sort?.key === column.sort;
    const next = column.sort === null ? 0 : !same ? first : sort?.direction === first ? -first : 0;
    this.view.set({
      sort: next === 0 || column.sort === null ? null : { key: column.sort, direction: next === 1 ? 1 : -1 },
    });
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
          >${plural(line.count, '{0} tensor', '{0} tensors', integer(line.count))}</span
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
      aria-level=${this.isGrouped ? 2 : 1}
      aria-rowindex=${index + 2}
      aria-selected=${String(tensor.name === ui.selected)}
      data-tensor=${tensor.name}
      @click=${() => this.choose(index)}
      @dblclick=${() => this.view.focus('detail')}
    >
      ${cells(line.row, model, {
        sparks: this.sparks,
        metric: mapMetric(ui.metric),
        withLayer: !this.isGrouped || ui.grouping === 'module',
        indented: this.isGrouped,
        outlier: line.outlier,
      })}
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
    return row ? lineOf(this.lines, row, ui.grouping) : -1;
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
    const above = this.lines[index]?.kind === 'tensor' && this.isGrouped ? ROW_HEIGHT : 0;
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
    if (!this.isGrouped) return;
    if (line?.kind === 'group') this.toggle(line.group, false);
    else if (line) {
      const group = groupNameOf(line.row, this.view.ui.grouping);
      this.choose(this.lines.findIndex((other) => other.kind === 'group' && other.group === group));
    }
  }
  /** Opens the group, or goes to its first tensor. */
  private right(line: Line | undefined, at: number): void {
    if (line?.kind !== 'group') return;
    if (this.view.ui.closed.includes(line.group)) this.toggle(line.group, true);
    else this.choose(at + 1);
  }
}
customElements.define('ox-table', TensorTable);
