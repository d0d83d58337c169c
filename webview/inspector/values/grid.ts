/**
 * The values of one plane as a grid: only the cells in view exist, rows and columns alike, so that 100 000 x 100 000 costs as much as
 * one screen. The window of cells stays where it is and is filled anew on every scroll, whole rows and columns at a time.
 */
import type { TensorRow } from '../../../src/protocol/engine.ts';
import type { ValuesBlock } from '../../../src/protocol/matrix.ts';
import { integer } from '../../shared/format.ts';
import { t } from '../../shared/l10n.ts';
import { h } from '../../shared/svg.ts';
import { bitsOf, isComplex, readingOf } from '../../shared/value-text.ts';
import { buildCells, writeCell } from './cells.ts';
import { Axis } from './scrolling.ts';
import { Tiles } from './tiles.ts';

/** VS Code's list row. */
const ROW = 22;
const CELL = 94;
const WIDE_CELL = 156;
const CHARACTER = 7.3;

export interface Selection {
  rows: [number, number];
  columns: [number, number];
}
export interface GridSource {
  tensor: TensorRow;
  slice: readonly number[];
  rows: number;
  columns: number;
  read(rows: [number, number], columns: [number, number]): Promise<ValuesBlock>;
}

export class ValuesGrid extends HTMLElement {
  private source: GridSource | null = null;
  private tiles: Tiles | null = null;
  private isHex = false;
  private row = 0;
  private column = 0;
  private anchor: { row: number; column: number } | null = null;
  private first = { row: 0, column: 0 };
  private axes = { rows: new Axis(0, ROW, 1), columns: new Axis(0, CELL, 1) };
  private settled = { top: 0, left: 0 };
  private frame = 0;
  private readonly scroller = h('div', {
    class: 'vg-scroll',
    tabindex: 0,
    role: 'grid',
    'aria-multiselectable': 'true',
  });
  private readonly spacer = h('div', { class: 'vg-spacer', role: 'presentation' });
  private readonly window = h('div', { class: 'vg-window', role: 'presentation' });
  private readonly observer = new ResizeObserver(() => this.layout());

  constructor() {
    super();
    this.scroller.setAttribute(
      'aria-label',
      t('Values. Arrow keys move, Shift extends the selection, Ctrl+C copies it.'),
    );
    this.scroller.addEventListener('scroll', () => this.scrolled());
    this.scroller.addEventListener('keydown', (event) => this.key(event));
    this.window.addEventListener('mousedown', (event) => this.press(event));
    this.window.addEventListener('mousemove', (event) => {
      if (event.buttons === 1) this.drag(event);
    });
  }
  connectedCallback(): void {
    if (!this.scroller.isConnected) {
      this.spacer.append(this.window);
      this.scroller.append(this.spacer);
      this.append(this.scroller);
    }
    this.observer.observe(this.scroller);
  }
  disconnectedCallback(): void {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
  }

  /** Another plane of the same tensor keeps the place; another tensor begins at its first value. */
  show(source: GridSource): void {
    const isOther = this.source?.tensor !== source.tensor;
    this.source = source;
    this.tiles = new Tiles(source, () => this.schedule());
    if (isOther) {
      this.row = this.column = 0;
      this.anchor = null;
      this.first = { row: 0, column: 0 };
    }
    this.layout();
  }
  set hex(on: boolean) {
    if (on === this.isHex) return;
    this.isHex = on;
    this.layout();
  }
  get selection(): Selection {
    const from = this.anchor ?? { row: this.row, column: this.column };
    return {
      rows: [Math.min(from.row, this.row), Math.max(from.row, this.row) + 1],
      columns: [Math.min(from.column, this.column), Math.max(from.column, this.column) + 1],
    };
  }
  goTo(row: number, column: number): void {
    this.anchor = null;
    this.move(row, column);
    this.scroller.focus();
  }
  override focus(): void {
    this.scroller.focus();
  }

  private get cellWidth(): number {
    const dtype = this.source?.tensor.dtype ?? 'F32';
    if (this.isHex) return Math.max(60, Math.ceil((bitsOf(dtype) / 4 + 2) * CHARACTER) + 16);
    return isComplex(dtype) ? WIDE_CELL : CELL;
  }
  private get headWidth(): number {
    return Math.max(44, Math.ceil(String(Math.max(0, (this.source?.rows ?? 1) - 1)).length * CHARACTER) + 18);
  }

  private layout(): void {
    const { source } = this;
    const { clientWidth, clientHeight } = this.scroller;
    if (!source || !clientWidth || !clientHeight) return;
    this.style.setProperty('--vg-cell', `${this.cellWidth}px`);
    this.style.setProperty('--vg-head', `${this.headWidth}px`);
    const rows = new Axis(source.rows, ROW, Math.floor((clientHeight - ROW) / ROW));
    const columns = new Axis(
      source.columns,
      this.cellWidth,
      Math.floor((clientWidth - this.headWidth) / this.cellWidth),
    );
    this.axes = { rows, columns };
    this.spacer.style.width = `${columns.range + clientWidth}px`;
    this.spacer.style.height = `${rows.range + clientHeight}px`;
    this.window.style.width = `${clientWidth}px`;
    this.window.style.height = `${clientHeight}px`;
    this.scroller.setAttribute('aria-rowcount', String(source.rows + 1));
    this.scroller.setAttribute('aria-colcount', String(source.columns + 1));
    this.setFirst(Math.min(this.first.row, rows.last), Math.min(this.first.column, columns.last));
    buildCells(this.window, rows.whole + 1, columns.whole + 1);
    this.fill();
  }
  private schedule(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.fill();
    });
  }
  private fill(): void {
    const { source, tiles, first } = this;
    if (!source || !tiles) return;
    const { rows: selectedRows, columns: selectedColumns } = this.selection;
    const [top, ...lines] = [...this.window.children];
    [...(top?.children ?? [])].forEach((cell, i) => {
      cell.setAttribute('aria-colindex', String(i + 1 + (i ? first.column : 0)));
      if (!i) return;
      const column = first.column + i - 1;
      cell.textContent = column < source.columns ? integer(column) : '';
      (cell as HTMLElement).hidden = column >= source.columns;
    });
    top?.setAttribute('aria-rowindex', '1');
    this.scroller.removeAttribute('aria-activedescendant');
    lines.forEach((line, r) => {
      const row = first.row + r;
      (line as HTMLElement).hidden = row >= source.rows;
      if (row >= source.rows) return;
      line.setAttribute('aria-rowindex', String(row + 2));
      [...line.children].forEach((child, i) => {
        const cell = child as HTMLElement;
        if (!i) {
          cell.textContent = integer(row);
          cell.setAttribute('aria-colindex', '1');
          return;
        }
        const column = first.column + i - 1;
        cell.hidden = column >= source.columns;
        if (cell.hidden) return;
        cell.setAttribute('aria-colindex', String(column + 2));
        cell.dataset['at'] = `${row},${column}`;
        const isSelected =
          row >= selectedRows[0] &&
          row < selectedRows[1] &&
          column >= selectedColumns[0] &&
          column < selectedColumns[1];
        const isActive = row === this.row && column === this.column;
        cell.setAttribute('aria-selected', String(isSelected));
        cell.classList.toggle('active', isActive);
        cell.id = isActive ? 'vg-active' : '';
        if (!isActive) cell.removeAttribute('id');
        else this.scroller.setAttribute('aria-activedescendant', 'vg-active');
        this.write(cell, row, column);
      });
    });
    this.tell();
  }
  private write(cell: HTMLElement, row: number, column: number): void {
    const found = this.tiles?.at(row, column);
    writeCell(cell, found ? { ...found, at: this.address(row, column), isHex: this.isHex } : null);
  }
  /** The index of a weight in its tensor. */
  private address(row: number, column: number): number[] {
    return [...(this.source?.slice ?? []), ...this.index(row, column)];
  }
  private index(row: number, column: number): number[] {
    const axes = this.source?.tensor.shape.length ?? 2;
    return axes === 0 ? [] : axes === 1 ? [row] : [row, column];
  }
  /** The reading of the active cell, for the line below the grid. */
  private tell(): void {
    const found = this.tiles?.at(this.row, this.column);
    const { rows, columns } = this.selection;
    const many = (rows[1] - rows[0]) * (columns[1] - columns[0]);
    const text = found
      ? readingOf(this.address(this.row, this.column), found.block, found.index)
      : (this.tiles?.failure ?? '');
    this.dispatchEvent(new CustomEvent('reading', { detail: { text, count: many } }));
  }

  private scrolled(): void {
    const { scrollTop: top, scrollLeft: left } = this.scroller;
    // the echo of our own scrolling: an axis in proportion would lose the line
    if (Math.abs(top - this.settled.top) < 1 && Math.abs(left - this.settled.left) < 1) return;
    if (Math.abs(top - this.settled.top) >= 1) this.first.row = this.axes.rows.firstAt(top);
    if (Math.abs(left - this.settled.left) >= 1) this.first.column = this.axes.columns.firstAt(left);
    this.settled = { top, left };
    this.schedule();
  }
  private setFirst(row: number, column: number): void {
    this.first = { row, column };
    this.scroller.scrollTop = this.axes.rows.scrollOf(row);
    this.scroller.scrollLeft = this.axes.columns.scrollOf(column);
    this.settled = { top: this.scroller.scrollTop, left: this.scroller.scrollLeft };
  }
  private move(row: number, column: number): void {
    if (!this.source) return;
    this.row = Math.max(0, Math.min(this.source.rows - 1, row));
    this.column = Math.max(0, Math.min(this.source.columns - 1, column));
    this.setFirst(
      this.axes.rows.reveal(this.row, this.first.row),
      this.axes.columns.reveal(this.column, this.first.column),
    );
    this.fill();
  }
  private key(event: KeyboardEvent): void {
    const { source } = this;
    if (!source || event.altKey) return;
    const whole = event.ctrlKey || event.metaKey;
    if (whole && event.key.toLowerCase() === 'c') {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent('copy-selection'));
      return;
    }
    if (whole && event.key.toLowerCase() === 'a') {
      event.preventDefault();
      this.anchor = { row: 0, column: 0 };
      this.row = source.rows - 1;
      this.column = source.columns - 1;
      this.fill();
      return;
    }
    const { row, column } = this;
    const page = Math.max(1, this.axes.rows.whole - 1);
    const target = new Map<string, [number, number]>([
      ['ArrowUp', [whole ? 0 : row - 1, column]],
      ['ArrowDown', [whole ? source.rows - 1 : row + 1, column]],
      ['ArrowLeft', [row, whole ? 0 : column - 1]],
      ['ArrowRight', [row, whole ? source.columns - 1 : column + 1]],
      ['PageUp', [row - page, column]],
      ['PageDown', [row + page, column]],
      ['Home', [whole ? 0 : row, 0]],
      ['End', [whole ? source.rows - 1 : row, source.columns - 1]],
    ]).get(event.key);
    if (!target) return;
    event.preventDefault();
    event.stopPropagation();
    this.anchor = event.shiftKey ? (this.anchor ?? { row, column }) : null;
    this.move(...target);
  }
  private cellAt(event: MouseEvent): [number, number] | null {
    const at =
      event.target instanceof Element ? event.target.closest<HTMLElement>('[data-at]')?.dataset['at'] : undefined;
    const [row, column] = (at ?? '').split(',').map(Number);
    return at !== undefined && row !== undefined && column !== undefined ? [row, column] : null;
  }
  private press(event: MouseEvent): void {
    const at = this.cellAt(event);
    if (!at || event.button !== 0) return;
    event.preventDefault();
    this.scroller.focus();
    this.anchor = event.shiftKey ? (this.anchor ?? { row: this.row, column: this.column }) : null;
    this.move(...at);
  }
  private drag(event: MouseEvent): void {
    const at = this.cellAt(event);
    if (!at || (at[0] === this.row && at[1] === this.column)) return;
    this.anchor ??= { row: this.row, column: this.column };
    this.move(...at);
  }
}
if (!customElements.get('ox-values-grid')) customElements.define('ox-values-grid', ValuesGrid);
