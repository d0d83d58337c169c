/** A range of layers that is picked on the profile of a heatmap, by pointer or by keys. Pure. */
import type { LayerRange } from './heatmap-geometry.ts';

/** Of two rows, in either order; both ends are held within the rows. Null if there are none. */
export function spanned(layers: readonly number[], a: number, b: number): LayerRange | null {
  const last = layers.length - 1;
  const at = (row: number): number | undefined => layers[Math.max(0, Math.min(last, row))];
  const [from, to] = [at(Math.min(a, b)), at(Math.max(a, b))];
  return from === undefined || to === undefined ? null : { from, to };
}
/** The rows of a range whose ends need not exist; null if it holds no row. */
export function rowsOf(layers: readonly number[], range: LayerRange): [number, number] | null {
  const first = layers.findIndex((layer) => layer >= range.from);
  const last = layers.findLastIndex((layer) => layer <= range.to);
  return first < 0 || last < first ? null : [first, last];
}
/**
 * An arrow key: it moves the range by a row; one that `isGrowing`, with Shift, moves its lower end alone. Without a range the first row, or
 * upwards the last one, is picked.
 */
export function stepped(
  layers: readonly number[],
  range: LayerRange | null,
  by: 1 | -1,
  isGrowing: boolean,
): LayerRange | null {
  const rows = range && rowsOf(layers, range);
  if (!rows) return spanned(layers, by > 0 ? 0 : layers.length - 1, by > 0 ? 0 : layers.length - 1);
  const [first, last] = rows;
  if (isGrowing) return spanned(layers, first, Math.max(first, last + by));
  if (first + by < 0 || last + by > layers.length - 1) return spanned(layers, first, last);
  return spanned(layers, first + by, last + by);
}
export const isInRange = (layer: number, range: LayerRange | null): boolean =>
  !range || (layer >= range.from && layer <= range.to);
