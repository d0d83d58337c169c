/**
 * Exact decoding of floating storage types. Every value of the 8- and 16-bit types is a float32, so nothing is rounded; NaN payloads of
 * BF16, F16 and F32 are kept. Data may lie at any offset (header lengths may be odd), so bytes are copied, never aliased.
 */
import { OffaxisError } from '../protocol/errors.ts';
import { isFloating } from './dtypes.ts';

/** Layout of an 8-bit float. `nan`: codes (sign bit cleared) or the one code of the "unsigned zero" kinds that mean NaN. */
interface Float8 {
  exponentBits: number;
  mantissaBits: number;
  bias: number;
  /** "ieee": exponent all ones is infinity or NaN; "fn": only the code of all ones is NaN; "fnuz": only 0x80 is NaN, there is no -0 */
  special: 'ieee' | 'fn' | 'fnuz';
}
const FLOAT8: ReadonlyMap<string, Float8> = new Map([
  ['F8_E5M2', { exponentBits: 5, mantissaBits: 2, bias: 15, special: 'ieee' }],
  ['F8_E4M3', { exponentBits: 4, mantissaBits: 3, bias: 7, special: 'fn' }],
  ['F8_E5M2FNUZ', { exponentBits: 5, mantissaBits: 2, bias: 16, special: 'fnuz' }],
  ['F8_E4M3FNUZ', { exponentBits: 4, mantissaBits: 3, bias: 8, special: 'fnuz' }],
]);

function float8Value(code: number, { exponentBits, mantissaBits, bias, special }: Float8): number {
  const sign = code & 0x80 ? -1 : 1;
  const exponent = (code & 0x7f) >> mantissaBits;
  const mantissa = code & ((1 << mantissaBits) - 1);
  if (special === 'fnuz' && code === 0x80) return NaN;
  if (special === 'fn' && (code & 0x7f) === 0x7f) return NaN;
  if (special === 'ieee' && exponent === (1 << exponentBits) - 1) return mantissa === 0 ? sign * Infinity : NaN;
  const fraction = mantissa / (1 << mantissaBits);
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** The 256 values of an 8-bit type by code, or undefined for another type. F8_E8M0: 2^(code - 127), 255 is NaN. */
export function float8Table(dtype: string): Float32Array | undefined {
  if (dtype === 'F8_E8M0')
    return Float32Array.from({ length: 256 }, (_, code) => (code === 255 ? NaN : 2 ** (code - 127)));
  const layout = FLOAT8.get(dtype);
  return layout && Float32Array.from({ length: 256 }, (_, code) => float8Value(code, layout));
}

/** float32 bits of a half-precision code. */
export function halfToFloatBits(code: number): number {
  const sign = (code & 0x8000) << 16;
  const exponent = (code >> 10) & 0x1f;
  const mantissa = code & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (mantissa << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0;
  if (mantissa === 0) return sign >>> 0;
  // A subnormal half is a normal float: move the leading one up to the hidden place.
  const shift = Math.clz32(mantissa) - 21;
  return (sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13)) >>> 0;
}

/**
 * All elements of `bytes` as numbers: Float64Array for F64, Float32Array for the rest. Throws bad-file for a type that is no float or
 * where the bytes are no whole number of elements.
 */
export function decodeFloats(dtype: string, bytes: Uint8Array): Float64Array | Float32Array {
  const width = dtype === 'F64' ? 8 : dtype === 'F32' ? 4 : dtype === 'F16' || dtype === 'BF16' ? 2 : 1;
  if (!isFloating(dtype) && dtype !== 'F8_E8M0') throw new OffaxisError('bad-file', `${dtype} is not a floating type.`);
  if (bytes.length % width !== 0)
    throw new OffaxisError('bad-file', `${bytes.length} bytes are no whole number of ${dtype} values.`);
  const count = bytes.length / width;
  if (dtype === 'F64') {
    const values = new Float64Array(count);
    new Uint8Array(values.buffer).set(bytes);
    return values;
  }
  const values = new Float32Array(count);
  if (dtype === 'F32') {
    new Uint8Array(values.buffer).set(bytes);
  } else if (width === 2) {
    const codes = new Uint16Array(count);
    new Uint8Array(codes.buffer).set(bytes);
    const words = new Uint32Array(values.buffer);
    if (dtype === 'BF16') for (let i = 0; i < count; i++) words[i] = (codes[i] as number) << 16;
    else for (let i = 0; i < count; i++) words[i] = halfToFloatBits(codes[i] as number);
  } else decodeFloat8(dtype, bytes, values);
  return values;
}

/** 8-bit codes into float32 values, in place of a buffer of their own. */
export function decodeFloat8(dtype: string, codes: Uint8Array, target: Float32Array): void {
  const table = float8Table(dtype);
  if (!table) throw new OffaxisError('bug', `${dtype} is not an 8-bit float.`);
  for (let i = 0; i < codes.length; i++) target[i] = table[codes[i] as number] as number;
}
