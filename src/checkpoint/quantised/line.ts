/** Codes that lie in one line over all rows of a weight, with a factor for every so many of them. */
import type { TensorRow } from '../../protocol/engine.ts';
import { throwIfAborted } from '../../protocol/errors.ts';
import { numbersFrom } from './decode.ts';
import type { Decoder, ReadBytes } from './layout.ts';

/** even, so that a piece begins with a whole byte */
const PIECE = 4 * 1024 * 1024;

export interface CodeLine {
  row: TensorRow;
  map: TensorRow;
  absmax: TensorRow;
  /** codes a factor */
  block: number;
  /** the factors are codes themselves: book[code] * factor of its block + offset */
  nested: { factor: TensorRow; book: TensorRow; block: number; offset: number } | null;
}

/** Value = map[code] * absmax of its block, each in float32 as the library has it. */
export function codesInLine(read: ReadBytes, { row, map, absmax, block, nested }: CodeLine): Decoder {
  const factorsOf = async (first: number, count: number, signal?: AbortSignal): Promise<ArrayLike<number>> => {
    const codes = await numbersFrom(read, absmax, first, count, { signal });
    if (!nested) return codes;
    const low = Math.floor(first / nested.block);
    const high = Math.floor((first + count - 1) / nested.block);
    const book = await numbersFrom(read, nested.book, 0, 256, { signal });
    const factors = await numbersFrom(read, nested.factor, low, high - low + 1, { signal });
    return Float32Array.from(codes, (code, i) => {
      const factor = factors[Math.floor((first + i) / nested.block) - low] as number;
      return Math.fround(Math.fround((book[code] as number) * factor) + Math.fround(nested.offset));
    });
  };
  return {
    async decode(first, target, signal) {
      const values = await numbersFrom(read, map, 0, 16, { signal });
      const end = first + target.length;
      for (let from = first - (first % 2); from < end; from += PIECE) {
        throwIfAborted(signal);
        const to = Math.min(end, from + PIECE);
        const bytes = new Uint8Array(Math.ceil((to - from) / 2));
        await read(row, from / 2, bytes, signal);
        const low = Math.floor(from / block);
        const factors = await factorsOf(low, Math.floor((to - 1) / block) - low + 1, signal);
        for (let at = Math.max(first, from); at < to; at++) {
          const byte = bytes[(at - from) >> 1] as number;
          const code = at % 2 === 0 ? byte >> 4 : byte & 15;
          target[at - first] = (values[code] as number) * (factors[Math.floor(at / block) - low] as number);
        }
      }
    },
  };
}
