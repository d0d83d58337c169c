import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  carrierOf,
  castCodes,
  decodeCodes,
  encodeCodes,
  Grid,
  type FloatName,
  type MatrixType,
} from '../../../src/numbers/index.ts';
import { uniform } from '../matrices.ts';

const FROM: MatrixType[] = ['BF16', 'F16', 'F32', 'F64'];
const TO: FloatName[] = ['BF16', 'F16', 'F32', 'F64', 'F8_E4M3', 'F8_E5M2', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ'];

/** Values over all magnitudes, halfway cases of the narrower grids among them, and what is not finite. */
function values(): number[] {
  const random = uniform(7);
  const list = [
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    65504,
    65519.99,
    65520,
    -65536,
    2 ** -24,
    2 ** -25,
    1.5 * 2 ** -25,
    3 * 2 ** -25,
  ];
  for (let exponent = -140; exponent <= 127; exponent++)
    for (let i = 0; i < 12; i++) list.push((random() < 0.5 ? -1 : 1) * (1 + random()) * 2 ** exponent);
  for (const bits of [3, 4, 8, 11])
    for (let i = 0; i < 64; i++) list.push((1 + (Math.floor(random() * 2 ** bits) + 0.5) * 2 ** -bits) * 2 ** (i % 12));
  for (let i = 0; i < 200; i++) list.push(random() * 2 ** -13);
  return list;
}
function nearest(to: FloatName, value: number): number {
  if (to === 'F64') return value;
  return to === 'F32' ? Math.fround(value) : new Grid(to).round(value);
}

describe.each(FROM)('codes of %s', (from) => {
  it.each(TO)('are cast to the nearest of %s', (to) => {
    const rounded = values().map((value) => nearest(from, value));
    const data = encodeCodes(from, Float64Array.from(rounded));
    const target = new Uint8Array(rounded.length * bytesOf(carrierOf(to)));
    const expected = rounded.map((value) => nearest(to, value));
    const changed = castCodes(from, data, to, target);
    expect([...decodeCodes(carrierOf(to), target)]).toEqual(expected);
    expect(changed).toBe(rounded.some((value, i) => !Object.is(value, expected[i])));
  });
});
describe('a cast', () => {
  it('says nothing of values that it keeps', () => {
    const data = encodeCodes('F32', Float64Array.of(1, -0.5, 0, NaN, 256));
    for (const to of ['BF16', 'F16', 'F8_E5M2'] as const)
      expect(castCodes('F32', data, to, new Uint8Array(5 * bytesOf(carrierOf(to)))), to).toBe(false);
    expect(castCodes('F32', encodeCodes('F32', Float64Array.of(1 + 2 ** -8)), 'BF16', new Uint8Array(2))).toBe(true);
  });
});
