import { describe, expect, test } from 'vitest';
import {
  byteRange,
  codesOf,
  componentsOf,
  decodeFloats,
  numbersOf,
  numberType,
  typeNames,
  undecodable,
} from '../../../src/numbers/index.ts';

/** Bytes in which every 8- and 16-bit pattern, and many of the wider ones, come up. */
function patterns(count: number): Uint8Array {
  let state = 12345;
  return Uint8Array.from({ length: count }, (_, i) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return i < 512 ? i >> 1 : state >>> 24;
  });
}

const same = (a: ArrayBufferView, b: ArrayBufferView): boolean =>
  Buffer.compare(new Uint8Array(a.buffer), new Uint8Array(b.buffer)) === 0;

describe('numbers and codes of every type', () => {
  test.each(typeNames().filter((name) => undecodable(name) === null && numberType(name)?.bits !== 4))('%s', (dtype) => {
    const size = (numberType(dtype)?.bits ?? 8) / 8;
    const bytes = patterns(256 * 1024);
    const count = bytes.length / size;
    const values = numbersOf(dtype, bytes, count);
    const codes = codesOf(dtype, bytes, count);
    expect(values.length).toBe(count * componentsOf(dtype));
    const buffer = Buffer.from(bytes);
    for (const i of [0, 1, 2, 127, 128, 200, 255, 4711, count - 1]) {
      let code = 0n;
      for (let k = size - 1; k >= 0; k--) code = (code << 8n) | BigInt(bytes[i * size + k] ?? 0);
      expect(codes[i]).toBe(code);
      const at = i * size;
      const value = values[i * componentsOf(dtype)];
      if (dtype === 'F64') expect(value).toBe(buffer.readDoubleLE(at));
      if (dtype === 'F32') expect(value).toBe(buffer.readFloatLE(at));
      if (dtype === 'I64') expect(value).toBe(Number(buffer.readBigInt64LE(at)));
      if (dtype === 'U64') expect(value).toBe(Number(buffer.readBigUInt64LE(at)));
      if (dtype === 'I32') expect(value).toBe(buffer.readInt32LE(at));
      if (dtype === 'U32') expect(value).toBe(buffer.readUInt32LE(at));
      if (dtype === 'I16') expect(value).toBe(buffer.readInt16LE(at));
      if (dtype === 'U16') expect(value).toBe(buffer.readUInt16LE(at));
      if (dtype === 'I8') expect(value).toBe(buffer.readInt8(at));
      if (dtype === 'U8') expect(value).toBe(bytes[i]);
      if (dtype === 'BOOL') expect(value).toBe(bytes[i] ? 1 : 0);
      if (dtype === 'C64')
        expect([value, values[i * 2 + 1]]).toEqual([buffer.readFloatLE(at), buffer.readFloatLE(at + 4)]);
    }
    // the floating types go through the decoder that all figures are computed with
    if (numberType(dtype)?.kind === 'float') expect(same(values, decodeFloats(dtype, bytes))).toBe(true);
  });

  test('F4 comes low half first, from any element on, with the sign of zero', () => {
    const bytes = Uint8Array.of(0x21, 0xf8, 0x07);
    expect([...numbersOf('F4', bytes, 6)]).toEqual([0.5, 1, -0, -6, 6, 0]);
    expect(byteRange('F4', 3, 2)).toEqual({ byte: 1, length: 2, skip: 1 });
    expect([...numbersOf('F4', bytes.subarray(1), 2, 1)]).toEqual([-6, 6]);
    expect([...codesOf('F4', bytes.subarray(1), 2, 1)]).toEqual([15n, 7n]);
  });

  test('types without an order of their own are refused by name', () => {
    expect(() => numbersOf('F6_E2M3', new Uint8Array(3), 4)).toThrow(/F6_E2M3 packs four numbers/);
    expect(undecodable('X9')).toMatch(/X9 is not known/);
  });
});
