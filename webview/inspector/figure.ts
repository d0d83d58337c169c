/**
 * `<ox-figure .plot=${plot}>`: a drawing whose values can be read off, with the pointer or with the arrow keys. What is read stands in
 * a line under the drawing, so it is there for the keyboard and for screen readers as well.
 */
import { shownText } from '../shared/html.ts';
import { offerPicture, type PictureTable } from '../shared/picture.ts';
import { h, s } from '../shared/svg.ts';
import { t } from '../shared/l10n.ts';

export interface Reading {
  /** number of values that can be read */
  count: number;
  /** horizontal place of a value in CSS pixels */
  x(index: number): number;
  /** vertical extent of the cursor line */
  y: readonly [number, number];
  text(index: number): string;
}
export interface FigurePlot {
  label: string;
  /** what "Copy as TSV" gives */
  table: PictureTable;
  draw(width: number): { root: SVGSVGElement; reading: Reading };
}

/** A picture is readable at least. */
const LEAST_WIDTH = 320;

class Figure extends HTMLElement {
  private width = 0;
  private current: FigurePlot | null = null;
  private reading: Reading | null = null;
  private index = -1;
  private menu: HTMLElement | null = null;
  private readonly holder = h('div', { class: 'figure', tabindex: 0, role: 'img' });
  private readonly line = h('p', { class: 'readout', 'aria-live': 'polite' });
  private readonly cursor = s('path', { class: 'cursor' });
  private readonly observer = new ResizeObserver(() => {
    const width = Math.floor(this.holder.clientWidth);
    if (width === this.width) return;
    this.width = width;
    this.paint();
  });

  constructor() {
    super();
    this.holder.addEventListener('pointermove', (event) => this.point(event));
    this.holder.addEventListener('pointerleave', () => this.read(-1));
    this.holder.addEventListener('blur', () => this.read(-1));
    this.holder.addEventListener('keydown', (event) => this.key(event));
  }
  set plot(plot: FigurePlot) {
    if (plot === this.current) return;
    this.current = plot;
    this.index = -1;
    this.offer();
    this.paint();
  }
  connectedCallback(): void {
    if (!this.holder.isConnected) this.append(this.holder, this.line);
    this.observer.observe(this.holder);
  }
  disconnectedCallback(): void {
    this.observer.disconnect();
    this.width = 0;
  }
  private offer(): void {
    this.menu?.remove();
    const plot = this.current;
    if (!plot) return;
    this.menu = offerPicture(this, {
      name: plot.label,
      table: plot.table,
      draw: () => plot.draw(Math.max(LEAST_WIDTH, this.width)).root,
    });
  }
  private paint(): void {
    if (!this.current || this.width <= 0) return;
    const { root, reading } = this.current.draw(this.width);
    this.reading = reading;
    this.holder.setAttribute('aria-label', shownText(t('{0}. Arrow keys read the values.', this.current.label)));
    root.append(this.cursor);
    this.holder.replaceChildren(root);
    this.read(Math.min(this.index, reading.count - 1));
  }
  private read(index: number): void {
    this.index = index;
    const { reading } = this;
    this.cursor.toggleAttribute('hidden', index < 0);
    if (!reading || index < 0) {
      this.cursor.setAttribute('d', '');
      this.line.textContent = '';
      return;
    }
    const x = Math.round(reading.x(index)) + 0.5;
    this.cursor.setAttribute('d', `M${x} ${reading.y[0]}V${reading.y[1]}`);
    this.line.textContent = shownText(reading.text(index));
  }
  private point(event: PointerEvent): void {
    const { reading } = this;
    if (!reading?.count) return;
    const at = event.clientX - this.holder.getBoundingClientRect().left;
    // places ascend, so the nearest one is found by halving
    let lo = 0;
    let hi = reading.count - 1;
    while (lo < hi) {
      const middle = (lo + hi) >> 1;
      if ((reading.x(middle) + reading.x(middle + 1)) / 2 < at) lo = middle + 1;
      else hi = middle;
    }
    this.read(lo);
  }
  private key(event: KeyboardEvent): void {
    const { reading } = this;
    if (!reading?.count || event.altKey || event.ctrlKey || event.metaKey) return;
    const move = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    this.read(Math.max(0, Math.min(reading.count - 1, this.index + move)));
  }
}
customElements.define('ox-figure', Figure);
