/** How one cell of a heatmap is drawn: a fill with its value, or a state that has a sign of its own. Nothing is told by colour alone. */
import { cell as cellText } from './format.ts';
import type { CellValue, Panel } from './heatmap-geometry.ts';
import { colourOf, isBeyond, toUnit, type Scale } from './heatmap-scale.ts';
import type { Brush } from './heatmap-paint.ts';
import { css, inkOn, type Rgb } from './scales.ts';

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
/** Of a cell whose value lies beyond its scale. */
const CORNER = 7;
/** Least sizes of a cell with a value, and of one that says the largest of several too. */
const LEAST_HEIGHT = 13;
const WIDE = { width: 62, height: 15 };
/** Of the outline's colour, for a cell that is there and empty. */
const FAINT = 0.16;
/** Of the right edge, for the largest of several. */
const EDGE = 5;
/** Fills are told apart in so many steps of a ramp. */
const STEPS = 250;

export const wordsOf = (panel: Panel, value: number): string => panel.text?.(value) ?? cellText(value);

/** Colours of one scale, each mixed once a pass. */
export class Fills {
  private readonly known = new Map<number, { fill: string; ink: string }>();
  constructor(readonly scale: Scale) {}
  of(value: number): { fill: string; ink: string } {
    const step = Math.round(Math.max(-1, Math.min(1, toUnit(this.scale, value))) * STEPS);
    let found = this.known.get(step);
    if (!found) {
      const colour: Rgb = colourOf(this.scale, value);
      this.known.set(step, (found = { fill: css(colour), ink: inkOn(colour) }));
    }
    return found;
  }
}

export function paintCell(b: Brush, box: Box, cell: CellValue, panel: Panel, fills: Fills): void {
  b.c.lineWidth = 1;
  switch (cell.status) {
    case 'absent':
      return sign(b, box, '–', b.quiet);
    case 'untouched':
      return faint(b, box);
    case 'same':
      faint(b, box);
      return sign(b, box, '=', b.quiet);
    case 'pending':
      return outline(b, box, b.outline, [1, 2]);
    case 'reshaped':
      outline(b, box, b.quiet, [3, 2]);
      return sign(b, box, '≠', b.foreground);
    case 'nan':
      outline(b, box, b.error);
      return sign(b, box, 'NaN', b.error, '600');
    case 'failed':
      hatch(b, box, b.error, 0.45, 6);
      outline(b, box, b.error);
      return sign(b, box, '!', b.error, '600');
    case 'done':
      if (cell.value !== null) return paintValue(b, box, cell, cell.value, panel, fills);
      outline(b, box, b.rule);
      return sign(b, box, 'n/a', b.quiet);
  }
}

function paintValue(b: Brush, box: Box, cell: CellValue, value: number, panel: Panel, fills: Fills): void {
  const { c } = b;
  const { x, y, width, height } = box;
  const { fill, ink } = fills.of(value);
  c.fillStyle = fill;
  c.fillRect(x, y, width, height);
  if (cell.isSmall) hatch(b, box, b.background, 0.8, 6, 2);
  if (cell.most != null && width > 3 * EDGE) {
    c.fillStyle = b.background;
    c.fillRect(x + width - EDGE - 1, y, 1, height);
    c.fillStyle = fills.of(cell.most).fill;
    c.fillRect(x + width - EDGE, y, EDGE, height);
  }
  c.fillStyle = ink;
  if (isBeyond(panel.scale, value)) corner(b, box);
  if (cell.isBelow && width > 10) c.fillRect(x + 3, y + height / 2 - 3.5, 2, 7);
  if (height + 1 < LEAST_HEIGHT) return;
  b.font(11);
  const from = x + (cell.isBelow ? 6 : 0);
  const room = x + width - (cell.most == null ? 0 : EDGE + 1) - from;
  const own = wordsOf(panel, value) + (cell.mark ? ` ${cell.mark}` : '');
  const both = cell.most == null ? null : `${own}  ↑${wordsOf(panel, cell.most)}`;
  const isWide = both !== null && width + 1 >= WIDE.width && height + 1 >= WIDE.height;
  const text = isWide && b.c.measureText(both).width <= room ? both : fittingNumber(b, own, room);
  if (text === null) return;
  const middle = from + room / 2;
  if (cell.isSmall) {
    const half = b.c.measureText(text).width / 2 + 3;
    c.fillStyle = b.background;
    c.fillRect(middle - half, y + height / 2 - 6.5, 2 * half, 13);
    c.fillStyle = b.foreground;
  }
  b.text(text, middle, y + height / 2 + 0.5);
}
/** A number as it fits: without its leading zero, or null. */
export function fittingNumber(b: Brush, text: string, room: number): string | null {
  if (b.c.measureText(text).width <= room) return text;
  const short = text.replace(/^0\./, '.').replace(/\.0$/, '');
  return short !== text && b.c.measureText(short).width <= room ? short : null;
}

function sign(b: Brush, { x, y, width, height }: Box, text: string, colour: string, weight = ''): void {
  b.font(Math.min(11, height), weight);
  if (width < b.c.measureText(text).width + 2 || height < 10) return;
  b.c.fillStyle = colour;
  b.text(text, x + width / 2, y + height / 2 + 0.5);
}
function faint(b: Brush, { x, y, width, height }: Box): void {
  b.c.fillStyle = b.outline;
  b.c.globalAlpha *= FAINT;
  b.c.fillRect(x, y, width, height);
  b.c.globalAlpha /= FAINT;
}
function outline(b: Brush, { x, y, width, height }: Box, colour: string, dash: readonly number[] = []): void {
  b.c.setLineDash([...dash]);
  b.c.strokeStyle = colour;
  b.c.strokeRect(x + 0.5, y + 0.5, Math.max(0, width - 1), Math.max(0, height - 1));
  b.c.setLineDash([]);
}
function corner({ c }: Brush, { x, y, width, height }: Box): void {
  const side = Math.min(CORNER, width, height);
  c.beginPath();
  c.moveTo(x + width - side, y);
  c.lineTo(x + width, y);
  c.lineTo(x + width, y + side);
  c.fill();
}
/** Lines from bottom left to top right over the box. */
function hatch(b: Brush, { x, y, width, height }: Box, colour: string, alpha: number, step: number, line = 1): void {
  const { c } = b;
  c.save();
  c.beginPath();
  c.rect(x, y, width, height);
  c.clip();
  c.strokeStyle = colour;
  c.lineWidth = line;
  c.globalAlpha *= alpha;
  c.beginPath();
  for (let k = -height; k < width; k += step) {
    c.moveTo(x + k, y + height);
    c.lineTo(x + k + height, y);
  }
  c.stroke();
  c.restore();
}
