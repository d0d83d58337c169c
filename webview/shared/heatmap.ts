/**
 * Heatmap of layers (rows) by modules (columns), for any metric: canvas cells, sticky column heads and mean row, a profile per layer on
 * the same rows. One or two panels share columns, rows, selection and scale. The keyboard moves the selection; an off-screen grid cell
 * mirrors it for screen readers (a canvas has no children), so does `data-cell` on the host for tests.
 */
import { num } from './format.ts';
import { SvgContext } from './canvas-svg.ts';
import {
  geometry,
  panelLeft,
  profileLeft,
  type Cell,
  type CellValue,
  type Geometry,
  type Grid,
  type Panel,
  type Profile,
} from './heatmap-geometry.ts';
import { Brush, paintMark, paintStrips, prepare } from './heatmap-paint.ts';
import { CellMirror } from './heatmap-mirror.ts';
import { theme } from './scales.ts';
import { t } from './l10n.ts';
import { statusWord } from './words.ts';

export type { Cell, CellStatus, CellValue, LayerStat, Panel, Profile, ProfileSeries } from './heatmap-geometry.ts';
export { legendRamp } from './heatmap-paint.ts';
export {
  colourOf,
  ends,
  fitted,
  isBeyond,
  isDiverging,
  outward,
  reference,
  toUnit,
  type Scale,
} from './heatmap-scale.ts';

/** A cell under the pointer, with the pointer's place in the window. */
export interface Hit extends Cell {
  x: number;
  y: number;
}
export interface HeatmapOptions {
  /** numbers of the layers that exist, ascending; one row each */
  layers: readonly number[];
  /** full names, as "self_attn.q_proj"; one column each */
  modules: string[];
  /** what stands above a column; the full name by default */
  label?: (module: string) => string;
  onSelect(cell: Cell): void;
  onHover?(hit: Hit | null): void;
  /** the pointer over a layer of the profile */
  onHoverLayer?(layer: number, at: { x: number; y: number }): void;
  /** Enter, or a double click */
  onOpen?(cell: Cell): void;
}

const MOVES: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['ArrowLeft', [0, -1]],
  ['ArrowRight', [0, 1]],
  ['ArrowUp', [-1, 0]],
  ['ArrowDown', [1, 0]],
  ['Home', [0, -Infinity]],
  ['End', [0, Infinity]],
  ['PageUp', [-Infinity, 0]],
  ['PageDown', [Infinity, 0]],
]);
const same = (a: Cell | null, b: Cell | null): boolean =>
  a === b || (a !== null && b !== null && a.layer === b.layer && a.module === b.module);
const clamp = (v: number, hi: number): number => Math.max(0, Math.min(hi, v));

export class Heatmap {
  private readonly root = document.createElement('div');
  private readonly head = document.createElement('canvas');
  private readonly body = document.createElement('canvas');
  private readonly foot = document.createElement('canvas');
  private readonly mirror = new CellMirror(this.root);
  private readonly observer: ResizeObserver;
  private panels: Panel[] = [];
  private profile: Profile | null = null;
  private grid: Grid;
  private geo: Geometry | null = null;
  private chosen: Cell | null = null;
  private hovered: Cell | null = null;
  private hoveredLayer: number | null = null;
  private frame = 0;

  constructor(
    private readonly host: HTMLElement,
    private options: HeatmapOptions,
  ) {
    this.grid = gridOf(options);
    this.root.className = 'heatmap';
    this.root.tabIndex = 0;
    this.root.setAttribute('role', 'grid');
    this.root.setAttribute('aria-label', t('Layers by modules. Arrow keys move, Enter opens the matrix.'));
    for (const [canvas, name] of [
      [this.head, 'head'],
      [this.body, 'body'],
      [this.foot, 'foot'],
    ] as const) {
      canvas.className = `heatmap-${name}`;
      canvas.setAttribute('aria-hidden', 'true');
    }
    this.root.append(this.head, this.body, this.foot);
    this.mirror.append();
    host.append(this.root);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(host);
    this.root.addEventListener('mousemove', (event) => this.point(event));
    this.root.addEventListener('mouseleave', () => this.setHover(null, null));
    this.root.addEventListener('click', (event) => this.click(event));
    this.root.addEventListener('dblclick', () => this.chosen && this.options.onOpen?.(this.chosen));
    this.root.addEventListener('keydown', (event) => this.key(event));
    for (const type of ['focus', 'blur']) this.root.addEventListener(type, () => this.draw());
  }

  get selected(): Cell | null {
    return this.chosen;
  }
  set selected(cell: Cell | null) {
    if (same(this.chosen, cell)) return;
    this.chosen = cell;
    this.mirrorCell();
    this.schedule();
  }
  get layers(): readonly number[] {
    return this.grid.layers;
  }
  get modules(): readonly string[] {
    return this.grid.modules;
  }
  focus(): void {
    this.root.focus();
  }
  dispose(): void {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
    this.root.remove();
  }
  /** Other rows, columns or handlers. */
  update(options: HeatmapOptions): void {
    this.options = options;
    this.grid = gridOf(options);
    this.schedule();
  }
  show(panels: Panel[], profile: Profile | null): void {
    this.panels = panels;
    this.profile = profile;
    this.mirrorCell();
    this.schedule();
  }
  /** Draws with the next frame; call it after a theme change too. */
  schedule(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }
  /** Where a cell is in the window, for a hover card that a key opens. */
  at(cell: Cell, panel = 0): { x: number; y: number } {
    const g = this.geo ?? this.measure();
    const box = this.body.getBoundingClientRect();
    return {
      x: box.left + panelLeft(g, this.grid, panel) + (this.grid.modules.indexOf(cell.module) + 0.6) * g.cellWidth,
      y: box.top + (this.rowOf(cell.layer) + 0.6) * g.rowHeight,
    };
  }

  /** Row of a layer; -1 if there is no such layer. */
  private rowOf(layer: number): number {
    return this.grid.layers.indexOf(layer);
  }
  private widestLabel(): number {
    const c = this.head.getContext('2d');
    let widest = 0;
    if (c) {
      c.font = `12px ${getComputedStyle(document.body).fontFamily}`;
      for (const label of this.grid.labels) widest = Math.max(widest, c.measureText(label).width);
    }
    return widest;
  }
  private measure(): Geometry {
    return geometry(this.host.clientWidth, this.grid, this.panels.length, this.profile !== null, this.widestLabel());
  }

  draw(): void {
    const g = (this.geo = this.measure());
    if (!g.width || !this.panels.length) return;
    const head = prepare(this.head, g.width, g.head);
    const body = prepare(this.body, g.width, this.grid.layers.length * g.rowHeight);
    const foot = prepare(this.foot, g.width, g.foot);
    if (!head || !body || !foot) return;
    const isHighContrast = theme().startsWith('high-contrast');
    paintStrips({ head, body, foot }, g, this.grid, this.panels, this.profile, isHighContrast);
    this.panels.forEach((_, index) => {
      const x0 = panelLeft(g, this.grid, index);
      for (const [cell, kind] of [
        [this.hovered, 'hover'],
        [this.chosen, 'selected'],
      ] as const) {
        const column = cell ? this.grid.modules.indexOf(cell.module) : -1;
        const row = cell ? this.rowOf(cell.layer) : -1;
        if (column < 0 || row < 0) continue;
        paintMark(body, g, x0 + column * g.cellWidth, row * g.rowHeight, kind, document.activeElement === this.root);
      }
    });
  }

  /** The same painting as SVG elements, for a picture of this width; without selection. */
  markup(width: number): { markup: string; width: number; height: number } {
    const g = geometry(width, this.grid, this.panels.length, this.profile !== null, this.widestLabel());
    const strips = ['head', 'body', 'foot'].map((name) => {
      const context = new SvgContext(`${this.mirror.id}-${name}`, (text, font) => measureFont(this.head, text, font));
      return { context, brush: new Brush(context) };
    });
    const [head, body, foot] = strips.map(({ brush }) => brush);
    if (!head || !body || !foot) return { markup: '', width, height: 0 };
    paintStrips({ head, body, foot }, g, this.grid, this.panels, this.profile, false);
    const rows = this.grid.layers.length * g.rowHeight;
    const at = [0, g.head, g.head + rows];
    const markup = strips.map(({ context }, i) => `<g transform="translate(0 ${at[i] ?? 0})">${context.markup}</g>`);
    return { markup: markup.join(''), width, height: g.head + rows + g.foot };
  }

  private hit(event: MouseEvent): Cell | null {
    const g = this.geo;
    if (!g || event.target !== this.body) return null;
    const box = this.body.getBoundingClientRect();
    const layer = this.grid.layers[Math.floor((event.clientY - box.top) / g.rowHeight)];
    if (layer === undefined) return null;
    for (let panel = 0; panel < g.panels; panel++) {
      const module =
        this.grid.modules[Math.floor((event.clientX - box.left - panelLeft(g, this.grid, panel)) / g.cellWidth)];
      if (module !== undefined) return { layer, module };
    }
    return null;
  }
  private point(event: MouseEvent): void {
    const cell = this.hit(event);
    // the card stays put inside a cell
    if (!same(this.hovered, cell)) this.setHover(cell, event);
    if (!cell && this.options.onHoverLayer) {
      const layer = this.profileLayer(event);
      if (layer !== this.hoveredLayer) {
        this.hoveredLayer = layer;
        if (layer === null) this.options.onHover?.(null);
        else this.options.onHoverLayer(layer, { x: event.clientX, y: event.clientY });
      }
    } else this.hoveredLayer = null;
  }
  private profileLayer(event: MouseEvent): number | null {
    const g = this.geo;
    if (!g?.profile || !this.profile || event.target !== this.body) return null;
    const box = this.body.getBoundingClientRect();
    const layer = this.grid.layers[Math.floor((event.clientY - box.top) / g.rowHeight)];
    return layer !== undefined && event.clientX - box.left >= profileLeft(g, this.grid) ? layer : null;
  }
  private setHover(cell: Cell | null, event: MouseEvent | null): void {
    this.hovered = cell;
    this.schedule();
    this.options.onHover?.(cell && event ? { ...cell, x: event.clientX, y: event.clientY } : null);
  }
  private click(event: MouseEvent): void {
    const cell = this.hit(event);
    if (cell) this.choose(cell);
  }
  private choose(cell: Cell): void {
    this.chosen = cell;
    this.mirrorCell();
    this.draw();
    this.reveal(cell);
    this.options.onSelect(cell);
  }
  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Enter' && this.chosen) {
      event.preventDefault();
      this.options.onOpen?.(this.chosen);
      return;
    }
    const move = MOVES.get(event.key);
    if (!move || !this.grid.layers.length || !this.grid.modules.length) return;
    event.preventDefault();
    const column = Math.max(0, this.chosen ? this.grid.modules.indexOf(this.chosen.module) : 0);
    const module = this.grid.modules[clamp(column + move[1], this.grid.modules.length - 1)];
    const row = Math.max(0, this.chosen ? this.rowOf(this.chosen.layer) : 0);
    const layer = this.grid.layers[clamp(row + move[0], this.grid.layers.length - 1)];
    if (module !== undefined && layer !== undefined) this.choose({ layer, module });
  }
  /** Scrolls the pane so that no sticky strip covers the row. */
  private reveal(cell: Cell): void {
    const g = this.geo;
    const pane = scroller(this.root);
    if (!g || !pane) return;
    const top = this.body.getBoundingClientRect().top + this.rowOf(cell.layer) * g.rowHeight;
    const view =
      pane === document.scrollingElement ? { top: 0, bottom: window.innerHeight } : pane.getBoundingClientRect();
    const above = view.top + g.head - top;
    const below = top + g.rowHeight - (view.bottom - g.foot);
    if (above > 0) pane.scrollTop -= above;
    else if (below > 0) pane.scrollTop += below;
  }
  private mirrorCell(): void {
    const cell = this.chosen;
    const column = cell ? this.grid.modules.indexOf(cell.module) : -1;
    this.root.setAttribute('aria-rowcount', String(this.grid.layers.length));
    this.root.setAttribute('aria-colcount', String(this.grid.modules.length));
    if (cell && column >= 0) this.host.dataset['cell'] = `${cell.layer},${cell.module}`;
    else delete this.host.dataset['cell'];
    const values = cell
      ? this.panels.map((panel) => `${panel.title} ${spoken(panel.cell(cell.layer, cell.module))}`)
      : [];
    this.mirror.show(cell && column >= 0 ? { ...cell, row: this.rowOf(cell.layer), column, values } : null);
  }
}

function measureFont(canvas: HTMLCanvasElement, text: string, font: string): number {
  const c = canvas.getContext('2d');
  if (!c) return 0;
  c.save();
  c.font = font;
  const { width } = c.measureText(text);
  c.restore();
  return width;
}
function gridOf(options: HeatmapOptions): Grid {
  return { layers: options.layers, modules: options.modules, labels: options.modules.map(options.label ?? ((m) => m)) };
}
function spoken(cell: CellValue): string {
  if (cell.status !== 'done') return statusWord(cell.status);
  return cell.value === null ? statusWord('null') : num(cell.value);
}
function scroller(element: HTMLElement): Element | null {
  for (let e = element.parentElement; e; e = e.parentElement) {
    if (/(auto|scroll)/.test(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight) return e;
  }
  return document.scrollingElement;
}
