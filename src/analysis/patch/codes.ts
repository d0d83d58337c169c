/** Tensors as runs of codes, and where two runs differ: bit by bit, in any type. */
import { readChunks, storedTensor, type Checkpoint, type RowSource } from '../../checkpoint/index.ts';
import { numberType } from '../../numbers/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { OffaxisError } from '../../protocol/errors.ts';

/** Several elements share a byte, or nothing is known of the type. */
export const isBytes = (dtype: string): boolean => (numberType(dtype)?.bits ?? 1) % 8 !== 0;

/** Bytes of an element that a patch sets: of the type, or one if several elements share a byte. */
export function widthOf(dtype: string): number {
  return isBytes(dtype) ? 1 : (numberType(dtype)?.bits ?? 8) / 8;
}

/** All of a tensor in the order of its storage. */
export function runOf(checkpoint: Checkpoint, row: TensorRow): RowSource {
  const width = widthOf(row.dtype);
  const entry = storedTensor(checkpoint, row).entries[0];
  if (!entry) throw new OffaxisError('bug', `${row.name} is in no file.`);
  const columns = row.sizeBytes / width;
  return {
    ...{ name: row.name, rows: 1, columns, order: 'rows', type: isBytes(row.dtype) ? 'U8' : row.dtype },
    readRows: ({ columns: [first] }, target, signal) => entry.read(first * width, target, signal),
  };
}

/** Elements a chunk: two chunks of two sides, 8 bytes each at most, are 32 MiB. */
export const CHUNK = 1024 * 1024;

/** Two runs of equal length side by side. `first`: number of the first element of the chunk. */
export async function* chunksOf(
  base: RowSource,
  tuned: RowSource,
  signal: AbortSignal,
): AsyncGenerator<{ first: number; base: Uint8Array; tuned: Uint8Array }, void, undefined> {
  const read = { weights: CHUNK, signal };
  const others = readChunks(tuned, read)[Symbol.asyncIterator]();
  for await (const { first, data } of readChunks(base, read)) {
    const other = await others.next();
    if (other.done || other.value.data.length !== data.length)
      throw new OffaxisError('bug', `${tuned.name}: its base has another length.`);
    yield { first, base: data, tuned: other.value.data };
  }
}

/** Calls `found` with the number of every element of `width` bytes whose bits differ, in order. Returns how many. */
export function eachChange(
  width: number,
  base: Uint8Array,
  tuned: Uint8Array,
  found: (index: number) => void = () => undefined,
): number {
  if (Buffer.compare(base, tuned) === 0) return 0;
  const [a, b] = [wordsOf(width, base), wordsOf(width, tuned)];
  const words = Math.max(1, width / 4);
  let count = 0;
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    found(Math.floor(i / words));
    count++;
    // the second half of an element that has been found
    if (words === 2) i |= 1;
  }
  return count;
}

function wordsOf(width: number, data: Uint8Array): Uint8Array | Uint16Array | Uint32Array {
  const { buffer, byteOffset, length } = data;
  if (width === 1) return data;
  if (width === 2) return new Uint16Array(buffer, byteOffset, length / 2);
  return new Uint32Array(buffer, byteOffset, length / 4);
}
