/**
 * Heatmap of layers (rows) by modules (columns), for any metric, with a profile of the layers on the same rows. Panels share columns, rows,
 * cursor and selection. The canvas is as large as what is in view, however many cells there are; heads, labels, medians and profile stay
 * there while the host scrolls. The keyboard moves the selection; an off-screen grid cell mirrors it for screen readers (a canvas has no
 * children), so does `data-cell` on the host for tests.
 */
import { num } from './format.ts';
import { SvgContext } from './canvas-svg.ts';
import { spanned, stepped } from './heatmap-brush.ts';
import {
  cellsWidth,
  columnAt,
  columnLeft,
  columnWidth,
  footTop,
  geometry,
  panelWidth,
  profileLeft,
  type Cell,
  type CellValue,
  type Geometry,
  type Grid,
  type LayerRange,
  type Panel,
  type Profile,
} from './heatmap-geometry.ts';
import { Brush, paintMap, prepare, type Look } from './heatmap-paint.ts';
import { CellMirror } from './heatmap-mirror.ts';
import { theme } from './scales.ts';
import { t } from './l10n.ts';
import { statusWord } from './words.ts';

export type {
  Cell,
  CellStatus,
  CellValue,
  LayerRange,
  LayerStat,
  Panel,
  Profile,
  ProfileMark,
  ProfileSeries,
} from './heatmap-geometry.ts';
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

/** A cell under the pointer, with the place beside it in the window. */
export interface Hit extends Cell {
  x: number;
  y: number;
}
/** A column that opens into several, or closes them; a button over its head. */
export interface Toggle {
  name: string;
  isOpen: boolean;
}
export interface HeatmapOptions {
  /** numbers of the layers that exist, ascending; one row each */
  layers: readonly number[];
  /** full names, as "self_attn.q_proj"; one column each */
  modules: string[];
  /** what stands above a column; the full name by default */
  label?: (module: string) => string;
  /** width of a column beside the others; 1 by default */
  weight?: (module: string) => number;
  toggle?: (module: string) => Toggle | null;
  /** rows fill the height of the host; else they are as high as their number makes them */
  isStretched?: boolean;
  onSelect(cell: Cell): void;
  onHover?(hit: Hit | null): void;
  /** the pointer over a layer of the profile */
  onHoverLayer?(layer: number, at: { x: number; y: number }): void;
  /** Enter, or a double click */
  onOpen?(cell: Cell): void;
  /** layers picked on the profile; without it the profile is only looked at */
  onBrush?(range: LayerRange | null): void;
  onToggle?(module: string): void;
}
/** What is dimmed besides what is shown. */
export interface Emphasis {
  isLit: Look['isLit'];
  range: LayerRange | null;
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
const div = (className: string): HTMLDivElement => {
  const element = document.createElement('div');
  element.className = className;
  return element;
};

export class Heatmap {
  /** as large as all of it, so that the host has what to scroll over */
  private readonly space = div('heatmap-space');
  private readonly root = div('heatmap');
  private readonly canvas = document.createElement('canvas');
  /** over the cells in view; for those who look for them */
  private readonly cells = div('heatmap-cells');
  private readonly band = div('heatmap-band');
  private readonly heads = div('heatmap-heads');
  private readonly mirror = new CellMirror(this.root);
  private readonly observer: ResizeObserver;
  private panels: Panel[] = [];
  private profile: Profile | null = null;
  private emphasis: Emphasis = { isLit: null, range: null };
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
    this.root.tabIndex = 0;
    this.root.setAttribute('role', 'grid');
    this.root.setAttribute('aria-label', t('Layers by modules. Arrow keys move, Enter opens the matrix.'));
    this.canvas.setAttribute('aria-hidden', 'true');
    this.root.append(this.canvas, this.cells);
    this.mirror.append();
    // no children of the grid: a grid holds rows only
    const stage = div('heatmap-stage');
    stage.append(this.root, this.heads, this.band);
    this.space.append(stage);
    host.append(this.space);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(host);
    host.addEventListener('scroll', this.onScroll);
    this.root.addEventListener('mousemove', (event) => this.point(event));
    this.root.addEventListener('mouseleave', () => this.setHover(null));
    this.root.addEventListener('click', (event) => this.click(event));
    this.root.addEventListener('dblclick', () => this.chosen && this.options.onOpen?.(this.chosen));
    this.root.addEventListener('keydown', (event) => this.key(event));
    for (const type of ['focus', 'blur']) this.root.addEventListener(type, () => this.draw());
    this.listenToBand();
  }
  private readonly onScroll = (): void => this.draw();

  get selected(): Cell | null {
    return this.chosen;
  }
  set selected(cell: Cell | null) {
    if (same(this.chosen, cell)) return;
    this.chosen = cell;
    this.mirrorCell();
    if (cell) this.reveal(cell);
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
    this.host.removeEventListener('scroll', this.onScroll);
    cancelAnimationFrame(this.frame);
    this.space.remove();
  }
  /** Other rows, columns or handlers. */
  update(options: HeatmapOptions): void {
    this.options = options;
    this.grid = gridOf(options);
    this.schedule();
  }
  show(panels: Panel[], profile: Profile | null, emphasis: Emphasis = { isLit: null, range: null }): void {
    this.panels = panels;
    this.profile = profile;
    this.emphasis = emphasis;
    this.mirrorCell();
    this.schedule();
  }
  /** Draws with the next frame; call it after a theme change too. */
  schedule(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }
  /** The place beside a cell in the window, for a hover card. */
  at(cell: Cell, panel = this.panels.length - 1): { x: number; y: number } {
    const g = this.geo ?? this.measure();
    const box = this.canvas.getBoundingClientRect();
    const column = this.grid.modules.indexOf(cell.module);
    return {
      x: box.left + columnLeft(g, Math.max(0, panel), column + 1) - this.host.scrollLeft - 8,
      y: box.top + g.head + this.rowOf(cell.layer) * g.rowHeight - this.host.scrollTop - 8,
    };
  }

  /** Row of a layer; -1 if there is no such layer. */
  private rowOf(layer: number): number {
    return this.grid.layers.indexOf(layer);
  }
  private widestLabel(): number {
    const c = this.canvas.getContext('2d');
    let widest = 0;
    if (c) {
      c.font = `12px ${getComputedStyle(document.body).fontFamily}`;
      for (const label of this.grid.labels) widest = Math.max(widest, c.measureText(label).width);
    }
    return widest;
  }
  private measure(width = this.host.clientWidth, height: number | null = this.stretch()): Geometry {
    const { profile, panels } = this;
    const room = { width, height, panels: panels.length, hasProfile: profile !== null, labelWidth: this.widestLabel() };
    return geometry(room, this.grid);
  }
  private stretch(): number | null {
    return this.options.isStretched ? this.host.clientHeight : null;
  }

  draw(): void {
    if (!this.host.clientWidth || !this.panels.length) return;
    let g = this.measure();
    this.space.style.width = `${g.contentWidth}px`;
    this.space.style.height = `${g.contentHeight}px`;
    // what there is to scroll over may have brought a scrollbar
    if (this.host.clientWidth !== g.width) g = this.measure();
    const height = Math.min(g.contentHeight, this.host.clientHeight || g.contentHeight);
    g = this.geo = { ...g, height };
    const b = prepare(this.canvas, g.width, height);
    if (!b) return;
    paintMap(b, g, this.grid, this.panels, this.profile, {
      ...this.emphasis,
      scroll: { x: this.host.scrollLeft, y: this.host.scrollTop },
      hovered: this.hovered,
      selected: this.chosen,
      isFocused: document.activeElement === this.root,
      isHighContrast: theme().startsWith('high-contrast'),
    });
    this.place(g);
  }
  /** Moves what lies over the canvas. */
  private place(g: Geometry): void {
    const rows = footTop(g) - g.head;
    setBox(this.cells, g.left, g.head, cellsWidth(g), rows);
    this.band.hidden = !g.profile || !this.options.onBrush;
    setBox(this.band, profileLeft(g), g.head, g.profile, rows);
    const { range } = this.emphasis;
    const { layers } = this.grid;
    this.band.setAttribute('aria-valuemin', String(layers[0] ?? 0));
    this.band.setAttribute('aria-valuemax', String(layers.at(-1) ?? 0));
    this.band.setAttribute('aria-valuenow', String(range?.from ?? layers[0] ?? 0));
    this.band.setAttribute('aria-valuetext', range ? t('layers {0} to {1}', range.from, range.to) : t('all layers'));
    this.placeToggles(g);
  }
  private placeToggles(g: Geometry): void {
    const toggles = this.grid.modules.flatMap((module, column) => {
      const toggle = this.options.toggle?.(module);
      return toggle ? [{ module, column, toggle }] : [];
    });
    const wanted = toggles.flatMap((one) => this.panels.map((_, panel) => ({ ...one, panel })));
    while (this.heads.children.length > wanted.length) this.heads.lastElementChild?.remove();
    wanted.forEach(({ module, column, toggle, panel }, i) => {
      const button = (this.heads.children[i] ?? this.heads.appendChild(this.toggleButton())) as HTMLButtonElement;
      button.dataset['module'] = module;
      button.setAttribute('aria-expanded', String(toggle.isOpen));
      button.setAttribute('aria-label', toggle.name);
      button.title = toggle.name;
      const left = columnLeft(g, panel, column) - this.host.scrollLeft;
      const isShown = left >= g.left - 1 && left < g.left + cellsWidth(g);
      button.hidden = !isShown;
      setBox(button, left, g.head - 20, Math.max(14, columnWidth(g, column) - 1), 20);
    });
  }
  private toggleButton(): HTMLButtonElement {
    const button = document.createElement('button');
    button.className = 'heatmap-toggle';
    button.addEventListener('click', () => this.options.onToggle?.(button.dataset['module'] ?? ''));
    return button;
  }

  /** The same painting as SVG elements, for a picture of this width; without selection. */
  markup(width: number): { markup: string; width: number; height: number } {
    const natural = this.measure(width, null);
    const g = { ...natural, width: natural.contentWidth };
    const context = new SvgContext(this.mirror.id, (text, font) => measureFont(this.canvas, text, font));
    paintMap(new Brush(context), g, this.grid, this.panels, this.profile, {
      ...this.emphasis,
      scroll: { x: 0, y: 0 },
      hovered: null,
      selected: null,
      isFocused: false,
      isHighContrast: false,
    });
    return { markup: context.markup, width: g.width, height: g.height };
  }

  private rowAt(event: MouseEvent): number {
    const g = this.geo;
    if (!g) return -1;
    const y = event.clientY - this.canvas.getBoundingClientRect().top;
    return y < g.head || y >= footTop(g) ? -1 : Math.floor((y - g.head + this.host.scrollTop) / g.rowHeight);
  }
  private hit(event: MouseEvent): (Cell & { panel: number }) | null {
    const g = this.geo;
    const layer = this.grid.layers[this.rowAt(event)];
    if (!g || layer === undefined) return null;
    const inside = event.clientX - this.canvas.getBoundingClientRect().left - g.left;
    if (inside < 0 || inside >= cellsWidth(g)) return null;
    for (let panel = 0; panel < g.panels; panel++) {
      const module = this.grid.modules[columnAt(g, inside + this.host.scrollLeft - panel * (g.gap + panelWidth(g)))];
      if (module !== undefined) return { layer, module, panel };
    }
    return null;
  }
  private point(event: MouseEvent): void {
    const cell = this.hit(event);
    // the card stays put beside its cell
    if (!same(this.hovered, cell)) this.setHover(cell);
  }
  private pointBand(event: MouseEvent): void {
    const layer = this.grid.layers[this.rowAt(event)] ?? null;
    if (layer === this.hoveredLayer) return;
    this.hoveredLayer = layer;
    if (layer === null) this.options.onHover?.(null);
    else this.options.onHoverLayer?.(layer, { x: event.clientX, y: event.clientY });
  }
  private setHover(cell: (Cell & { panel: number }) | null): void {
    this.hovered = cell;
    this.schedule();
    this.options.onHover?.(cell && { layer: cell.layer, module: cell.module, ...this.at(cell, cell.panel) });
  }
  private click(event: MouseEvent): void {
    const cell = this.hit(event);
    if (cell) this.choose({ layer: cell.layer, module: cell.module });
  }
  private choose(cell: Cell): void {
    this.chosen = cell;
    this.mirrorCell();
    this.reveal(cell);
    this.draw();
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

  /** The profile as a slider: a drag picks layers, as the arrow keys do; a double click and Escape let all of them be shown again. */
  private listenToBand(): void {
    const { band } = this;
    band.tabIndex = 0;
    band.setAttribute('role', 'slider');
    band.setAttribute('aria-orientation', 'vertical');
    band.setAttribute('aria-label', t('Layers. Drag, or Shift and the arrow keys, to pick a range.'));
    let start: number | null = null;
    const brush = (range: LayerRange | null): void => {
      // The page draws once a frame: keys that come faster start from what the last one picked.
      this.emphasis = { ...this.emphasis, range };
      this.options.onBrush?.(range);
    };
    band.addEventListener('pointerdown', (event) => {
      start = this.rowAt(event);
      band.setPointerCapture(event.pointerId);
    });
    band.addEventListener('pointermove', (event) => {
      if (start === null) return this.pointBand(event);
      const row = this.rowAt(event);
      if (row >= 0 && row < this.grid.layers.length) brush(spanned(this.grid.layers, start, row));
    });
    band.addEventListener('pointerup', () => (start = null));
    band.addEventListener('pointercancel', () => (start = null));
    band.addEventListener('pointerleave', () => {
      this.hoveredLayer = null;
      this.options.onHover?.(null);
    });
    band.addEventListener('dblclick', () => brush(null));
    band.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const { layers } = this.grid;
      if (event.key === 'Escape' && this.emphasis.range) brush(null);
      else if (event.key === 'ArrowDown' || event.key === 'ArrowUp')
        brush(stepped(layers, this.emphasis.range, event.key === 'ArrowDown' ? 1 : -1, event.shiftKey));
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** Scrolls, so that no head, foot or profile covers the cell. */
  private reveal(cell: Cell): void {
    const g = this.geo;
    if (!g) return;
    const row = this.rowOf(cell.layer);
    const column = this.grid.modules.indexOf(cell.module);
    if (row < 0 || column < 0) return;
    const { host } = this;
    const top = row * g.rowHeight;
    host.scrollTop = Math.max(Math.min(host.scrollTop, top), top + g.rowHeight - (footTop(g) - g.head));
    const left = columnLeft(g, 0, column) - g.left;
    host.scrollLeft = Math.max(Math.min(host.scrollLeft, left), left + columnWidth(g, column) - cellsWidth(g));
    // of a host that does not scroll itself
    if (host.scrollHeight <= host.clientHeight) this.cells.scrollIntoView({ block: 'nearest' });
  }
  private mirrorCell(): void {
    const cell = this.chosen;
    const column = cell ? this.grid.modules.indexOf(cell.module) : -1;
    this.root.setAttribute('aria-rowcount', String(this.grid.layers.length));
    this.root.setAttribute('aria-colcount', String(this.grid.modules.length));
    if (cell && column >= 0) this.host.dataset['cell'] = `${cell.layer},${cell.module}`;
    else delete this.host.dataset['cell'];
    const values = cell
      ? this.panels.map((panel) => `${panel.title} ${spoken(panel.cell(cell.layer, cell.module), panel)}`)
      : [];
    this.mirror.show(cell && column >= 0 ? { ...cell, row: this.rowOf(cell.layer), column, values } : null);
  }
}

function setBox(element: HTMLElement, left: number, top: number, width: number, height: number): void {
  element.style.left = `${left}px`;
  element.style.top = `${top}px`;
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
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
function gridOf({ layers, modules, label, weight }: HeatmapOptions): Grid {
  return {
    layers,
    modules,
    labels: modules.map(label ?? ((module) => module)),
    ...(weight ? { weights: modules.map(weight) } : {}),
  };
}
function spoken(cell: CellValue, panel: Panel): string {
  if (cell.status !== 'done') return statusWord(cell.status);
  if (cell.value === null) return statusWord('null');
  return [
    panel.text?.(cell.value) ?? num(cell.value),
    ...(cell.isSmall ? [t('too small to say')] : []),
    ...(cell.isBelow ? [t('under one rounding')] : []),
    ...(cell.most == null ? [] : [t('largest {0}', panel.text?.(cell.most) ?? num(cell.most))]),
  ].join(', ');
}
