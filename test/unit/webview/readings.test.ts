import { describe, expect, it } from 'vitest';
import { ends, fitted, reference, toUnit } from '../../../webview/shared/heatmap-scale.ts';
import { disagreeing, energyVerdict, maskVerdict, safePosition } from '../../../src/metrics/verdict.ts';
import { cellReading, nss, wedin } from '../../../webview/shared/readings.ts';

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
  it('say where the update points with its factor, then which weights changed', () => {
    expect(cellReading(metrics(0.1, 0.2, 5, 50.9))).toMatch(
      /^The update lies in the base’s main directions \(×\u202f?51 of a random direction\)\. Which weights changed is like rounding noise\.$/,
    );
    expect(cellReading(metrics(0.1, 0.2, 5, 16))).toContain('The update leans into the base’s main directions');
    expect(cellReading(metrics(0.1, 0.2, 5, 0.5))).toContain('The update avoids the base’s main directions');
    expect(cellReading(metrics(-0.5, -0.5, -9))).toContain('The changed weights avoid the base’s main entries.');
    expect(cellReading(metrics(0.5, 0.5, 9))).toContain('The changed weights favour the base’s main entries.');
    expect(cellReading(metrics(0, 0, 0, 1, [0.29, 0.31]))).toContain('which ones says hardly anything');
    expect(cellReading({ ...metrics(0, 0, 0), updateNorm: 0 })).toMatch(/^Unchanged/);
    expect(cellReading({ ...metrics(0, 0, 0), illDefined: true })).toContain('nothing is said of where');
    expect(cellReading({ ...metrics(0, 0, 0, 50), maskRank: 2 })).toContain('Too few main directions');
    expect(cellReading(metrics(0, 0, 0), ['not-finite'])).toContain('NaN');
  });
  it('name noise of the same size, and say nothing that it explains', () => {
    const noise = { jointEnergy: 0.03, jointEnergyBaseline: 0.01, updateStableRank: 40 };
    const [clear, explained] = [50.9, 3.5].map((ratio) => ({ ...metrics(0, 0, 0, ratio), twin: noise }));
    expect(cellReading(clear!)).toContain('The update lies in');
    expect(cellReading(explained!)).toContain('The update points like noise of the same size.');
    expect(cellReading({ ...explained!, twin: null })).toContain('leans into');
    expect(cellReading({ ...metrics(0, 0, 0), twin: null })).toContain('points like a random direction');
    expect(disagreeing(explained!)).toBe(false);
    expect(disagreeing({ ...explained!, twin: null })).toBe(true);
  });
  it('call an update low-rank if it has less than half the rank of noise of its size, and no adapter, which is so by construction', () => {
    const low = { ...metrics(0, 0, 0, 50.9), updateStableRank: 19, twin: { updateStableRank: 40 } };
    expect(cellReading(low)).toContain('The update is low-rank and lies in');
    expect(cellReading({ ...low, updateStableRank: 21 })).toContain('The update lies in');
    expect(cellReading(low, [], true)).toContain('The update lies in');
    expect(cellReading({ ...low, jointEnergy: 0.01 })).toContain('low-rank, but points like noise of the same size');
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
