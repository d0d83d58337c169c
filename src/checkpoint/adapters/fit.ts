/** Where in a module's update the rows of a weight lie, and whether the two have one shape. */
import type { TensorRow } from '../../protocol/engine.ts';
import { rowStart } from '../strided.ts';
import type { MatrixView } from '../types.ts';
import type { ModuleUpdate } from './updates.ts';

/** [out, in] of a stored tensor. */
function sides({ shape, transposed }: TensorRow): [out: number, inside: number] {
  const [first = 0, second = 0] = shape;
  return transposed ? [second, first] : [first, second];
}

export function fitsShape(row: TensorRow, update: ModuleUpdate): boolean {
  const [out, inside] = sides(row);
  return row.shape.length === 2 && (update.out ?? out) === out && (update.in ?? inside) === inside;
}

export function wrongShape(row: TensorRow, { out, in: inside }: ModuleUpdate): string {
  return `the adapter was made for [${out ?? 'any'}, ${inside ?? 'any'}], and the base's weight is [${row.shape.join(', ')}]`;
}

/** The module's output that row i of a part of its weight is. */
export function outOf(row: TensorRow, view: MatrixView): (at: number) => number {
  const stride = row.transposed ? 1 : (row.shape[1] ?? 1);
  return (at) => rowStart(view, at) / stride;
}
