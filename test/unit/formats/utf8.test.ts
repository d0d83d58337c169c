import { expect, test } from 'vitest';
import { firstInvalidUtf8 } from '../../../src/formats/utf8.ts';

const at = (...bytes: number[]): number | null => firstInvalidUtf8(Uint8Array.from(bytes));

test('text that is whole has no bad byte, a byte order mark in it neither', () => {
  expect(firstInvalidUtf8(new TextEncoder().encode('a é 漢 \u{1f600}'))).toBeNull();
  expect(at()).toBeNull();
  expect(at(0xef, 0xbb, 0xbf, 0x61)).toBeNull();
});

test('the first bad byte is found wherever it lies', () => {
  expect(at(0xff)).toBe(0);
  expect(at(0x61, 0x80, 0x62)).toBe(1);
  // a lone surrogate, an overlong slash, beyond the last code point
  expect(at(0x61, 0xed, 0xa0, 0x80)).toBeGreaterThanOrEqual(1);
  expect(at(0x61, 0x62, 0xc0, 0xaf)).toBe(2);
  expect(at(0xf4, 0x90, 0x80, 0x80)).not.toBeNull();
  const long = new Uint8Array(10_001).fill(0x61);
  long[7_654] = 0xfe;
  expect(firstInvalidUtf8(long)).toBe(7_654);
});

test('a sequence that the end cuts off is named by its first byte', () => {
  expect(at(0x61, 0xc3)).toBe(1);
  expect(at(0x61, 0x62, 0xe6, 0xbc)).toBe(2);
  expect(at(0xf0, 0x9f, 0x98)).toBe(0);
});
