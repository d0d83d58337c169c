import { describe, expect, it } from 'vitest';
import { codeTable, decodeFloats, numberType, typeNames } from '../../../src/numbers/index.ts';

/** The value of a binary float by its definition, independent of the decoder: sign, exponent, mantissa. */
function definition(
  code: number,
  exponentBits: number,
  mantissaBits: number,
  bias: number,
  special: 'ieee' | 'fn' | 'fnuz',
): number {
  const width = 1 + exponentBits + mantissaBits;
  const digits = code.toString(2).padStart(width, '0');
  const sign = digits[0] === '1' ? -1 : 1;
  const exponent = Number.parseInt(digits.slice(1, 1 + exponentBits), 2);
  const mantissa = Number.parseInt(digits.slice(1 + exponentBits), 2);
  if (special === 'fnuz' && digits === '1'.padEnd(width, '0')) return NaN;
  if (special === 'fn' && !digits.slice(1).includes('0')) return NaN;
  if (special === 'ieee' && !digits.slice(1, 1 + exponentBits).includes('0')) return mantissa ? NaN : sign * Infinity;
  const significand = (exponent === 0 ? 0 : 2 ** mantissaBits) + mantissa;
  return sign * significand * 2 ** (Math.max(exponent, 1) - bias - mantissaBits);
}

describe('8-bit kinds, all codes', () => {
  it.each([
    ['F8_E4M3', 4, 3, 7, 'fn', 448],
    ['F8_E5M2', 5, 2, 15, 'ieee', 57344],
    ['F8_E4M3FNUZ', 4, 3, 8, 'fnuz', 240],
    ['F8_E5M2FNUZ', 5, 2, 16, 'fnuz', 57344],
  ] as const)('%s', (dtype, exponentBits, mantissaBits, bias, special, largest) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const values = decodeFloats(dtype, bytes);
    bytes.forEach((code) =>
      expect(Object.is(values[code], definition(code, exponentBits, mantissaBits, bias, special))).toBe(true),
    );
    expect(Math.max(...[...values].filter((value) => Number.isFinite(value)))).toBe(largest);
    const nans = [...values].filter((value) => Number.isNaN(value)).length;
    expect(nans).toBe({ fn: 2, ieee: 6, fnuz: 1 }[special]);
  });
  it('F8_E8M0 is a power of two', () => {
    const values = decodeFloats(
      'F8_E8M0',
      Uint8Array.from({ length: 256 }, (_, i) => i),
    );
    for (let code = 0; code < 255; code++) expect(values[code]).toBe(2 ** (code - 127));
    expect(values[255]).toBeNaN();
  });
});

describe('16-bit kinds, all codes', () => {
  const bytes = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
  it.each([
    ['F16', 5, 10, 15],
    ['BF16', 8, 7, 127],
  ] as const)('%s', (dtype, exponentBits, mantissaBits, bias) => {
    const values = decodeFloats(dtype, bytes);
    let wrong = 0;
    for (let code = 0; code < 65536; code++) {
      if (!Object.is(values[code], definition(code, exponentBits, mantissaBits, bias, 'ieee'))) wrong++;
    }
    expect(wrong).toBe(0);
  });
  it('bf16 keeps NaN payloads', () => {
    const words = new Uint32Array(decodeFloats('BF16', Uint8Array.from([0x81, 0x7f, 0xff, 0xff])).buffer);
    expect([...words]).toEqual([0x7f810000, 0xffff0000]);
  });
});

describe('wide kinds', () => {
  const values = [0, -0, 1, Math.PI, 5e-324, 1.7976931348623157e308, Infinity, NaN];
  it('come back as they were, from any byte', () => {
    for (const shift of [0, 1, 3, 7]) {
      const wide = new Uint8Array(shift + 64);
      wide.set(new Uint8Array(Float64Array.from(values).buffer), shift);
      expect([...decodeFloats('F64', wide.subarray(shift))]).toEqual(values);
      const narrow = new Uint8Array(shift + 32);
      narrow.set(new Uint8Array(Float32Array.from(values).buffer), shift);
      expect([...decodeFloats('F32', narrow.subarray(shift))]).toEqual(values.map(Math.fround));
    }
  });
  it('refuses what is not a float or not a whole number of them', () => {
    expect(() => decodeFloats('I32', new Uint8Array(4))).toThrow('not a floating type');
    expect(() => decodeFloats('F4', new Uint8Array(4))).toThrow('not a floating type');
    expect(() => decodeFloats('F16', new Uint8Array(3))).toThrow('whole number');
  });
});

describe('the table', () => {
  it('has the 22 types of the format with their widths', () => {
    expect(typeNames()).toHaveLength(22);
    const bits = (name: string): number | undefined => numberType(name)?.bits;
    expect(['F4', 'F6_E2M3', 'F6_E3M2', 'BOOL', 'U8', 'I16', 'BF16', 'U32', 'C64', 'F64'].map(bits)).toEqual([
      4, 6, 6, 8, 8, 16, 16, 32, 64, 64,
    ]);
    expect(numberType('F4')?.kind).toBe('packed');
    expect(numberType('F128')).toBeUndefined();
    expect(codeTable('BF16')).toBeUndefined();
  });
});
