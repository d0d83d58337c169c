/** From codes and scales to values: float32, each rounded once from float64. */
import { decodeFloats, codeTable, isFloating, numbersOf, numberType } from '../../numbers/index.ts';
import { OffaxisError, throwIfAborted } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import type { Decoder, ReadBytes } from './layout.ts';

/** Codes are read in pieces of this size. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** Codes that lie row by row, each row a stream of `bits` a code from the lowest bit of its first byte on. */
export interface CodeRows {
  row: TensorRow;
  columns: number;
  rowBytes: number;
  bits: number;
  /** value of a code, 2^bits of them */
  table: ArrayLike<number>;
  /** place in the stream of the code of a column, in groups of its length; in order if absent */
  order?: readonly number[];
}

/** One factor for each block of `blockRows` x `blockColumns` codes; `planes` stacks of `rows` rows follow one another. */
export interface ScaleGrid {
  /** of one plane of codes */
  rows: number;
  blockRows: number;
  blockColumns: number;
  /** of one plane of scales; the planes share one if `shared` */
  scaleRows: number;
  scaleColumns: number;
  shared: boolean;
  /** the scales of some rows of the grid, counted over all planes */
  scales(first: number, count: number, signal?: AbortSignal): Promise<ArrayLike<number>>;
  /** subtracted from a code before it is multiplied */
  zeros?(first: number, count: number, signal?: AbortSignal): Promise<ArrayLike<number>>;
  /** added to the product */
  offsets?(first: number, count: number, signal?: AbortSignal): Promise<ArrayLike<number>>;
  /** the column of the grid of each column of codes, if not by blocks */
  columnGroups?(signal?: AbortSignal): Promise<ArrayLike<number>>;
}

/** Value = (code - zero) * scale + offset. */
export function rowDecoder(read: ReadBytes, codes: CodeRows, grid: ScaleGrid): Decoder {
  const { row, columns, rowBytes, bits, table } = codes;
  const mask = 2 ** bits - 1;
  const place = codes.order;
  const scaleRowOf = (at: number): number => {
    const plane = grid.shared ? 0 : Math.floor(at / grid.rows);
    return plane * grid.scaleRows + Math.floor((at % grid.rows) / grid.blockRows);
  };
  return {
    async decode(first, target, signal) {
      const end = first + target.length;
      const groups = await grid.columnGroups?.(signal);
      if (groups) checkGroups(row, groups, grid.scaleColumns);
      const atOnce = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, rowBytes)));
      const lastRow = Math.floor((end - 1) / columns);
      for (let from = Math.floor(first / columns); from <= lastRow; from += atOnce) {
        const to = Math.min(lastRow, from + atOnce - 1);
        throwIfAborted(signal);
        const bytes = new Uint8Array((to - from + 1) * rowBytes);
        await read(row, from * rowBytes, bytes, signal);
        // Planes that share their scales go back to the first row of the grid.
        const [low, high] = spanOf(from, to, scaleRowOf, grid);
        const scales = await grid.scales(low, high - low + 1, signal);
        const zeros = await grid.zeros?.(low, high - low + 1, signal);
        const offsets = await grid.offsets?.(low, high - low + 1, signal);
        for (let at = from; at <= to; at++) {
          const base = (scaleRowOf(at) - low) * grid.scaleColumns;
          const start = Math.max(0, first - at * columns);
          const stop = Math.min(columns, end - at * columns);
          const out = at * columns - first;
          const bit0 = (at - from) * rowBytes * 8;
          for (let column = start; column < stop; column++) {
            const group = groups ? (groups[column] as number) : Math.floor(column / grid.blockColumns);
            const index = base + group;
            const slot = place ? column - (column % place.length) + (place[column % place.length] as number) : column;
            const bit = bit0 + slot * bits;
            const byte = bit >> 3;
            const word = (bytes[byte] as number) | ((bytes[byte + 1] ?? 0) << 8);
            let value = table[(word >> (bit & 7)) & mask] as number;
            if (zeros) value -= zeros[index] as number;
            value *= scales[index] as number;
            if (offsets) value += offsets[index] as number;
            target[out + column] = value;
          }
        }
      }
    },
  };
}

function spanOf(
  from: number,
  to: number,
  scaleRowOf: (row: number) => number,
  { shared, scaleRows, rows }: ScaleGrid,
): [low: number, high: number] {
  if (shared && Math.floor(from / rows) !== Math.floor(to / rows)) return [0, scaleRows - 1];
  return [scaleRowOf(from), scaleRowOf(to)];
}

export function checkGroups({ name, file }: TensorRow, groups: ArrayLike<number>, count: number): void {
  for (const group of Array.from(groups)) {
    if (group >= 0 && group < count) continue;
    throw new OffaxisError(
      'bad-file',
      say`Tensor ${JSON.stringify(name)} of ${file}: its g_idx names group ${group} of ${count}. It was written wrongly; download it again.`,
    );
  }
}

/**
 * Elements of a side tensor as numbers. Bytes of a type without a sign and a name for floats (U8) that are exponents: `exponents`.
 * Throws read-failed, cancelled.
 */
export async function numbersFrom(
  read: ReadBytes,
  row: TensorRow,
  first: number,
  count: number,
  { exponents = false, signal }: { exponents?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<Float64Array | Float32Array> {
  const type = exponents && row.dtype === 'U8' ? 'F8_E8M0' : row.dtype;
  const width = (numberType(type)?.bits ?? 32) / 8;
  const bytes = new Uint8Array(count * width);
  await read(row, first * width, bytes, signal);
  return isFloating(type) || type === 'F8_E8M0' ? decodeFloats(type, bytes) : numbersOf(type, bytes, count);
}
/** Codes 0 … 2^bits - 1 less `zero`. */
export function unsignedTable(bits: number, zero = 0): Float64Array {
  return Float64Array.from({ length: 2 ** bits }, (_, code) => code - zero);
}
/** Two's complement of 8 bits. */
export const SIGNED_BYTES = Float64Array.from({ length: 256 }, (_, code) => (code < 128 ? code : code - 256));
/** The 16 values of E2M1. */
export const E2M1 = codeTable('F4') as Float32Array;
