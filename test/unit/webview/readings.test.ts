import { describe, expect, it } from 'vitest';
import { ends, fitted, reference, toUnit } from '../../../webview/shared/heatmap-scale.ts';
import { disagreeing, energyVerdict, maskVerdict, safePosition } from '../../../src/metrics/verdict.ts';
import {
  cellReading,
  maskHeadline,
  nss,
  unchangedHeadline,
  wedin,
  wedinHeadline,
} from '../../../webview/shared/readings.ts';

const metrics = (position: number, step: number, z: number, ratio = 1, range: [number, number] = [0.1, 0.4]) => ({
  principalOverlap: 0.25,
  principalNull: 0.25,
  principalPosition: position,
  principalPositionStep: step,
  principalPositionProportional: Math.sign(position) * 0.9,
  maskRank: 16,
  principalZ: z,
  principalRange: range,
  jointEnergy: 0.01 * ratio,
  jointEnergyBaseline: 0.01,
  updateDensity: 0.988,
});

describe('verdict of the mask view', () => {
  it.each([
    [-0.5, -0.3, -9, 'off'],
    [0.5, 0.3, 9, 'on'],
    [-0.5, -0.1, -9, 'noise'],
    [-0.5, 0.3, -9, 'noise'],
    [-0.5, -0.3, -2, 'noise'],
    [0.19, 0.5, 9, 'noise'],
  ] as const)('position %f and %f with z %f is "%s"', (a, b, z, id) => expect(maskVerdict(metrics(a, b, z))).toBe(id));
  it('is none without a null, and like noise without a z', () => {
    expect(maskVerdict({ principalOverlap: 0.2, principalNull: null })).toBe('none');
    expect(maskVerdict({ ...metrics(-0.5, -0.5, -9), principalZ: null })).toBe('noise');
  });
});

describe('views together', () => {
  it('the energy view claims nothing within a factor 1.5', () => {
    expect(energyVerdict(metrics(0, 0, 0, 1.4))).toBe('noise');
    expect(energyVerdict(metrics(0, 0, 0, 1.6))).toBe('on');
    expect(energyVerdict(metrics(0, 0, 0, 0.6))).toBe('off');
  });
  it('disagree if the verdicts differ, unless the overlap is pinned', () => {
    expect(disagreeing(metrics(0, 0, 0, 50))).toBe(true);
    expect(disagreeing(metrics(0, 0, 0, 50, [0.29, 0.31]))).toBe(false);
    expect(disagreeing(metrics(-0.5, -0.5, -9, 0.5))).toBe(false);
  });
  it('the position that counts is the one nearer to zero', () => {
    expect(safePosition(metrics(-0.5, -0.3, -9))).toBe(-0.3);
    expect(safePosition(metrics(-0.5, 0.3, -9))).toBe(0);
    expect(safePosition({})).toBeNull();
  });
});

describe('sentences', () => {
  it('state the figure and its reference', () => {
    expect(cellReading(metrics(0.1, 0.2, 5, 50.9))).toMatch(
      /^Which weights changed: like noise, not clear of all three kinds of noise\. Where the update points: the leading block holds ×\u200a?50\.9 the energy of an isotropic update\.$/,
    );
    expect(cellReading(metrics(-0.5, -0.5, -9))).toContain(
      'they avoid the principal mask more than all three kinds of noise allow',
    );
    expect(cellReading(metrics(0, 0, 0, 1, [0.29, 0.31]))).toContain('the mask can hardly tell');
    expect(cellReading({ ...metrics(0, 0, 0), updateNorm: 0 })).toMatch(/^Unchanged/);
    expect(cellReading({ ...metrics(0, 0, 0), illDefined: true })).toContain('not determined');
  });
  it('of the energy view name noise of the same size, and say nothing that it explains', () => {
    const noise = { jointEnergy: 0.03, jointEnergyBaseline: 0.01 };
    const [clear, explained] = [50.9, 3.5].map((ratio) => ({ ...metrics(0, 0, 0, ratio), twin: noise }));
    expect(cellReading(clear!)).toMatch(
      /holds ×\u200a?50\.9 the energy of an isotropic update, noise of the same size ×/,
    );
    expect(cellReading(explained!)).toMatch(/like noise of the same size, which puts ×\u200a?3 .* the update ×/);
    expect(disagreeing(explained!)).toBe(false);
    expect(disagreeing({ ...explained!, twin: null })).toBe(true);
  });
  it('never say more in the headline than the verdicts', () => {
    expect(maskHeadline(['noise', 'noise'], 0, 0.5, 0)).toContain('none counts as off or on');
    expect(maskHeadline(['off', 'off'], 0, 0.5, 0)).toBe(
      '2 of 2 matrices avoid the principal mask more than all three kinds of noise allow.',
    );
    expect(maskHeadline(['off', 'noise'], 0, 0.5, 0)).toContain('1 of 2 matrices avoid the principal mask');
    expect(maskHeadline(['noise', 'noise'], 2, 0.988, 0)).toContain('can hardly tell');
    expect(maskHeadline(['none', 'none'], 0, 0, 2)).toContain('store the same weights');
    expect(maskHeadline(['none', 'none'], 0, 0, 1)).toContain('No matrix has an overlap');
    expect(unchangedHeadline(0.001)).toBe('Nearly every stored code differs.');
    expect(wedinHeadline(38, 42)).toContain('For 38 of 42 matrices no bound applies');
  });
  it('give a bound if the figure is below its resolution', () => {
    expect(nss({ nss: 1e-6 })).toContain('below resolution');
    expect(nss({ nss: 0 })).not.toContain('below');
    expect(wedin({ wedinVacuous: true, wedinBound: null })).toBe('vacuous, no gap');
    expect(wedin({ wedinVacuous: false, wedinBound: 0.9429 })).toBe('sin θ ≤ 0.943');
  });
});

describe('scales', () => {
  it('put the reference in the middle and keep it there when fitted', () => {
    const lift = { kind: 'log1', hi: 2 } as const;
    expect(toUnit(lift, 1)).toBeCloseTo(0, 12);
    expect(toUnit(lift, 0.5)).toBeCloseTo(-1, 12);
    expect(reference(lift)).toBe(1);
    const stretched = fitted(lift, [0.8, 1.1, null]);
    expect(ends(stretched)[1]).toBeCloseTo(1.25, 12);
    expect(fitted({ kind: 'div', hi: 25 }, [-3, 2])).toEqual({ kind: 'div', hi: 3 });
  });
  it('stay usable for one value, none, and values that a logarithm lacks', () => {
    expect(fitted({ kind: 'lin', lo: 0, hi: 1 }, [4])).toEqual({ kind: 'lin', lo: 3.5, hi: 4.5 });
    expect(fitted({ kind: 'log', lo: 1, hi: 2 }, [])).toEqual({ kind: 'log', lo: 1, hi: 2 });
    expect(fitted({ kind: 'log', lo: 1, hi: 2 }, [0, 5, 50])).toEqual({ kind: 'log', lo: 5, hi: 50 });
    expect(toUnit({ kind: 'log1', hi: 64 }, 0)).toBe(-1);
  });
});
