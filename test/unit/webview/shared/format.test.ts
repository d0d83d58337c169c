import { describe, expect, it } from 'vitest';
import {
  bytes,
  cell,
  count,
  degrees,
  duration,
  exact,
  integer,
  NONE,
  num,
  percent,
  times,
} from '../../../../webview/shared/format.ts';

const plain = (text: string): string => text.replace(/\u202f/g, ' ').replace(/\u2212/g, '-');

describe('numbers', () => {
  it.each([
    [0.02345, '0.02345'],
    [1.23456e-5, '1.235e-5'],
    [-0.5, '-0.5000'],
    [12345, '12 345'],
    [1234567, '1.235e6'],
    [3, '3'],
    [99999.9, '100 000'],
    [Infinity, '∞'],
  ])('num(%d)', (value, text) => {
    expect(plain(num(value))).toBe(text);
  });
  it('says that a value is undefined', () => {
    expect([num(null), num(undefined), num(NaN), degrees(null), times(null), percent(null)]).toEqual(
      Array(6).fill(NONE),
    );
    expect(exact(null)).toBe('undefined');
    expect(cell(null)).toBe('');
  });
  it('uses a true minus and narrow spaces', () => {
    expect(num(-0.25)).toBe('\u22120.2500');
    expect(integer(-12345)).toBe('\u221212\u202f345');
  });
});
describe('percent', () => {
  it.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.738, '73.8 %'],
    [0.99972, '99.97 %'],
    [0.0000033, '3.30e-4 %'],
  ])('percent(%d)', (value, text) => {
    expect(plain(percent(value))).toBe(text);
  });
  it('never rounds up to the whole', () => {
    for (const value of [0.9994, 0.9995, 0.99995, 0.999951, 0.9999999])
      expect(plain(percent(value))).not.toMatch(/^100/);
  });
});
describe('sizes', () => {
  it.each([
    [999, '999 B'],
    [1000, '1.000 kB'],
    [999_999, '1.000 MB'],
    [2_229_000, '2.229 MB'],
    [1.2e11, '120.0 GB'],
  ])('bytes(%d)', (value, text) => {
    expect(plain(bytes(value))).toBe(text);
  });
  it('counts weights exactly below 10 000', () => {
    expect(plain(count(8192))).toBe('8 192');
    expect(plain(count(16384))).toBe('16.38 k');
    expect(plain(count(7.24e9))).toBe('7.240 B');
  });
  it('tells time coarsely', () => {
    expect(plain(duration(0.2))).toBe('1 s');
    expect(plain(duration(150))).toBe('3 min');
    expect(plain(duration(2 * 3600 + 600))).toBe('2 h 10 min');
  });
});
describe('cell', () => {
  it.each([
    [14.04, '14.0'],
    [123.4, '123'],
    [0.5, '0.50'],
    [0.0123, '0.012'],
    [0.0012, '0.0012'],
    [-0.0001, '-1.0e-4'],
    [12345, '1.2e4'],
  ])('cell(%d) fits 40 pixels', (value, text) => {
    expect(plain(cell(value))).toBe(text);
    expect(cell(value).length).toBeLessThanOrEqual(7);
  });
});
