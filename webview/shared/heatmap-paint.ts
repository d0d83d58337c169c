/** How the heatmap is drawn: fills of the cells, heads, mean row and the profile. Everything is given; nothing is kept. */
import { visible } from '../../src/text/show.ts';
import type { PaintContext } from './canvas-svg.ts';
import { cell as cellText } from './format.ts';
import {
  LONGEST,
  MEAN_LINE,
  panelLeft,
  type CellValue,
  type Geometry,
  type Grid,
  type Panel,
  type Profile,
} from './heatmap-geometry.ts';
import { paintProfile, paintProfileHead, paintProfileTicks } from './heatmap-profile.ts';
import { colourOf, isBeyond, isDiverging, type Scale } from './heatmap-scale.ts';
import { css, diverging, inkOn, mix, rgb, sequential } from './scales.ts';

/** Of a cell whose value lies beyond its scale. */
const CORNER = 7;

/** Theme colours and fonts of one drawing pass. */
export class Brush<Context extends PaintContext = PaintContext> {
  readonly quiet = css(rgb('var(--ox-quiet)'));
  readonly foreground = css(rgb('var(--vscode-foreground)'));
  readonly background = css(rgb('var(--vscode-editor-background)'));
  readonly rule = css(rgb('var(--ox-line)'));
  readonly error = css(rgb('var(--vscode-editorError-foreground)'));
  readonly focus = css(rgb('var(--vscode-focusBorder)'));
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
}

const words = (panel: Panel, value: number): string => panel.text?.(value) ?? cellText(value);

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

function fitting(b: Brush, label: string, most: number): string {
  let text = label;
  while (text.length > 1 && b.c.measureText(text === label ? text : `${text}…`).width > most) text = text.slice(0, -1);
  return text === label ? label : `${text}…`;
}

function paintHead(b: Brush, g: Geometry, grid: Grid, panels: readonly Panel[]): void {
  panels.forEach((panel, index) => {
    const x0 = panelLeft(g, grid, index);
    if (g.panels > 1) {
      b.font(12, '600');
      b.c.fillStyle = b.foreground;
      b.text(panel.title, x0, 9, 'left');
      const used = b.c.measureText(panel.title).width + 8;
      b.font(12);
      b.c.fillStyle = b.quiet;
      if (used + b.c.measureText(panel.sub).width < g.cellWidth * grid.modules.length)
        b.text(panel.sub, x0 + used, 9, 'left');
    }
    b.font(12);
    b.c.fillStyle = b.quiet;
    grid.labels.forEach((label, column) => {
      const x = x0 + (column + 0.5) * g.cellWidth;
      if (!g.upright) return b.text(label, x, g.head - 11);
      b.c.save();
      b.c.translate(x, g.head - 5);
      b.c.rotate(-Math.PI / 2);
      b.text(fitting(b, label, LONGEST), 0, 0, 'left');
      b.c.restore();
    });
  });
}
/** A layer's number in the room beside its row: 999999999 is "…9999". */
const layerName = (layer: number): string => (layer < 1e5 ? String(layer) : `…${String(layer).slice(-4)}`);
function paintRows(b: Brush, g: Geometry, grid: Grid): void {
  b.font(12);
  b.c.fillStyle = b.quiet;
  const step = g.rowHeight > 14 ? 1 : 4;
  for (let row = 0; row < grid.layers.length; row += step)
    b.text(layerName(grid.layers[row] ?? 0), g.left - 9, (row + 0.5) * g.rowHeight, 'right');
}

/** Of the outline's colour, for a cell that is there and empty. */
const DIMMED = 0.22;
function paintCell(b: Brush, g: Geometry, x: number, y: number, cell: CellValue, panel: Panel): void {
  const w = g.cellWidth - 1;
  const h = g.rowHeight - 1;
  const c = b.c;
  c.lineWidth = 1;
  if (cell.status === 'absent') {
    c.strokeStyle = b.outline;
    c.beginPath();
    c.moveTo(x + w / 2 - 4, y + h / 2);
    c.lineTo(x + w / 2 + 4, y + h / 2);
    c.stroke();
  } else if (cell.status === 'untouched') {
    c.fillStyle = b.outline;
    c.globalAlpha = DIMMED;
    c.fillRect(x, y, w, h);
    c.globalAlpha = 1;
  } else if (cell.status === 'pending') {
    c.setLineDash([2, 3]);
    c.strokeStyle = b.outline;
    c.strokeRect(x + 1.5, y + 1.5, w - 3, h - 3);
    c.setLineDash([]);
  } else if (cell.status === 'failed') {
    c.save();
    c.beginPath();
    c.rect(x, y, w, h);
    c.clip();
    c.strokeStyle = b.error;
    c.beginPath();
    for (let k = -h; k < w; k += 6) {
      c.moveTo(x + k, y + h);
      c.lineTo(x + k + h, y);
    }
    c.globalAlpha = 0.55;
    c.stroke();
    c.restore();
    c.strokeStyle = b.error;
    c.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
  } else if (cell.value === null) {
    c.strokeStyle = b.outline;
    c.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
    if (w < 26 || h < 12) return;
    c.fillStyle = b.quiet;
    b.font(11);
    b.text('n/a', x + w / 2, y + h / 2);
  } else {
    const colour = colourOf(panel.scale, cell.value);
    c.fillStyle = css(colour);
    c.fillRect(x, y, w, h);
    if (isBeyond(panel.scale, cell.value)) {
      const side = Math.min(CORNER, w, h);
      c.fillStyle = inkOn(colour);
      c.beginPath();
      c.moveTo(x + w - side, y);
      c.lineTo(x + w, y);
      c.lineTo(x + w, y + side);
      c.fill();
    }
    if (g.cellWidth < 30 || g.rowHeight < 18) return;
    b.font(11);
    c.fillStyle = inkOn(colour);
    b.text(words(panel, cell.value), x + w / 2, y + h / 2 + 0.5);
  }
}
function paintCells(b: Brush, g: Geometry, grid: Grid, panels: readonly Panel[]): void {
  panels.forEach((panel, index) => {
    const x0 = panelLeft(g, grid, index);
    grid.modules.forEach((module, column) => {
      grid.layers.forEach((layer, row) =>
        paintCell(b, g, x0 + column * g.cellWidth, row * g.rowHeight, panel.cell(layer, module), panel),
      );
    });
  });
}
/** The selection: 2 px with an inner gap in the background colour, so that it reads on every fill. Hover: 1 px. */
export function paintMark(
  b: Brush,
  g: Geometry,
  x: number,
  y: number,
  kind: 'hover' | 'selected',
  focused: boolean,
): void {
  const inset = kind === 'selected' ? 1 : 0.5;
  const shrink = kind === 'selected' ? 2 : 1;
  b.c.lineWidth = shrink;
  b.c.strokeStyle = kind === 'selected' && focused ? b.focus : b.foreground;
  b.c.strokeRect(x + inset, y + inset, g.cellWidth - shrink, g.rowHeight - shrink);
  if (kind === 'hover') return;
  b.c.lineWidth = 1;
  b.c.strokeStyle = b.background;
  b.c.strokeRect(x + 2.5, y + 2.5, g.cellWidth - 5, g.rowHeight - 5);
}

function paintMeans(b: Brush, g: Geometry, grid: Grid, panels: readonly Panel[]): void {
  const y = MEAN_LINE;
  b.font(11);
  b.c.fillStyle = b.quiet;
  b.text('mean', g.left - 9, y, 'right');
  panels.forEach((panel, index) => {
    grid.modules.forEach((module, column) => {
      const values: number[] = [];
      for (const layer of grid.layers) {
        const cell = panel.cell(layer, module);
        if (cell.status === 'done' && cell.value !== null) values.push(cell.value);
      }
      if (!values.length) return;
      const mean = values.reduce((a, v) => a + v, 0) / values.length;
      const x = panelLeft(g, grid, index) + column * g.cellWidth;
      if (g.cellWidth >= 30) {
        b.c.fillStyle = b.foreground;
        b.text(words(panel, mean), x + g.cellWidth / 2, y);
      } else {
        b.c.fillStyle = css(colourOf(panel.scale, mean));
        b.c.fillRect(x, y - 5, g.cellWidth - 1, 10);
      }
    });
  });
}

/** The three strips of a heatmap: heads, rows and means; the outer two stay in view while the rows scroll. */
export interface Strips {
  head: Brush;
  body: Brush;
  foot: Brush;
}
/** All of it but the marks of the selection. */
export function paintStrips(
  { head, body, foot }: Strips,
  g: Geometry,
  grid: Grid,
  panels: readonly Panel[],
  profile: Profile | null,
  isHighContrast: boolean,
): void {
  paintHead(head, g, grid, panels);
  paintRows(body, g, grid);
  paintCells(body, g, grid, panels);
  paintMeans(foot, g, grid, panels);
  if (!g.profile || !profile) return;
  paintProfileHead(head, g, grid, profile);
  paintProfile(body, g, grid, profile, isHighContrast);
  paintProfileTicks(foot, g, grid, profile);
}

/** The colour ramp of a legend. */
export function legendRamp(canvas: HTMLCanvasElement, scale: Scale, width = 140): void {
  const b = prepare(canvas, width, 10);
  if (!b) return;
  for (let x = 0; x < width; x++) {
    const t = x / (width - 1);
    b.c.fillStyle = css(isDiverging(scale) ? diverging(t * 2 - 1) : sequential(t));
    b.c.fillRect(x, 0, 1, 10);
  }
}
