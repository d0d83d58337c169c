/** Any range of stored elements, as numbers and as raw codes. Nothing is rounded but 64-bit integers, whose codes are exact. */
import { codeTable, decodeFloats } from './decode.ts';
import { numberType } from './types.ts';

/** Why the elements of a type cannot be shown one by one, or null. */
export function undecodable(dtype: string): string | null {
  if (!numberType(dtype)) return `${dtype} is not known to this version of Offaxis.`;
  if (numberType(dtype)?.bits === 6)
    return `${dtype} packs four numbers into three bytes, and the format does not say in which order.`;
  return null;
}

/** Numbers an element has: two for complex types. */
export const componentsOf = (dtype: string): 1 | 2 => (numberType(dtype)?.kind === 'complex' ? 2 : 1);

/** Bytes that hold the elements [first, first + count), from `byte` of the tensor on; `skip`: elements of the first byte before them. */
export function byteRange(dtype: string, first: number, count: number): { byte: number; length: number; skip: number } {
  const bits = numberType(dtype)?.bits ?? 8;
  if (bits >= 8) return { byte: (first * bits) / 8, length: (count * bits) / 8, skip: 0 };
  const byte = Math.floor((first * bits) / 8);
  return { byte, length: Math.ceil(((first + count) * bits) / 8) - byte, skip: first - (byte * 8) / bits };
}

/**
 * The raw codes of `count` elements, `skip` elements after the start of `bytes`. F4: the low four bits of a byte come first, as PyTorch
 * packs them. Throws RangeError for types that `undecodable` names.
 */
export function codesOf(dtype: string, bytes: Uint8Array, count: number, skip = 0): BigUint64Array {
  const why = undecodable(dtype);
  if (why !== null) throw new RangeError(why);
  const bits = numberType(dtype)?.bits ?? 8;
  const codes = new BigUint64Array(count);
  if (bits === 4) {
    for (let i = 0; i < count; i++) {
      const at = i + skip;
      codes[i] = BigInt(((bytes[at >> 1] ?? 0) >> (at % 2 ? 4 : 0)) & 15);
    }
    return codes;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) {
    codes[i] =
      bits === 8
        ? BigInt(view.getUint8(i))
        : bits === 16
          ? BigInt(view.getUint16(i * 2, true))
          : bits === 32
            ? BigInt(view.getUint32(i * 4, true))
            : view.getBigUint64(i * 8, true);
  }
  return codes;
}

/**
 * The numbers of `count` elements: Float64Array for F64, 32- and 64-bit integers and complex types (real and imaginary in turn),
 * Float32Array for the rest. 64-bit integers are rounded to float64. Throws RangeError for types that `undecodable` names.
 */
export function numbersOf(dtype: string, bytes: Uint8Array, count: number, skip = 0): Float64Array | Float32Array {
  const why = undecodable(dtype);
  if (why !== null) throw new RangeError(why);
  const kind = numberType(dtype)?.kind;
  if (kind === 'packed') {
    // without the scale of its block
    const table = codeTable(dtype);
    return Float32Array.from(codesOf(dtype, bytes, count, skip), (code) => table?.[Number(code)] ?? NaN);
  }
  if (kind === 'float' || kind === 'scale') return decodeFloats(dtype, bytes);
  if (kind === 'complex') return Float64Array.from(decodeFloats('F32', bytes));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = INTEGERS[dtype];
  if (!read) throw new RangeError(`${dtype} has no decoder.`);
  const bits = numberType(dtype)?.bits ?? 8;
  const values = bits > 16 ? new Float64Array(count) : new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = read(view, (i * bits) / 8);
  return values;
}

const INTEGERS: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  // PyTorch writes 0 and 1; any other byte counts as true, as C has it.
  BOOL: (view, at) => (view.getUint8(at) ? 1 : 0),
  U8: (view, at) => view.getUint8(at),
  I8: (view, at) => view.getInt8(at),
  U16: (view, at) => view.getUint16(at, true),
  I16: (view, at) => view.getInt16(at, true),
  U32: (view, at) => view.getUint32(at, true),
  I32: (view, at) => view.getInt32(at, true),
  U64: (view, at) => Number(view.getBigUint64(at, true)),
  I64: (view, at) => Number(view.getBigInt64(at, true)),
};
