/** How the heatmap is drawn: heads, labels, cells, medians and the profile, each clipped to its place. Everything is given; nothing is kept. */
import { median } from '../../src/metrics/median.ts';
import { visible } from '../../src/text/show.ts';
import type { PaintContext } from './canvas-svg.ts';
import { Fills, fittingNumber, paintCell, wordsOf, type Box } from './heatmap-cell.ts';
import {
  cellsWidth,
  columnLeft,
  columnWidth,
  footTop,
  inView,
  LONGEST,
  panelWidth,
  profileLeft,
  TITLE_ROW,
  type Cell,
  type Geometry,
  type Grid,
  type LayerRange,
  type Panel,
  type Profile,
} from './heatmap-geometry.ts';
import { isInRange } from './heatmap-brush.ts';
import { paintProfile, paintProfileHead, paintProfileTicks } from './heatmap-profile.ts';
import { isDiverging, type Scale } from './heatmap-scale.ts';
import { css, diverging, mix, rgb, sequential } from './scales.ts';
import { t } from './l10n.ts';

/** Theme colours and fonts of one drawing pass. */
export class Brush<Context extends PaintContext = PaintContext> {
  readonly quiet = css(rgb('var(--ox-quiet)'));
  readonly foreground = css(rgb('var(--vscode-foreground)'));
  readonly background = css(rgb('var(--vscode-editor-background)'));
  readonly rule = css(rgb('var(--ox-line)'));
  readonly track = css(rgb('var(--ox-track)'));
  readonly error = css(rgb('var(--vscode-editorError-foreground)'));
  readonly focus = css(rgb('var(--vscode-focusBorder)'));
  readonly hover = css(rgb('var(--ox-hover)'));
  readonly outline = css(mix(rgb('var(--vscode-editor-background)'), rgb('var(--vscode-foreground)'), 0.42));
  private readonly family = getComputedStyle(document.body).fontFamily;

  constructor(readonly c: Context) {
    c.textBaseline = 'middle';
  }
  font(px: number, weight = ''): void {
    this.c.font = `${weight} ${px}px ${this.family}`.trim();
  }
  text(value: string, x: number, y: number, align: CanvasTextAlign = 'center'): void {
    this.c.textAlign = align;
    this.c.fillText(visible(value), x, y);
  }
  /** Draws within a box, moved by what is scrolled. */
  within({ x, y, width, height }: Box, by: { x: number; y: number }, draw: () => void): void {
    this.c.save();
    this.c.beginPath();
    this.c.rect(x, y, width, height);
    this.c.clip();
    this.c.translate(-by.x, -by.y);
    draw();
    this.c.restore();
  }
}

/** Sizes a canvas to CSS pixels and clears it. */
export function prepare(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): Brush<CanvasRenderingContext2D> | null {
  const c = canvas.getContext('2d');
  if (!c) return null;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  return new Brush(c);
}

/** What is shown of the map: how far it is scrolled, what is picked, what is dimmed. */
export interface Look {
  scroll: { x: number; y: number };
  hovered: Cell | null;
  selected: Cell | null;
  isFocused: boolean;
  /** cells that are not lit are dimmed; null: all are lit */
  isLit: ((layer: number, module: string) => boolean) | null;
  range: LayerRange | null;
  isHighContrast: boolean;
}
/** Of a cell, a label or a median that is dimmed. */
const DIMMED = 0.2;
const DIMMED_LABEL = 0.45;

/** All of it. */
export function paintMap(
  b: Brush,
  g: Geometry,
  grid: Grid,
  panels: readonly Panel[],
  profile: Profile | null,
  look: Look,
): void {
  const { scroll } = look;
  const bottom = footTop(g);
  const width = cellsWidth(g);
  const rows: Box = { x: 0, y: g.head, width: g.width, height: bottom - g.head };
  b.within({ ...rows, x: g.left, width }, scroll, () => paintCells(b, g, grid, panels, look));
  b.within({ ...rows, width: g.left }, { x: 0, y: scroll.y }, () => paintLabels(b, g, grid, look));
  const sideways = { x: scroll.x, y: 0 };
  b.within({ x: g.left, y: 0, width, height: g.head }, sideways, () => paintHead(b, g, grid, panels, look));
  b.within({ x: g.left, y: bottom, width, height: g.foot }, sideways, () => paintMedians(b, g, grid, panels, look));
  b.font(11);
  b.c.fillStyle = b.quiet;
  b.text(t('median'), g.left - 8, bottom + g.foot / 2, 'right');
  if (!g.profile || !profile) return;
  const x = profileLeft(g);
  paintProfileHead(b, g, profile);
  b.within({ ...rows, x: x - 4, width: g.profile + 8 }, { x: 0, y: scroll.y }, () =>
    paintProfile(b, g, grid, profile, look),
  );
  paintProfileTicks(b, g, profile);
}

function paintCells(b: Brush, g: Geometry, grid: Grid, panels: readonly Panel[], look: Look): void {
  const view = inView(g, grid, look.scroll);
  panels.forEach((panel, index) => {
    const fills = new Fills(panel.scale);
    const [from, to] = view.columns(index);
    for (let column = from; column < to; column++) {
      const module = grid.modules[column] ?? '';
      const x = columnLeft(g, index, column);
      const width = Math.max(1, columnWidth(g, column) - 1);
      for (let row = view.rows[0]; row < view.rows[1]; row++) {
        const layer = grid.layers[row] ?? 0;
        const isLit = isInRange(layer, look.range) && (look.isLit?.(layer, module) ?? true);
        b.c.globalAlpha = isLit ? 1 : DIMMED;
        const box = { x, y: g.head + row * g.rowHeight, width, height: g.rowHeight - 1 };
        paintCell(b, box, panel.cell(layer, module), panel, fills);
      }
    }
    b.c.globalAlpha = 1;
    for (const [cell, kind] of [
      [look.hovered, 'hover'],
      [look.selected, 'selected'],
    ] as const) {
      const column = cell ? grid.modules.indexOf(cell.module) : -1;
      const row = cell ? grid.layers.indexOf(cell.layer) : -1;
      if (column < 0 || row < 0) continue;
      const box = {
        x: columnLeft(g, index, column),
        y: g.head + row * g.rowHeight,
        width: columnWidth(g, column),
        height: g.rowHeight,
      };
      paintMark(b, box, kind, look.isFocused);
    }
  });
}
/** CSS pixels of a row, and of a column, whose value takes all of it. */
const LOW_ROW = 20;
const NARROW_COLUMN = 36;
/** The selection: 2 px with an inner gap in the background colour, so that it reads on every fill. Hover: 1 px. */
function paintMark(b: Brush, { x, y, width, height }: Box, kind: 'hover' | 'selected', isFocused: boolean): void {
  const line = kind === 'selected' ? 2 : 1;
  // a sign at the edge of a narrow cell, as its decimal point, stays free
  const isNarrow = kind === 'selected' && width < NARROW_COLUMN;
  const out = isNarrow ? 1 : 0;
  b.c.lineWidth = line;
  b.c.strokeStyle = kind === 'selected' && isFocused ? b.focus : b.foreground;
  b.c.strokeRect(
    x + line / 2 - out,
    y + line / 2,
    Math.max(1, width - 1 - line + 2 * out),
    Math.max(1, height - 1 - line),
  );
  if (kind === 'hover' || width < 8) return;
  b.c.fillStyle = b.background;
  // whole, the inner line would strike the value through
  if (height >= LOW_ROW)
    for (const at of [y + 2, y + height - 4]) b.c.fillRect(x + 2 - out, at, width - 5 + 2 * out, 1);
  if (!isNarrow) for (const at of [x + 2, x + width - 4]) b.c.fillRect(at, y + 2, 1, height - 5);
}

/** Of a column whose label is cut rather than left out. */
const FEW_LETTERS = 40;
/** A layer's number in the room beside its row: 999999999 is "…9999". */
const layerName = (layer: number): string => (layer < 1e5 ? String(layer) : `…${String(layer).slice(-4)}`);
function paintLabels(b: Brush, g: Geometry, grid: Grid, look: Look): void {
  const [from, to] = inView(g, grid, look.scroll).rows;
  const step = g.rowHeight < 15 ? 2 : 1;
  for (let row = from; row < to; row++) {
    const layer = grid.layers[row] ?? 0;
    const isHovered = look.hovered?.layer === layer;
    if (row % step !== 0 && !isHovered) continue;
    b.font(11, isHovered ? '600' : '');
    b.c.fillStyle = isHovered ? b.foreground : b.quiet;
    b.c.globalAlpha = isInRange(layer, look.range) ? 1 : DIMMED_LABEL;
    b.text(layerName(layer), g.left - 8, g.head + (row + 0.5) * g.rowHeight, 'right');
  }
  b.c.globalAlpha = 1;
}

/** The label, without how many it stands for if that is too wide ("▸ down ×16" as "▸ down"), else cut. */
export function fitting(b: Brush, label: string, most: number): string {
  const short = label.replace(/ ×\d+$/, '');
  if (short !== label && b.c.measureText(label).width > most) return fitting(b, short, most);
  let text = label;
  while (text.length > 1 && b.c.measureText(text === label ? text : `${text}…`).width > most) text = text.slice(0, -1);
  return text === label ? label : `${text}…`;
}
function paintHead(b: Brush, g: Geometry, grid: Grid, panels: readonly Panel[], look: Look): void {
  const view = inView(g, grid, look.scroll);
  panels.forEach((panel, index) => {
    // a title stays in view over columns that scroll away beneath it
    const left = Math.max(columnLeft(g, index, 0), look.scroll.x + g.left);
    const room = columnLeft(g, index, 0) + panelWidth(g) - left;
    b.font(12, '600');
    b.c.fillStyle = b.foreground;
    const title = fitting(b, panel.title, room);
    b.text(title, left, TITLE_ROW / 2, 'left');
    const used = b.c.measureText(title).width + 8;
    b.font(12);
    b.c.fillStyle = b.quiet;
    if (panel.sub && used + b.c.measureText(panel.sub).width < room)
      b.text(panel.sub, left + used, TITLE_ROW / 2, 'left');
    const [from, to] = view.columns(index);
    for (let column = from; column < to; column++) {
      const isHovered = look.hovered !== null && look.hovered.module === grid.modules[column];
      b.font(12, isHovered ? '600' : '');
      b.c.fillStyle = isHovered ? b.foreground : b.quiet;
      paintLabel(b, g, grid.labels[column] ?? '', columnLeft(g, index, column), columnWidth(g, column));
    }
  });
}
function paintLabel(b: Brush, g: Geometry, label: string, x: number, width: number): void {
  const middle = x + (width - 1) / 2;
  if (!g.upright) {
    const text = fitting(b, label, width);
    // a few letters of a name say something, half a number does not; what can be folded says so however narrow it is
    if (text === label || width > FEW_LETTERS) b.text(text, middle, g.head - 10);
    else if (label.startsWith('▾')) b.text('▾', middle + 3, g.head - 10);
    return;
  }
  b.c.save();
  b.c.translate(middle, g.head - 5);
  b.c.rotate(-Math.PI / 2);
  b.text(fitting(b, label, LONGEST), 0, 0, 'left');
  b.c.restore();
}

function paintMedians(b: Brush, g: Geometry, grid: Grid, panels: readonly Panel[], look: Look): void {
  const y = footTop(g) + g.foot / 2;
  const view = inView(g, grid, look.scroll);
  b.font(11);
  panels.forEach((panel, index) => {
    const [from, to] = view.columns(index);
    for (let column = from; column < to; column++) {
      const module = grid.modules[column] ?? '';
      const middle = median(
        grid.layers.map((layer) => {
          const cell = panel.cell(layer, module);
          return cell.status === 'done' && !cell.isSmall ? cell.value : null;
        }),
      );
      if (middle === null) continue;
      const text = fittingNumber(b, wordsOf(panel, middle), columnWidth(g, column));
      if (text === null) continue;
      b.c.fillStyle = b.foreground;
      b.text(text, columnLeft(g, index, column) + (columnWidth(g, column) - 1) / 2, y);
    }
  });
}

/** The colour ramp of a legend. */
export function legendRamp(canvas: HTMLCanvasElement, scale: Scale, width = 140): void {
  const b = prepare(canvas, width, 10);
  if (!b) return;
  for (let x = 0; x < width; x++) {
    const at = x / (width - 1);
    b.c.fillStyle = css(isDiverging(scale) ? diverging(at * 2 - 1) : sequential(at));
    b.c.fillRect(x, 0, 1, 10);
  }
}
