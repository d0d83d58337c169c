import { describe, expect, it } from 'vitest';
import {
  checkParameters,
  checkRank,
  defaultAngleRank,
  defaultMaskRank,
  energyVerdict,
  maskVerdict,
} from '../../../src/metrics/index.ts';

const figures = (position: number | null, step: number | null, z: number | null) => ({
  principalOverlap: 0.2,
  principalNull: 0.25,
  principalPosition: position,
  principalPositionStep: step,
  principalZ: z,
});

describe('the mask verdict', () => {
  it.each([
    [-0.21, -0.3, -3.1, 'off'],
    [-0.21, -0.19, -30, 'noise'],
    [-0.2, -0.3, -30, 'noise'],
    [-0.5, -0.5, -3, 'noise'],
    [0.21, 0.3, 3.1, 'on'],
    [0.3, 0.2, 30, 'noise'],
    [0.3, -0.3, 30, 'noise'],
    [0.5, 0.5, null, 'noise'],
    [null, null, null, 'noise'],
  ] as const)('of positions %d and %d with z %d is %s', (position, step, z, verdict) => {
    expect(maskVerdict(figures(position, step, z))).toBe(verdict);
  });
  it('is none without an overlap or a null', () => {
    expect(maskVerdict({ ...figures(-0.5, -0.5, -9), principalOverlap: null })).toBe('none');
    expect(maskVerdict({ ...figures(-0.5, -0.5, -9), principalNull: null })).toBe('none');
    expect(maskVerdict({})).toBe('none');
  });
});

describe('the energy verdict', () => {
  it.each([
    [0.016, 'on'],
    [0.015, 'noise'],
    [0.0067, 'noise'],
    [0.0066, 'off'],
    [null, 'none'],
  ] as const)('of %d against 0.01 is %s', (jointEnergy, verdict) => {
    expect(energyVerdict({ jointEnergy, jointEnergyBaseline: 0.01 })).toBe(verdict);
  });
});

describe('parameters', () => {
  it('have the default ranks of the definitions', () => {
    expect([2, 8, 9, 128, 4096].map(defaultMaskRank)).toEqual([1, 1, 2, 16, 64]);
    expect([2, 3, 128, 1024, 4096].map(defaultAngleRank)).toEqual([1, 1, 64, 512, 512]);
  });
  it('are errors out of range, and never clamped', () => {
    const fine = { alpha: 0.3, eta: 0, absoluteTolerance: 0 };
    expect(() => checkParameters(fine)).not.toThrow();
    for (const alpha of [0, 1, -0.1, 1.5, NaN]) expect(() => checkParameters({ ...fine, alpha })).toThrow(/alpha/);
    for (const eta of [-1, NaN, Infinity]) expect(() => checkParameters({ ...fine, eta })).toThrow(/eta/);
    expect(() => checkParameters({ ...fine, absoluteTolerance: -1e-9 })).toThrow(/absoluteTolerance/);
    expect(() => checkRank('mask rank', 8, 'w', 8)).not.toThrow();
    for (const rank of [0, 9, 1.5, NaN])
      expect(() => checkRank('mask rank', rank, 'w', 8)).toThrow(/w: choose a whole number from 1 to 8/);
  });
});
