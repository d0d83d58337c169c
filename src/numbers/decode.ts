/**
 * Exact decoding of floating storage types. Every value of the types of 16 bits and fewer is a float32, so nothing is rounded; NaN
 * payloads of BF16, F16 and F32 are kept. Data may lie at any offset (header lengths may be odd), so bytes are copied, never aliased.
 * Little-endian hosts only, as every platform that VS Code ships for.
 */
import { isFloating, numberType, type FloatLayout, type MatrixType } from './types.ts';

/** The value of a code of a float of at most 32 bits, by the definition of its layout. */
export function codeValue(code: number, { exponentBits, mantissaBits, bias, special }: FloatLayout): number {
  if (special === 'scale') return code === 2 ** exponentBits - 1 ? NaN : 2 ** (code - bias);
  const magnitudeCodes = 2 ** (exponentBits + mantissaBits);
  const sign = code >= magnitudeCodes ? -1 : 1;
  const magnitude = code % magnitudeCodes;
  const exponent = Math.floor(magnitude / 2 ** mantissaBits);
  const mantissa = magnitude % 2 ** mantissaBits;
  if (special === 'fnuz' && code === magnitudeCodes) return NaN;
  if (special === 'fn' && magnitude === magnitudeCodes - 1) return NaN;
  if (special === 'ieee' && exponent === 2 ** exponentBits - 1) return mantissa === 0 ? sign * Infinity : NaN;
  const fraction = mantissa / 2 ** mantissaBits;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** The values of a float or scale of at most 8 bits by code, 2^bits of them; undefined for another type. */
export function codeTable(name: string): Float32Array | undefined {
  const type = numberType(name);
  const layout = type?.float;
  if (!layout || type.bits > 8) return undefined;
  return Float32Array.from({ length: 2 ** type.bits }, (_, code) => codeValue(code, layout));
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
 * All elements of `bytes` as numbers: Float64Array for F64, Float32Array for the rest. Throws RangeError for a type that is neither a
 * float nor a scale of whole bytes, or if the bytes are not a whole number of elements.
 */
export function decodeFloats(name: string, bytes: Uint8Array): Float64Array | Float32Array {
  const type = numberType(name);
  if (!type || !(isFloating(name) || type.kind === 'scale'))
    throw new RangeError(`${name} is not a floating type of whole bytes.`);
  const width = type.bits / 8;
  if (bytes.length % width !== 0)
    throw new RangeError(`${bytes.length} bytes are not a whole number of ${name} values.`);
  const count = bytes.length / width;
  if (width === 8) {
    const values = new Float64Array(count);
    new Uint8Array(values.buffer).set(bytes);
    return values;
  }
  const values = new Float32Array(count);
  if (width === 4) new Uint8Array(values.buffer).set(bytes);
  else if (width === 2) {
    const codes = new Uint16Array(count);
    new Uint8Array(codes.buffer).set(bytes);
    const words = new Uint32Array(values.buffer);
    // a bf16 code is the upper half of the float32 code of the same value
    if (name === 'BF16') for (let i = 0; i < count; i++) words[i] = (codes[i] as number) << 16;
    else for (let i = 0; i < count; i++) words[i] = halfToFloatBits(codes[i] as number);
  } else decodeFloat8(name, bytes, values);
  return values;
}

/** 8-bit codes into float32 values, in place of a buffer of their own. Throws RangeError for another type. */
export function decodeFloat8(name: string, codes: Uint8Array, target: Float32Array): void {
  const table = numberType(name)?.bits === 8 ? codeTable(name) : undefined;
  if (!table) throw new RangeError(`${name} is not an 8-bit float.`);
  for (let i = 0; i < codes.length; i++) target[i] = table[codes[i] as number] as number;
}

/** The same in float64, a copy of its own; `data` may lie in shared memory. Peak: 14 bytes a weight. */
export function decodeCodes(type: MatrixType, data: Uint8Array): Float64Array {
  const values = decodeFloats(type, data);
  return values instanceof Float64Array ? values : new Float64Array(values);
}

/** The half-precision code of a value that is one, infinities and NaN included. */
function halfCode(value: number): number {
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude === Infinity) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | ((magnitude / 2 ** exponent - 1) * 1024);
}

/** The codes of values that the type holds exactly. */
export function encodeCodes(type: MatrixType, values: Float64Array): Uint8Array {
  switch (type) {
    case 'F64':
      return new Uint8Array(values.slice().buffer);
    case 'F32':
      return new Uint8Array(Float32Array.from(values).buffer);
    case 'BF16': {
      const words = new Uint32Array(Float32Array.from(values).buffer);
      return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
    }
    case 'F16':
      return new Uint8Array(Uint16Array.from(values, halfCode).buffer);
  }
}
