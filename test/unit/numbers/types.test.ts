import { describe, expect, it } from 'vitest';
import { FP16_NEAR, FP16_OVERFLOW } from '../../../src/health/rules.ts';
import {
  codeTable,
  codeValue,
  decodeCodes,
  infinityCode,
  isByteFloat,
  isFloating,
  isMatrixType,
  largestOf,
  layoutOf,
  numberType,
  numpyName,
  overflowOf,
  smallestNormal,
  typeNames,
  type FloatName,
} from '../../../src/numbers/index.ts';

/** Largest finite value, smallest normal, what lies beyond: from IEEE 754, OCP 8-bit Floating Point 1.0, OCP MX 1.0 and the FNUZ paper. */
const LIMITS: [name: string, largest: number, normal: number, overflow: number][] = [
  ['F4', 6, 1, NaN],
  ['F6_E2M3', 7.5, 1, NaN],
  ['F6_E3M2', 28, 0.25, NaN],
  ['F8_E5M2', 57344, 2 ** -14, Infinity],
  ['F8_E4M3', 448, 2 ** -6, NaN],
  ['F8_E8M0', 2 ** 127, 0, NaN],
  ['F8_E4M3FNUZ', 240, 2 ** -7, NaN],
  ['F8_E5M2FNUZ', 57344, 2 ** -15, NaN],
  ['F16', 65504, 2 ** -14, Infinity],
  ['BF16', (2 - 2 ** -7) * 2 ** 127, 2 ** -126, Infinity],
  ['F32', (2 - 2 ** -23) * 2 ** 127, 2 ** -126, Infinity],
  ['F64', Number.MAX_VALUE, 2 ** -1022, Infinity],
];

describe('the table of number types', () => {
  it.each(LIMITS)('%s ends where its specification says', (name, largest, normal, overflow) => {
    const layout = numberType(name)?.float;
    if (!layout) throw new Error(name);
    expect(largestOf(layout)).toBe(largest);
    expect(overflowOf(layout)).toBe(overflow);
    expect(smallestNormal(name)).toBe(normal);
    const table = codeTable(name);
    if (table) expect(Math.max(...table.filter((value) => Number.isFinite(value)))).toBe(largest);
  });

  it('has a limit for every float and scale, and no more', () => {
    const floats = typeNames().filter((name) => numberType(name)?.float && numberType(name)?.kind !== 'complex');
    expect(new Set(LIMITS.map(([name]) => name))).toEqual(new Set(floats));
    for (const name of ['I32', 'BOOL', 'X9']) expect(smallestNormal(name)).toBe(0);
  });

  it('lets fields and sign fill the element', () => {
    for (const name of typeNames()) {
      const type = numberType(name);
      if (!type?.float) continue;
      const { exponentBits, mantissaBits, special } = type.float;
      const bits = exponentBits + mantissaBits + (special === 'scale' ? 0 : 1);
      expect([name, bits * (type.kind === 'complex' ? 2 : 1)]).toEqual([name, type.bits]);
    }
  });

  it('names what NumPy has', () => {
    const names = Object.fromEntries(typeNames().map((name) => [name, numpyName(name)]));
    expect(names).toMatchObject({ BOOL: 'bool', U8: 'uint8', I16: 'int16', U64: 'uint64', F16: 'float16' });
    expect(names).toMatchObject({ F32: 'float32', F64: 'float64', C64: 'complex64', BF16: null, F8_E4M3: null });
    for (const name of typeNames()) {
      const code = numberType(name)?.npy;
      if (code != null) expect([name, Number(code.slice(2)) * 8]).toEqual([name, numberType(name)?.bits]);
    }
  });

  it('tells what the backends take as it is, what comes through a table, and what does not come', () => {
    expect(typeNames().filter(isMatrixType).sort()).toEqual(['BF16', 'F16', 'F32', 'F64']);
    const bytes = ['F8_E4M3', 'F8_E4M3FNUZ', 'F8_E5M2', 'F8_E5M2FNUZ', 'F8_E8M0'];
    expect(typeNames().filter(isByteFloat).sort()).toEqual(bytes);
    expect(isFloating('F8_E8M0')).toBe(false);
    expect([FP16_OVERFLOW, FP16_NEAR]).toEqual([65520, 32752]);
  });
});

describe('codes', () => {
  it.each<FloatName>(['F16', 'BF16'])('%s: fast decoding agrees with the layout, code by code', (name) => {
    const layout = layoutOf(name);
    const codes = Uint16Array.from({ length: 65536 }, (_, code) => code);
    const values = decodeCodes(name as 'F16', new Uint8Array(codes.buffer));
    expect([...codes].filter((code) => !Object.is(values[code], codeValue(code, layout)))).toEqual([]);
    expect(codeValue(infinityCode(layout), layout)).toBe(Infinity);
    expect(codeValue(infinityCode(layout) + 1, layout)).toBeNaN();
  });
});
