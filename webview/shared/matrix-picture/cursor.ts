/** Where a key moves the cursor of a picture: to the next pixel, or to the next weight if each has its own. */
import type { Spot } from './figures.ts';
import type { Viewport } from './viewport.ts';

export interface Cursor {
  row: number;
  column: number;
}
/** Pixels down and to the right, by key. */
export const STEPS: ReadonlyMap<string, readonly [down: number, right: number]> = new Map([
  ['ArrowUp', [-1, 0]],
  ['ArrowDown', [1, 0]],
  ['ArrowLeft', [0, -1]],
  ['ArrowRight', [0, 1]],
  ['PageUp', [-10, 0]],
  ['PageDown', [10, 0]],
  ['Home', [0, -Infinity]],
  ['End', [0, Infinity]],
]);

/** `spot`: the weights that the pixel at the cursor covers. A first step sets the cursor to the first weight on show. */
export function stepped(
  cursor: Cursor | null,
  spot: Spot | null,
  by: { down: number; right: number },
  view: Viewport,
  { rows, columns }: { rows: number; columns: number },
): Cursor {
  if (!cursor) return { row: Math.floor(view.row), column: Math.floor(view.column) };
  const move = (at: number, covered: [number, number] | undefined, steps: number, side: number): number => {
    const size = covered ? covered[1] - covered[0] : 1;
    const next =
      steps > 0 ? (covered?.[1] ?? at + 1) + (steps - 1) * size : steps < 0 ? (covered?.[0] ?? at) + steps * size : at;
    return Math.max(0, Math.min(side - 1, next));
  };
  return {
    row: move(cursor.row, spot?.rows, by.down, rows),
    column: move(cursor.column, spot?.columns, by.right, columns),
  };
}
