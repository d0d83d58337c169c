/** Draws a picture of a matrix: pixels, heads, the place of the reader. Coordinates in CSS pixels. */
import type { Picture } from '../../../src/protocol/matrix.ts';
import { cell } from '../format.ts';
import type { Heads } from '../heads.ts';
import { prepare, type Brush } from '../heatmap-paint.ts';
import { isDiverging, toUnit, type Scale } from '../heatmap-scale.ts';
import { css, diverging, inkOn, rgb, sequential, type Rgb } from '../scales.ts';
import { lostOf, type Spot } from './figures.ts';
import { evenHeads, GAP, paintProfiles, PROFILE } from './profiles.ts';
import type { Viewport } from './viewport.ts';

const COLOURS = 256;
/** Figures are printed in cells from this size on. */
const PRINTED: readonly [number, number] = [30, 16];

export interface Scene {
  picture: Picture;
  shown: Float32Array | Float64Array;
  scale: Scale;
  view: Viewport;
  heads: Heads;
  /** whole sides, for the places of the heads */
  rows: number;
  columns: number;
  width: number;
  height: number;
  spot: Spot | null;
  isFocused: boolean;
  /** as `hatchOf` says */
  hatch: number | null;
}
/** From a row or column, fractions included, to its place on the canvas. */
export type Place = (at: number) => number;

export class Palette {
  private readonly colours: Rgb[];
  readonly invalid: Rgb;

  constructor(private readonly scale: Scale) {
    const isBoth = isDiverging(scale);
    this.colours = Array.from({ length: COLOURS }, (_, i) => {
      const t = i / (COLOURS - 1);
      return isBoth ? diverging(2 * t - 1) : sequential(t);
    });
    this.invalid = rgb('var(--vscode-editorError-foreground, var(--vscode-foreground))');
  }
  at(value: number): Rgb {
    if (Number.isNaN(value)) return this.invalid;
    const unit = toUnit(this.scale, value);
    const t = isDiverging(this.scale) ? (unit + 1) / 2 : unit;
    return this.colours[Math.round(Math.max(0, Math.min(1, t)) * (COLOURS - 1))] ?? this.invalid;
  }
}

/** Of a cross from its middle, and of the hatch from line to line, CSS pixels. */
const LEAST_REACH = 4;
const HATCH = 6;
/** Up to this share of its pixels a picture is crossed; crosses over more of them would lie over each other, and hide what they mark. */
const CROSSED = 0.02;

/**
 * How many pixels lie from line to line of a hatch over what is not finite; null if there is little of it, or room for crosses. `size`:
 * CSS pixels of one pixel of the picture.
 */
export function hatchOf(picture: Picture, size: number): number | null {
  const isDense = size < 2 * LEAST_REACH && lostOf(picture).share > CROSSED;
  return isDense ? Math.max(3, Math.round(HATCH / size)) : null;
}

/** The pixels as they come from the engine, one to one. `hatch`: as `hatchOf` says. */
export function bitmapOf(
  picture: Picture,
  shown: Scene['shown'],
  palette: Palette,
  hatch: number | null,
): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = canvas.getContext('2d');
  if (!context) return canvas;
  const image = context.createImageData(picture.width, picture.height);
  const paper = rgb('var(--vscode-editor-background)');
  const isLine = (i: number): boolean =>
    hatch !== null && ((i % picture.width) + Math.floor(i / picture.width)) % hatch < hatch / 3;
  for (let i = 0; i < shown.length; i++) {
    const [r, g, b] = !picture.notFinite?.[i] ? palette.at(shown[i] as number) : isLine(i) ? paper : palette.invalid;
    image.data.set([r, g, b, 255], i * 4);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

export function paint(canvas: HTMLCanvasElement, scene: Scene, bitmap: HTMLCanvasElement, palette: Palette): void {
  const brush = prepare(canvas, scene.width + GAP + PROFILE, scene.height + GAP + PROFILE);
  if (!brush) return;
  const { c } = brush;
  const { picture, view, width, height } = scene;
  const x: Place = (column) => ((column - view.column) / view.columns) * width;
  const y: Place = (row) => ((row - view.row) / view.rows) * height;
  c.save();
  c.beginPath();
  c.rect(0, 0, width, height);
  c.clip();
  c.imageSmoothingEnabled = false;
  c.fillStyle = css(rgb('var(--ox-absent)'));
  c.fillRect(0, 0, width, height);
  const [row0, row1] = picture.rows;
  const [column0, column1] = picture.columns;
  c.drawImage(bitmap, x(column0), y(row0), x(column1) - x(column0), y(row1) - y(row0));
  if (scene.hatch === null) crosses(c, scene, x, y);
  else if (lostOf(picture).isAll) allLost(brush, scene);
  figures(c, scene, palette, x, y);
  headLines(c, scene, x, y);
  if (scene.spot) ring(c, scene, scene.spot, x, y);
  c.restore();
  paintProfiles(c, scene, x, y);
}

/** Pixels that hold a NaN or an infinity are crossed out: the colour alone would not tell. */
function crosses(c: CanvasRenderingContext2D, { picture, width, height, view }: Scene, x: Place, y: Place): void {
  const { notFinite } = picture;
  if (!notFinite) return;
  const across = ((picture.columns[1] - picture.columns[0]) / picture.width / view.columns) * width;
  const down = ((picture.rows[1] - picture.rows[0]) / picture.height / view.rows) * height;
  const reach = Math.max(LEAST_REACH, Math.min(across, down) / 2);
  c.strokeStyle = css(rgb('var(--vscode-foreground)'));
  c.lineWidth = 1.5;
  c.beginPath();
  notFinite.forEach((count, i) => {
    if (!count) return;
    const cx = x(picture.columns[0]) + ((i % picture.width) + 0.5) * across;
    const cy = y(picture.rows[0]) + (Math.floor(i / picture.width) + 0.5) * down;
    c.moveTo(cx - reach, cy - reach);
    c.lineTo(cx + reach, cy + reach);
    c.moveTo(cx + reach, cy - reach);
    c.lineTo(cx - reach, cy + reach);
  });
  c.stroke();
}

/** A picture of nothing else says so in its middle, as a cell of the map does. */
function allLost(b: Brush, { width, height }: Scene): void {
  b.font(13, '600');
  const half = b.c.measureText('NaN').width / 2 + 10;
  b.c.fillStyle = b.background;
  b.c.fillRect(width / 2 - half, height / 2 - 12, 2 * half, 24);
  b.c.fillStyle = b.error;
  b.text('NaN', width / 2, height / 2 + 1);
}

function figures(c: CanvasRenderingContext2D, scene: Scene, palette: Palette, x: Place, y: Place): void {
  const { picture, shown, view, width, height } = scene;
  const [row0, row1] = picture.rows;
  const [column0, column1] = picture.columns;
  const single = row1 - row0 === picture.height && column1 - column0 === picture.width;
  if (!single || width / view.columns < PRINTED[0] || height / view.rows < PRINTED[1]) return;
  c.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  c.textAlign = 'center';
  c.textBaseline = 'middle';
  for (let row = row0; row < row1; row++) {
    for (let column = column0; column < column1; column++) {
      const value = shown[(row - row0) * picture.width + column - column0] ?? NaN;
      const text = Number.isNaN(value) ? 'NaN' : cell(value);
      // cut figures mislead: the reading below tells what does not fit
      if (c.measureText(text).width > width / view.columns - 2) continue;
      c.fillStyle = inkOn(palette.at(value));
      c.fillText(text, x(column + 0.5), y(row + 0.5));
    }
  }
}

function headLines(c: CanvasRenderingContext2D, scene: Scene, x: Place, y: Place): void {
  const { heads, rows, columns, width, height } = scene;
  // dashes over a line of the background: visible on every colour of the scale
  for (const [colour, dash] of [
    ['var(--vscode-editor-background)', []],
    ['var(--vscode-foreground)', [3, 3]],
  ] as const) {
    c.strokeStyle = css(rgb(colour));
    c.setLineDash([...dash]);
    c.lineWidth = 1;
    c.beginPath();
    for (let i = 1; i < evenHeads(rows, heads.rows); i++) {
      const at = Math.round(y((i * rows) / heads.rows)) + 0.5;
      c.moveTo(0, at);
      c.lineTo(width, at);
    }
    for (let i = 1; i < evenHeads(columns, heads.columns); i++) {
      const at = Math.round(x((i * columns) / heads.columns)) + 0.5;
      c.moveTo(at, 0);
      c.lineTo(at, height);
    }
    c.stroke();
  }
  c.setLineDash([]);
}

function ring(c: CanvasRenderingContext2D, { isFocused }: Scene, { rows, columns }: Spot, x: Place, y: Place): void {
  const left = x(columns[0]) - 1.5;
  const top = y(rows[0]) - 1.5;
  const across = Math.max(4, x(columns[1]) - x(columns[0]) + 3);
  const down = Math.max(4, y(rows[1]) - y(rows[0]) + 3);
  c.lineWidth = 3;
  c.strokeStyle = css(rgb('var(--vscode-editor-background)'));
  c.strokeRect(left, top, across, down);
  c.lineWidth = 1.5;
  c.strokeStyle = css(rgb(isFocused ? 'var(--vscode-focusBorder)' : 'var(--vscode-foreground)'));
  c.strokeRect(left, top, across, down);
}
