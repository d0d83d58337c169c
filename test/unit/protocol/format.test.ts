import { describe, expect, it } from 'vitest';
import {
  bytes,
  cell,
  count,
  cutText,
  degrees,
  duration,
  exact,
  NONE,
  num,
  percent,
  times,
} from '../../../src/protocol/format.ts';

/** With plain spaces and an ASCII minus, so that the tables below can be read. */
const plain = (text: string): string => text.replace(/\u202f/g, ' ').replace(/\u2212/g, '-');

describe('numbers for people', () => {
  it.each([
    [null, '\u2013'],
    [undefined, '\u2013'],
    [NaN, '\u2013'],
    [Infinity, '∞'],
    [-Infinity, '-∞'],
    [0, '0'],
    [0.02345, '0.02345'],
    [-0.5, '-0.5000'],
    [0.001, '0.001000'],
    [0.000_999, '9.990e-4'],
    [1.2e-5, '1.200e-5'],
    [999_999, '999 999'],
    [1e6, '1.000e6'],
    [99_999.4, '99 999'],
    [100_000.5, '1.000e5'],
    [12_345.6, '12 346'],
    [-1234, '-1 234'],
  ])('%d is %s', (x, text) => expect(plain(num(x))).toBe(text));

  it.each([
    [null, ''],
    [undefined, ''],
    [0, '0'],
    [Infinity, '∞'],
    [9999, '9999'],
    [1e4, '1.0e4'],
    [0.001, '0.0010'],
    [0.0009, '9.0e-4'],
    [100, '100'],
    [99.96, '100.0'],
    [10, '10.0'],
    [9.5, '9.50'],
    [0.1, '0.10'],
    [0.0999, '0.100'],
    [0.01, '0.010'],
    [0.00999, '0.0100'],
    [-2.5, '-2.50'],
  ])('%d in a cell is "%s"', (x, text) => expect(plain(cell(x))).toBe(text));

  it('take a unit, or say that there is no value', () => {
    for (const none of [null, undefined]) {
      expect([percent(none), degrees(none), times(none), exact(none)]).toEqual([NONE, NONE, NONE, 'undefined']);
    }
    expect(percent(NaN)).toBe(NONE);
    expect(plain([degrees(12.345), times(-1.5), exact(-1e-7)].join())).toBe('12.3°,× -1.50,-1e-7');
  });
});

describe('sizes', () => {
  it.each([
    [999, '999 B'],
    [1000, '1.000 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.000 MB'],
    [4e15, '4.000 PB'],
    [2e18, '2000 PB'],
  ])('%d bytes are %s', (n, text) => expect(plain(bytes(n))).toBe(text));
  it.each([
    [9999, '9 999'],
    [10_000, '10.00 k'],
    [7_241_732_096, '7.242 B'],
    [1e12, '1.000 T'],
  ])('%d weights are %s', (n, text) => expect(plain(count(n))).toBe(text));
  it.each([
    [0, '1 s'],
    [89.4, '89 s'],
    [90, '2 min'],
    [89 * 60, '89 min'],
    [90 * 60, '1 h 30 min'],
  ])('%d seconds are %s', (seconds, text) => expect(plain(duration(seconds))).toBe(text));
  it('of a text are told if it is cut', () => {
    expect([cutText('abc', 3), cutText('abcd', 3)]).toEqual(['abc', 'abc… (4)']);
  });
});
