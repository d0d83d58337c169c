import { describe, expect, it } from 'vitest';
import { erfc, normalTail, normalTailIntegral } from '../../../src/metrics/erfc.ts';

/** erfc of the C library (glibc, under 1 ulp). */
const VALUES: readonly [number, number][] = [
  [-6, 2],
  [-3, 1.9999779095030015],
  [-1, 1.842700792949715],
  [-0.5, 1.5204998778130465],
  [0, 1],
  [1e-20, 1],
  [1e-10, 0.999999999887162],
  [0.1, 0.8875370839817152],
  [0.3, 0.6713732405408726],
  [0.5, 0.4795001221869535],
  [0.8, 0.2578990352923395],
  [1, 0.15729920705028513],
  [1.2, 0.08968602177036465],
  [1.499999, 0.03389497245515687],
  [1.5, 0.033894853524689274],
  [1.51, 0.03272325187128836],
  [1.7, 0.016209541409225436],
  [2, 0.004677734981047265],
  [2.5, 0.0004069520174449589],
  [3, 2.2090496998585438e-5],
  [4, 1.541725790028002e-8],
  [5, 1.5374597944280351e-12],
  [7.5, 2.776649386030569e-26],
  [10, 2.088487583762545e-45],
  [15, 7.212994172451206e-100],
  [20, 5.3958656116079005e-176],
  [25, 8.300172571196522e-274],
  [26.5, 2.2109076642637343e-307],
];

describe('erfc', () => {
  it.each(VALUES)('of %d has a relative error under 1e-14', (x, value) => {
    expect(Math.abs(erfc(x) / value - 1)).toBeLessThan(1e-14);
  });
  it('ends in 0 and 2, passes NaN on, and falls without a jump where the method changes', () => {
    expect([erfc(30), erfc(Infinity), erfc(-Infinity), erfc(NaN)]).toEqual([0, 0, 2, NaN]);
    for (let x = 1.4; x < 1.6; x += 1e-3) expect(erfc(x)).toBeGreaterThan(erfc(x + 1e-3));
  });
});

describe('the normal tail', () => {
  it('holds a half above 0 and 2.275 % above two standard deviations', () => {
    expect(normalTail(0)).toBe(0.5);
    expect(normalTail(2)).toBeCloseTo(0.022750131948179195, 15);
  });
  it('has the integral whose slope it is', () => {
    for (const x of [0.1, 1, 3]) {
      const slope = (normalTailIntegral(x + 1e-4) - normalTailIntegral(x - 1e-4)) / 2e-4;
      expect(Math.abs(slope + normalTail(x))).toBeLessThan(1e-8);
    }
  });
});
