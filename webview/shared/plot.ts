/**
 * `<ox-plot .draw=${width => drawing} .picture=${...}>`: a drawing that follows the width of its place. Its marks answer to the pointer
 * and, one by one, to the arrow keys, with the same card; with a name it can be saved and copied.
 */
import { cardContent, hoverCard, type CardRow } from './hover-card.ts';
import { shownText } from './html.ts';
import { t } from './l10n.ts';
import { offerPicture, type PictureTable } from './picture.ts';
import { h, s } from './svg.ts';

/** One value that can be read: its place in CSS pixels of the drawing, and what the card says. */
export interface Mark {
  x: number;
  y: number;
  title: string;
  rows: readonly CardRow[];
}
export interface Drawing {
  root: SVGElement;
  marks: readonly Mark[];
}
export type Draw = (width: number) => SVGElement | Drawing;
export interface PlotPicture {
  /** of the file and of the menu */
  name: string;
  table: PictureTable;
}
const drawingOf = (drawn: SVGElement | Drawing): Drawing =>
  drawn instanceof SVGElement ? { root: drawn, marks: [] } : drawn;
/** PageUp and PageDown pass over this many. */
const PAGE = 10;
/** A picture is readable at least. */
const LEAST_WIDTH = 320;

export class Plot extends HTMLElement {
  private width = 0;
  private drawing: Draw | null = null;
  private offered: PlotPicture | null = null;
  private marks: readonly Mark[] = [];
  private index = -1;
  private menu: HTMLElement | null = null;
  private readonly holder = h('div', { class: 'reading' });
  private readonly spoken = h('span', { class: 'sr', 'aria-live': 'polite' });
  private readonly ring = s('circle', { class: 'ring', r: 5 });
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
    this.holder.addEventListener('focus', () => {
      if (this.holder.matches(':focus-visible')) this.read(Math.max(0, this.index));
    });
    this.holder.addEventListener('blur', () => this.read(-1));
    this.holder.addEventListener('keydown', (event) => this.key(event));
  }
  set draw(draw: Draw) {
    if (draw === this.drawing) return;
    this.drawing = draw;
    this.paint();
  }
  set picture(picture: PlotPicture | null) {
    const known = this.offered?.name;
    this.offered = picture;
    // the same picture with other values: its menu may be open
    if (this.isConnected && picture?.name !== known) this.offer();
  }
  connectedCallback(): void {
    if (!this.holder.isConnected) this.append(this.holder, this.spoken);
    this.observer.observe(this.holder);
    this.offer();
  }
  disconnectedCallback(): void {
    this.observer.disconnect();
    this.width = 0;
    if (this.index >= 0) hoverCard().hide();
  }

  /** The drawing for a picture of this width; null if nothing is drawn. */
  drawingAt(width: number): SVGElement | null {
    return this.drawing && drawingOf(this.drawing(width)).root;
  }
  private offer(): void {
    this.menu?.remove();
    this.menu = null;
    if (!this.offered) return;
    this.menu = offerPicture(this, {
      name: this.offered.name,
      table: () => this.offered?.table() ?? [],
      draw: () => this.drawingAt(Math.max(LEAST_WIDTH, this.width)),
    });
  }
  private paint(): void {
    if (this.width <= 0 || !this.drawing) return;
    const { root, marks } = drawingOf(this.drawing(this.width));
    this.marks = marks;
    this.holder.replaceChildren(root);
    if (!marks.length) return;
    const label = root.getAttribute('aria-label') ?? '';
    root.setAttribute('aria-hidden', 'true');
    root.removeAttribute('role');
    this.holder.tabIndex = 0;
    this.holder.setAttribute('role', 'img');
    this.holder.setAttribute('aria-label', marks.length > 1 ? t('{0}. Arrow keys read the values.', label) : label);
    if (this.index >= 0) this.read(Math.min(this.index, marks.length - 1));
  }
  private read(index: number): void {
    const mark = this.marks[index];
    const had = this.index >= 0;
    this.index = index;
    if (!mark) {
      this.ring.remove();
      this.spoken.textContent = '';
      if (had) hoverCard().hide();
      return;
    }
    this.ring.setAttribute('cx', mark.x.toFixed(1));
    this.ring.setAttribute('cy', mark.y.toFixed(1));
    this.holder.firstElementChild?.append(this.ring);
    const box = this.holder.getBoundingClientRect();
    hoverCard().show(cardContent(mark.title, mark.rows), { x: box.left + mark.x, y: box.top + mark.y });
    this.spoken.textContent = shownText([mark.title, ...mark.rows.map((row) => row.join(' '))].join('; '));
  }
  private point(event: PointerEvent): void {
    const box = this.holder.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let nearest = -1;
    let least = Infinity;
    this.marks.forEach((mark, i) => {
      const distance = (mark.x - x) ** 2 + (mark.y - y) ** 2;
      if (distance < least) [nearest, least] = [i, distance];
    });
    // the card stays put while the pointer moves about one mark
    if (nearest !== this.index) this.read(nearest);
  }
  private key(event: KeyboardEvent): void {
    if (!this.marks.length || event.altKey || event.ctrlKey || event.metaKey) return;
    const steps: Partial<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      PageDown: PAGE,
      PageUp: -PAGE,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    if (event.key === 'Escape' && this.index >= 0) {
      event.stopPropagation();
      return this.read(-1);
    }
    if (step === undefined) return;
    event.preventDefault();
    this.read(Math.max(0, Math.min(this.marks.length - 1, this.index + step)));
  }
}
if (!customElements.get('ox-plot')) customElements.define('ox-plot', Plot);
