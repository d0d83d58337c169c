/** Which part of a matrix is on show: zoom and pan in units of weights. Numbers only. */
import type { Rectangle } from '../../../src/protocol/matrix.ts';

export interface Viewport {
  row: number;
  column: number;
  rows: number;
  columns: number;
}
type Sides = Pick<Viewport, 'rows' | 'columns'>;
/** Closer than this nothing new is seen. */
const FEWEST = 6;

export const wholeOf = (rows: number, columns: number): Viewport => ({ row: 0, column: 0, rows, columns });
const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

function within(view: Viewport, all: Sides): Viewport {
  const rows = clamp(view.rows, Math.min(FEWEST, all.rows), all.rows);
  const columns = clamp(view.columns, Math.min(FEWEST, all.columns), all.columns);
  const row = clamp(view.row, 0, all.rows - rows);
  const column = clamp(view.column, 0, all.columns - columns);
  return { rows, columns, row, column };
}
/** `factor` above 1 zooms in; the weight at (row, column) stays where it is. */
export function zoom(view: Viewport, factor: number, row: number, column: number, all: Sides): Viewport {
  const rows = clamp(view.rows / factor, Math.min(FEWEST, all.rows), all.rows);
  const columns = clamp(view.columns / factor, Math.min(FEWEST, all.columns), all.columns);
  return within(
    {
      rows,
      columns,
      row: row - ((row - view.row) / view.rows) * rows,
      column: column - ((column - view.column) / view.columns) * columns,
    },
    all,
  );
}
export const pan = (view: Viewport, rows: number, columns: number, all: Sides): Viewport =>
  within({ ...view, row: view.row + rows, column: view.column + columns }, all);
/** Brings a weight into view with the least panning. */
export function reveal(view: Viewport, row: number, column: number, all: Sides): Viewport {
  const shift = (at: number, from: number, size: number): number =>
    at < from ? at - from : at + 1 > from + size ? at + 1 - from - size : 0;
  return pan(view, shift(row, view.row, view.rows), shift(column, view.column, view.columns), all);
}
/** The whole weights that a viewport touches. */
export const rectangleOf = (view: Viewport): Rectangle => ({
  rows: [Math.floor(view.row + 1e-9), Math.ceil(view.row + view.rows - 1e-9)],
  columns: [Math.floor(view.column + 1e-9), Math.ceil(view.column + view.columns - 1e-9)],
});

/** First line of pixel `pixel` if `lines` lines share `pixels` pixels, as the engine divides them. */
export const pixelStart = (pixel: number, lines: number, pixels: number): number =>
  Math.floor((pixel * lines) / pixels);
/** The pixel that covers a line. */
export function pixelOf(line: number, lines: number, pixels: number): number {
  let pixel = Math.min(pixels - 1, Math.floor((line * pixels) / lines));
  while (pixel > 0 && pixelStart(pixel, lines, pixels) > line) pixel--;
  while (pixel < pixels - 1 && pixelStart(pixel + 1, lines, pixels) <= line) pixel++;
  return pixel;
}
