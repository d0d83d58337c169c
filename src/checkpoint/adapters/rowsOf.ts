/** The rows of a base's weight in float64, a block at a time: for updates that need to know the whole of it. */
import { castCodes, isMatrixType } from '../../numbers/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import type { Weight } from '../weight.ts';

/** in float64 */
const BLOCK_BYTES = 8 * 1024 * 1024;

/** Rows of `area` of its columns, from the first on. Throws bad-file, read-failed, cancelled. */
export async function* rowsOf(
  base: Weight,
  signal?: AbortSignal,
  columns: readonly [from: number, to: number] = [0, base.columns],
): AsyncGenerator<{ first: number; values: Float64Array }> {
  const { type, rows } = base;
  if (!isMatrixType(type))
    throw new OffaxisError('bad-file', say`${base.name} of type ${base.dtype} can't take an update.`);
  const width = columns[1] - columns[0];
  // A transposed weight is read in one pass over it.
  const step = base.order === 'columns' ? rows : Math.max(1, Math.floor(BLOCK_BYTES / 8 / Math.max(1, width)));
  const bytes = type === 'F64' ? 8 : type === 'F32' ? 4 : 2;
  for (let first = 0; first < rows; first += step) {
    const end = Math.min(rows, first + step);
    const count = (end - first) * width;
    const codes = new Uint8Array(count * bytes);
    await base.readRows({ rows: [first, end], columns }, codes, signal);
    const values = new Float64Array(count);
    castCodes(type, codes, 'F64', new Uint8Array(values.buffer));
    yield { first, values };
  }
}
