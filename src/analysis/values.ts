/** A rectangle of a tensor's values, read by range: never more of the file than it needs. */
import { byteRange, codesOf, componentsOf, numbersOf, undecodable } from '../formats/index.ts';
import type { Checkpoint } from '../checkpoint/types.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { MAX_VALUES, type Plane, type Rectangle, type ValuesBlock } from '../protocol/matrix.ts';

/** Rows that lie this close are read with what lies between them: one read of 4 MiB is quicker than a hundred small ones. */
const MAX_SPAN_BYTES = 4 * 1024 * 1024;

export interface PlaneShape {
  rows: number;
  columns: number;
  /** elements before the plane */
  start: number;
}

/** The tensor of that name with data to read. Throws bad-parameter, bad-file. */
export function readableTensor(checkpoint: Checkpoint, name: string): TensorRow {
  const row = checkpoint.tensors.get(name);
  if (!row)
    throw new OffaxisError('bad-parameter', `${checkpoint.path} holds no tensor ${JSON.stringify(name)}. Reload it.`);
  if (row.missing || row.offset === null)
    throw new OffaxisError('bad-file', `Tensor ${JSON.stringify(name)}: ${row.file} holds no data for it.`);
  return row;
}

/** The last two axes of a tensor at one index on each axis before them; a vector is one column, a scalar one value. */
export function planeOf(tensor: TensorRow, slice: readonly number[]): PlaneShape {
  const { shape } = tensor;
  const leading = shape.slice(0, -2);
  if (slice.length !== leading.length)
    throw new OffaxisError(
      'bad-parameter',
      `Tensor ${JSON.stringify(tensor.name)} has ${leading.length} axes before its last two, not ${slice.length}.`,
    );
  let plane = 0;
  leading.forEach((side, axis) => {
    const at = slice[axis] ?? 0;
    if (!Number.isInteger(at) || at < 0 || at >= side)
      throw new OffaxisError(
        'bad-parameter',
        `Tensor ${JSON.stringify(tensor.name)}: index ${at} on axis ${axis} is not within 0 to ${side - 1}.`,
      );
    plane = plane * side + at;
  });
  const [rows = 1, columns = 1] = shape.slice(-2);
  return { rows, columns, start: plane * rows * columns };
}

/** Throws bad-parameter where the rectangle leaves the plane or is turned round. */
export function checkRectangle({ rows, columns }: Rectangle, plane: { rows: number; columns: number }): void {
  for (const [[from, to], side, name] of [
    [rows, plane.rows, 'rows'],
    [columns, plane.columns, 'columns'],
  ] as const)
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to > side)
      throw new OffaxisError('bad-parameter', `${name} ${from} to ${to} do not lie within 0 to ${side}.`);
}

/** Throws bad-parameter beyond MAX_VALUES or the tensor, bad-file for types that cannot be decoded, read-failed, cancelled. */
export async function readValues(
  checkpoint: Checkpoint,
  request: Plane & Rectangle,
  signal?: AbortSignal,
): Promise<ValuesBlock> {
  const tensor = readableTensor(checkpoint, request.tensor);
  const why = undecodable(tensor.dtype);
  if (why !== null) throw new OffaxisError('bad-file', `Tensor ${JSON.stringify(tensor.name)}: ${why}`);
  const plane = planeOf(tensor, request.slice);
  checkRectangle(request, plane);
  const [row0, row1] = request.rows;
  const [column0, column1] = request.columns;
  const width = column1 - column0;
  const count = (row1 - row0) * width;
  if (count > MAX_VALUES)
    throw new OffaxisError(
      'bad-parameter',
      `${count} values are more than the ${MAX_VALUES} that are read at once. Ask for fewer rows or columns.`,
    );
  const { dtype } = tensor;
  const components = componentsOf(dtype);
  const block: ValuesBlock = {
    rows: [row0, row1],
    columns: [column0, column1],
    dtype,
    values: new Float64Array(count * components),
    codes: new BigUint64Array(count),
  };
  if (count === 0) return block;
  const first = (row: number): number => plane.start + row * plane.columns + column0;
  // Whole runs of rows at once where they lie close, else row by row.
  const whole = byteRange(dtype, first(row0), first(row1 - 1) + width - first(row0));
  const span = whole.length <= MAX_SPAN_BYTES ? new Uint8Array(whole.length) : null;
  if (span) await checkpoint.read(tensor, whole.byte, span, signal);
  for (let row = row0; row < row1; row++) {
    const range = byteRange(dtype, first(row), width);
    let bytes = span?.slice(range.byte - whole.byte, range.byte - whole.byte + range.length);
    if (!bytes) {
      bytes = new Uint8Array(range.length);
      await checkpoint.read(tensor, range.byte, bytes, signal);
    }
    const at = (row - row0) * width;
    block.values.set(numbersOf(dtype, bytes, width, range.skip), at * components);
    block.codes.set(codesOf(dtype, bytes, width, range.skip), at);
  }
  return block;
}
