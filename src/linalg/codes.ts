/** Storage codes to exact float64 values. Little-endian hosts only, as every platform that VS Code ships for. */
import type { MatrixType } from './backend.ts';

export const TYPE_BYTES: Readonly<Record<MatrixType, number>> = { BF16: 2, F16: 2, F32: 4, F64: 8 };

/** The value of a half-precision code: 1 sign, 5 exponent (bias 15), 10 mantissa bits. */
export function halfValue(code: number): number {
  const exponent = (code >>> 10) & 31;
  const mantissa = code & 1023;
  const sign = code & 0x8000 ? -1 : 1;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

/** Bytes in the alignment that a typed array needs: the view itself where it fits, else a copy. */
function aligned(data: Uint8Array, size: number): Uint8Array {
  return data.byteOffset % size === 0 ? data : new Uint8Array(data);
}

/** All values of `data` (whole codes of `type`; may lie unaligned or in shared memory). Peak: 8 bytes a weight. */
export function decodeCodes(type: MatrixType, data: Uint8Array): Float64Array {
  const size = TYPE_BYTES[type];
  const count = data.byteLength / size;
  const { buffer, byteOffset } = aligned(data, size);
  switch (type) {
    case 'F64':
      return new Float64Array(new Float64Array(buffer, byteOffset, count));
    case 'F32':
      return Float64Array.from(new Float32Array(buffer, byteOffset, count));
    case 'BF16': {
      // a bf16 code is the upper half of the float32 code of the same value
      const bits = Uint32Array.from(new Uint16Array(buffer, byteOffset, count), (code) => code << 16);
      return Float64Array.from(new Float32Array(bits.buffer));
    }
    case 'F16':
      return Float64Array.from(new Uint16Array(buffer, byteOffset, count), halfValue);
  }
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
