/** The factors of an update as numbers, and products of two by rows. */
import { castCodes, isMatrixType } from '../../numbers/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { readMatrix } from '../read.ts';
import type { Checkpoint } from '../types.ts';
import { wholeWeight } from '../weights.ts';

/** Changes one whole row of W0 (`row` of its outputs; of stacked experts counted through all of them), in place. */
export type RowUpdate = (row: number, values: Float64Array) => void;

/** [rows, columns] in float64; of more axes than two the first one against the rest. */
export interface Factor {
  rows: number;
  columns: number;
  values: Float64Array;
}
export type Factors = ReadonlyMap<string, Factor>;

/** Throws bad-file for what is not numbers, or holds NaN or infinity: nothing that it is multiplied with would be a weight. */
export async function readFactor(checkpoint: Checkpoint, row: TensorRow, signal?: AbortSignal): Promise<Factor> {
  const weight = wholeWeight(checkpoint, row);
  if (!isMatrixType(weight.type))
    throw new OffaxisError('bad-file', say`Tensor ${JSON.stringify(row.name)} of type ${row.dtype} is not a factor.`);
  const values = new Float64Array(weight.count);
  castCodes(weight.type, await readMatrix(weight, signal), 'F64', new Uint8Array(values.buffer));
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0)
    throw new OffaxisError(
      'bad-file',
      say`Tensor ${JSON.stringify(row.name)} (${row.file}) holds ${values[broken] ?? ''}: the update that it is a factor of is no number. Save the adapter again.`,
    );
  const rows = row.shape[0] ?? 1;
  return { rows, columns: rows === 0 ? 0 : values.length / rows, values };
}

export function need(factors: Factors, name: string): Factor {
  const factor = factors.get(name);
  if (!factor) throw new OffaxisError('bug', `The factor ${name} was not read.`);
  return factor;
}

export function transposed({ rows, columns, values }: Factor): Factor {
  const turned = new Float64Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) turned[j * rows + i] = values[i * columns + j] as number;
  return { rows: columns, columns: rows, values: turned };
}

/** Row `row` of left * right, into `target`, which may be shorter than the rows of `right`. */
export function productRow(left: Factor, right: Factor, row: number, target: Float64Array): void {
  target.fill(0);
  for (let k = 0; k < left.columns; k++) {
    const weight = left.values[row * left.columns + k] as number;
    const start = k * right.columns;
    for (let j = 0; j < target.length; j++)
      target[j] = (target[j] as number) + weight * (right.values[start + j] as number);
  }
}

export function product(left: Factor, right: Factor): Factor {
  const values = new Float64Array(left.rows * right.columns);
  for (let row = 0; row < left.rows; row++)
    productRow(left, right, row, values.subarray(row * right.columns, (row + 1) * right.columns));
  return { rows: left.rows, columns: right.columns, values };
}

/** W0 + s left right. */
export function added(left: Factor, right: Factor, scale: number): RowUpdate {
  let update = new Float64Array(0);
  return (row, values) => {
    if (update.length !== values.length) update = new Float64Array(values.length);
    productRow(left, right, row, update);
    for (let j = 0; j < values.length; j++) values[j] = (values[j] as number) + scale * (update[j] as number);
  };
}
