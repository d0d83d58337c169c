/** Where in a module's update the rows of a weight lie, and whether the two have one shape. */
import type { TensorRow } from '../../protocol/engine.ts';
import { isStack } from '../rows.ts';
import type { Checkpoint, MatrixView } from '../types.ts';
import { matrixViews } from '../views.ts';
import type { Weight } from '../weight.ts';
import { flatWeight, weightOf } from '../weights.ts';
import type { ModuleUpdate } from './updates.ts';
import { elementCount } from '../../protocol/lists.ts';

/** A tensor as the module that keeps it computes with it. */
interface Sides {
  /** of a stack, one [out, in] for each; null of anything else */
  experts: number | null;
  out: number;
  in: number;
  /** of a stack: stored [in, out] */
  turned: boolean;
}

/** [out, in]: of a convolution all but the first axis together, of a vector one number a row, of a stack those of one expert. */
export function sidesOf({ config, family }: Checkpoint, row: TensorRow): Sides {
  const [first = 1, second = 1, third = 1] = row.shape;
  if (isStack(row)) {
    const turned = (matrixViews(row, config, family)[0]?.columnStride ?? 1) !== 1;
    return { experts: first, out: turned ? third : second, in: turned ? second : third, turned };
  }
  const rest = elementCount(row.shape.slice(1));
  const [out, inside] = row.transposed ? [rest, first] : [first, rest];
  return { experts: null, out, in: inside, turned: false };
}

export function fitsShape(checkpoint: Checkpoint, row: TensorRow, update: ModuleUpdate): boolean {
  const sides = sidesOf(checkpoint, row);
  return (
    update.experts === sides.experts && (update.out ?? sides.out) === sides.out && (update.in ?? sides.in) === sides.in
  );
}

export function wrongShape(row: Pick<TensorRow, 'shape'>, { experts, out, in: inside }: ModuleUpdate): string {
  const made = [...(experts === null ? [] : [experts]), out ?? 'any', inside ?? 'any'];
  return `the adapter was made for [${made.join(', ')}], and the base's weight is [${row.shape.join(', ')}]`;
}

/** Where a weight lies in the tensor that a module keeps. */
export interface AdaptedPlace {
  /** inputs of the module: rows of its update have this length, whatever rows the weight is read in */
  inside: number;
  /** The module's output that row i of the weight is; of stacks counted through all experts. */
  output: (at: number) => number;
  /** the module's weight as a whole, [out, in]; a stack as it lies */
  whole: () => Weight;
}

/** `view`: of the weight in the tensor. */
export function placeOf(checkpoint: Checkpoint, row: TensorRow, view: MatrixView): AdaptedPlace {
  const sides = sidesOf(checkpoint, row);
  const { start, rowStride, rowBlock, expert } = view;
  const offset = (at: number): number =>
    rowBlock
      ? start + Math.floor(at / rowBlock.size) * rowBlock.stride + (at % rowBlock.size) * rowStride
      : start + at * rowStride;
  if (sides.experts === null) {
    const stride = row.transposed ? 1 : sides.in;
    const { name, layer, module } = row;
    const strides = row.transposed
      ? { rowStride: 1, columnStride: sides.out }
      : { rowStride: sides.in, columnStride: 1 };
    const whole = { name, layer, module, expert: null, rows: sides.out, columns: sides.in, start: 0, ...strides };
    return { inside: sides.in, output: (at) => offset(at) / stride, whole: () => weightOf(checkpoint, row, whole) };
  }
  const before = (expert ?? 0) * sides.out;
  return {
    inside: sides.in,
    output: (at) => (sides.turned ? before + offset(at) - before * sides.in : offset(at) / sides.in),
    whole: () => flatWeight(checkpoint, row),
  };
}

/** The same of a matrix inside a tensor that is all of the module's weight. */
export function placeOfPart(checkpoint: Checkpoint, row: TensorRow, view: MatrixView): AdaptedPlace {
  return { inside: view.columns, output: (at) => at, whole: () => weightOf(checkpoint, row, view) };
}
