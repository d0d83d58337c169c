/** A rectangle of a tensor's values, read by range: never more of the file than it needs. */
import { byteRange, codesOf, componentsOf, numbersOf, numberType, undecodable } from '../numbers/index.ts';
import { codesPlane, planeWeight, readableTensor, type Checkpoint, type Weight } from '../checkpoint/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import { MAX_VALUES, type Rectangle, type ValuesBlock, type ValuesRequest } from '../protocol/matrix.ts';

/** Rows that lie this close are read with what lies between them: one read of 4 MiB is quicker than a hundred small ones. */
const MAX_SPAN_BYTES = 4 * 1024 * 1024;

/** Throws bad-parameter if the rectangle leaves the plane or is turned round. */
export function checkRectangle({ rows, columns }: Rectangle, plane: { rows: number; columns: number }): void {
  for (const [[from, to], side, name] of [
    [rows, plane.rows, 'rows'],
    [columns, plane.columns, 'columns'],
  ] as const)
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to > side)
      throw new OffaxisError('bad-parameter', say`${name} ${from} to ${to} do not lie within 0 to ${side}.`);
}

/** Throws bad-parameter beyond MAX_VALUES or the tensor, bad-file for types that cannot be decoded, read-failed, cancelled. */
export async function readValues(
  checkpoint: Checkpoint,
  request: ValuesRequest,
  signal?: AbortSignal,
): Promise<ValuesBlock> {
  const planeAt = request.codes ? codesPlane : planeWeight;
  const plane = planeAt(checkpoint, readableTensor(checkpoint, request.tensor), request.slice);
  return valuesOf(plane, request, signal);
}

/** The same of a weight, whatever its kind. */
export async function valuesOf(weight: Weight, request: Rectangle, signal?: AbortSignal): Promise<ValuesBlock> {
  const { tensor, type, stored } = weight;
  const dtype = stored ? weight.dtype : type;
  const why = undecodable(dtype);
  if (why !== null) throw new OffaxisError('bad-file', say`Tensor ${JSON.stringify(tensor)}: ${why}`);
  checkRectangle(request, weight);
  const [row0, row1] = request.rows;
  const [column0, column1] = request.columns;
  const width = column1 - column0;
  const count = (row1 - row0) * width;
  if (count > MAX_VALUES)
    throw new OffaxisError(
      'bad-parameter',
      say`${count} values are more than the ${MAX_VALUES} that are read at once. Ask for fewer rows or columns.`,
    );
  const components = componentsOf(dtype);
  const block: ValuesBlock = {
    rows: [row0, row1],
    columns: [column0, column1],
    dtype,
    values: new Float64Array(count * components),
    codes: new BigUint64Array(count),
  };
  if (count === 0) return block;
  if (!stored) {
    // Computed from several numbers: its values have no codes of their own.
    const bytes = new Uint8Array((count * (numberType(type)?.bits ?? 0)) / 8);
    await weight.readRows(request, bytes, signal);
    return { ...block, values: Float64Array.from(numbersOf(type, bytes, count)), codes: new BigUint64Array(0) };
  }
  const { entry } = stored;
  const first = (row: number): number => stored.first + row * weight.columns + column0;
  // Whole runs of rows at once if they lie close, else row by row.
  const whole = byteRange(dtype, first(row0), first(row1 - 1) + width - first(row0));
  const span = whole.length <= MAX_SPAN_BYTES ? new Uint8Array(whole.length) : null;
  if (span) await entry.read(whole.byte, span, signal);
  for (let row = row0; row < row1; row++) {
    const range = byteRange(dtype, first(row), width);
    let bytes = span?.slice(range.byte - whole.byte, range.byte - whole.byte + range.length);
    if (!bytes) {
      bytes = new Uint8Array(range.length);
      await entry.read(range.byte, bytes, signal);
    }
    const at = (row - row0) * width;
    block.values.set(numbersOf(dtype, bytes, width, range.skip), at * components);
    block.codes.set(codesOf(dtype, bytes, width, range.skip), at);
  }
  return block;
}
