import { describe, expect, it } from 'vitest';
import { checkParameters, checkRank, defaultAngleRank, defaultMaskRank } from '../../../src/metrics/index.ts';
import { english } from '../../../src/protocol/say.ts';
import {
  disagreeing,
  energySaid,
  energyVerdict,
  energyZone,
  littleRoom,
  maskSaid,
  maskVerdict,
  tally,
  type Said,
} from '../../../src/metrics/verdict.ts';

const figures = (position: number | null, step: number | null, z: number | null, proportional = position) => ({
  principalOverlap: 0.2,
  principalNull: 0.25,
  principalPosition: position,
  principalPositionStep: step,
  principalPositionProportional: proportional,
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
    [0.5, 0.5, 3, 'noise'],
    [0.5, 0.5, null, 'noise'],
    [-0.5, -0.5, null, 'noise'],
    [null, null, null, 'noise'],
    [null, null, 9, 'noise'],
    [0.1, 0.1, 9, 'noise'],
  ] as const)('of positions %d and %d with z %d is %s', (position, step, z, verdict) => {
    expect(maskVerdict(figures(position, step, z))).toBe(verdict);
  });
  it.each([
    [0.5, 0.1, 'noise'],
    [0.5, 0.21, 'on'],
    [-0.5, -0.2, 'noise'],
    [-0.5, -0.21, 'off'],
    [-0.5, null, 'noise'],
  ] as const)(
    'of %d against two nulls and %d against the proportional one is %s',
    (position, proportional, verdict) => {
      expect(maskVerdict(figures(position, position, Math.sign(position) * 9, proportional))).toBe(verdict);
    },
  );
  it('is none without an overlap or a null', () => {
    expect(maskVerdict({ ...figures(-0.5, -0.5, -9), principalOverlap: null })).toBe('none');
    expect(maskVerdict({ ...figures(-0.5, -0.5, -9), principalNull: null })).toBe('none');
    expect(maskVerdict({})).toBe('none');
  });
});

describe('both views', () => {
  const mask = figures(0.5, 0.5, 9);
  const energy = (ratio: number) => ({ jointEnergy: 0.01 * ratio, jointEnergyBaseline: 0.01, maskRank: 64 });
  it('disagree if each has a verdict and they differ', () => {
    expect(disagreeing({ ...mask, ...energy(0.1) })).toBe(true);
    expect(disagreeing({ ...mask, ...energy(1) })).toBe(true);
    expect(disagreeing({ ...mask, ...energy(9) })).toBe(false);
  });
  it('do not if one cannot tell', () => {
    expect(disagreeing({ ...mask, ...energy(0.1), principalNull: null })).toBe(false);
    expect(disagreeing(mask)).toBe(false);
    expect(disagreeing({ ...mask, ...energy(0.1), maskRank: 3 })).toBe(false);
    expect(disagreeing({ ...mask, ...energy(0.1), principalRange: [0.2, 0.24] })).toBe(false);
  });
  it('have little room in a range narrower than 0.05', () => {
    expect([{}, { principalRange: null }].map(littleRoom)).toEqual([false, false]);
    expect([0.25, 0.3125].map((high) => littleRoom({ principalRange: [0.25, high] }))).toEqual([true, false]);
    expect(littleRoom({ principalRange: [0, 0.05] })).toBe(false);
  });
});

describe('the energy verdict', () => {
  const verdict = (ratio: number | null, maskRank: number, twin?: number): string =>
    energyVerdict({
      ...{ jointEnergy: ratio === null ? null : 0.01 * ratio, jointEnergyBaseline: 0.01, maskRank },
      ...(twin === undefined ? {} : { twin: { jointEnergy: 0.01 * twin, jointEnergyBaseline: 0.01 } }),
    });
  it.each([
    [1.6, 'on'],
    [1.4, 'noise'],
    [0.7, 'noise'],
    [0.66, 'off'],
    [null, 'none'],
  ] as const)('of %d times the isotropic share is %s at a large rank', (ratio, expected) => {
    expect(verdict(ratio, 64)).toBe(expected);
  });
  it('asks for more if fewer directions vary more', () => {
    // chi^2 with 16 degrees of freedom: 0.9995 quantile 41.31 and 0.0005 quantile 3.536 (scipy.stats.chi2.ppf), over 16
    const zone = energyZone(4);
    expect(zone?.high).toBeCloseTo(41.308 / 16, 1);
    expect(zone?.low).toBeCloseTo((0.92 * 3.536) / 16, 1);
    expect([verdict(2.5, 4), verdict(2.7, 4), verdict(0.25, 4), verdict(0.15, 4)]).toEqual([
      'noise',
      'on',
      'noise',
      'off',
    ]);
    expect(energyZone(64)).toEqual({ low: 1 / 1.5, high: 1.5 });
  });
  it('says nothing under a rank of 4', () => {
    for (const rank of [1, 2, 3]) for (const ratio of [0.01, 1, 30]) expect(verdict(ratio, rank)).toBe('small');
    expect(verdict(null, 2)).toBe('none');
  });
  it('asks for the same factor over the twin', () => {
    expect([verdict(2, 64, 1.2), verdict(2, 64, 1.4), verdict(0.5, 64, 0.9), verdict(0.5, 64, 0.7)]).toEqual([
      'on',
      'noise',
      'off',
      'noise',
    ]);
  });
});

describe('what is said', () => {
  it('of a matrix without a verdict is why', () => {
    const word = (said: Said): string => english(said.words.word);
    for (const said of [maskSaid, energySaid]) {
      expect(word(said({ updateNorm: 0, baseNorm: 1 }))).toBe('identical');
      expect(word(said({ updateNorm: null, baseNorm: 1 }))).toBe('not finite');
      expect(word(said({ updateNorm: 1, baseNorm: 0 }))).toBe('base is zero');
    }
    expect(word(maskSaid({ updateNorm: 1, baseNorm: 1, principalOverlap: null }))).toBe('no visible change');
    expect(word(maskSaid({ updateNorm: 1, baseNorm: 1, principalOverlap: 0.2, principalNull: null }))).toBe(
      'not comparable',
    );
  });
  it('is counted by its words', () => {
    const list = [{ updateNorm: 0 }, { updateNorm: null }, { updateNorm: 0 }, figures(0, 0, 0)];
    expect(tally(list, maskSaid).map(({ id, words, items }) => [id, english(words.short), items.length])).toEqual([
      ['noise', 'Like noise', 1],
      ['none', 'Identical', 2],
      ['none', 'Not finite', 1],
    ]);
  });
});

describe('parameters', () => {
  it('have the default ranks of the definitions', () => {
    expect([2, 8, 9, 128, 4096].map(defaultMaskRank)).toEqual([1, 1, 2, 16, 64]);
    expect([2, 3, 128, 1024, 4096].map(defaultAngleRank)).toEqual([1, 1, 64, 512, 512]);
  });
  it('are errors out of range, and never clamped', () => {
    const fine = { alpha: 0.3, eta: 0, absoluteTolerance: 0, twinSeed: 0 };
    expect(() => checkParameters(fine)).not.toThrow();
    for (const alpha of [0, 1, -0.1, 1.5, NaN]) expect(() => checkParameters({ ...fine, alpha })).toThrow(/alpha/);
    for (const eta of [-1, NaN, Infinity]) expect(() => checkParameters({ ...fine, eta })).toThrow(/eta/);
    expect(() => checkParameters({ ...fine, absoluteTolerance: -1e-9 })).toThrow(/absoluteTolerance/);
    for (const twinSeed of [-1, 0.5, 2 ** 53, NaN])
      expect(() => checkParameters({ ...fine, twinSeed })).toThrow(/twinSeed/);
    expect(() => checkRank('mask rank', 8, 'w', 8)).not.toThrow();
    for (const rank of [0, 9, 1.5, NaN])
      expect(() => checkRank('mask rank', rank, 'w', 8)).toThrow(/w: choose a whole number from 1 to 8/);
  });
});
