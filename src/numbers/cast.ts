/** Casting codes from one floating type to another, to the nearest value, ties to even. */
import { decodeCodes, encodeCodes, halfToFloatBits } from './decode.ts';
import { Grid } from './grid.ts';
import { bytesOf, isByteFloat, type FloatName, type MatrixType } from './types.ts';

/** The type in which a backend takes weights of a floating type: 8-bit ones are decoded to F32. */
export function carrierOf(type: FloatName): MatrixType {
  return isByteFloat(type) ? 'F32' : (type as MatrixType);
}

/** Half-precision code of a float32 from its bits; beyond 65504 after rounding infinity, NaN stays NaN. */
export function floatToHalfCode(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  // a subnormal half: steps of 2^-24
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return sign;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const below = mantissa >>> shift;
  const rest = mantissa - below * 2 ** shift;
  const half = 2 ** (shift - 1);
  return sign | (rest > half || (rest === half && below % 2 === 1) ? below + 1 : below);
}

/** bf16 code of a float32 from its bits; NaN stays NaN. */
export function floatToBf16Code(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) | 0x40) & 0xffff;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/**
 * Codes of `from` in `data` to the nearest values of `to`, into `target` in its carrier. Returns whether the cast changed any of them; NaN
 * stays NaN. Both hold whole codes and lie aligned; peak: 16 bytes a weight beside them if float64 takes part.
 */
export function castCodes(from: MatrixType, data: Uint8Array, to: FloatName, target: Uint8Array): boolean {
  const count = data.byteLength / bytesOf(from);
  if (from === 'F64' || to === 'F64' || isByteFloat(to)) return castValues(from, data, to, target);
  const wide = from === 'F32' ? new Uint32Array(data.buffer, data.byteOffset, count) : null;
  const narrow = wide ? null : new Uint16Array(data.buffer, data.byteOffset, count);
  const bitsAt = (i: number): number => {
    if (wide) return wide[i] as number;
    const code = (narrow as Uint16Array)[i] as number;
    return from === 'BF16' ? (code << 16) >>> 0 : halfToFloatBits(code);
  };
  if (to === 'F32') {
    const out = new Uint32Array(target.buffer, target.byteOffset, count);
    for (let i = 0; i < count; i++) out[i] = bitsAt(i);
    return false;
  }
  const out = new Uint16Array(target.buffer, target.byteOffset, count);
  let changed = false;
  for (let i = 0; i < count; i++) {
    const bits = bitsAt(i);
    const code = to === 'BF16' ? floatToBf16Code(bits) : floatToHalfCode(bits);
    out[i] = code;
    const back = to === 'BF16' ? (code << 16) >>> 0 : halfToFloatBits(code);
    if (back !== bits && (bits & 0x7fffffff) <= 0x7f800000) changed = true;
  }
  return changed;
}

function castValues(from: MatrixType, data: Uint8Array, to: FloatName, target: Uint8Array): boolean {
  const values = decodeCodes(from, data);
  const grid = to === 'F64' || to === 'F32' ? null : new Grid(to);
  let changed = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const cast = grid ? grid.round(value) : to === 'F32' ? Math.fround(value) : value;
    if (cast !== value && !Number.isNaN(value)) changed = true;
    values[i] = cast;
  }
  target.set(encodeCodes(carrierOf(to), values));
  return changed;
}
