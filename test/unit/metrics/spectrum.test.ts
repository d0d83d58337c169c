import { describe, expect, it } from 'vitest';
import { energyRank, fitPowerLaw, marchenkoPasturEdge, spectrumMetrics } from '../../../src/metrics/index.ts';
import { uniform } from '../matrices.ts';

describe('spectral metrics', () => {
  it('of an identity: every rank full, condition 1', () => {
    const metrics = spectrumMetrics(new Float64Array(16).fill(2), 16, 20, 0.2);
    expect(metrics).toMatchObject({
      spectralNorm: 2,
      frobeniusNorm: 8,
      stableRank: 16,
      numericalRank: 16,
      conditionNumber: 1,
      energyRank90: 15,
      energyRank99: 16,
      outlierCount: 0,
      powerLawAlpha: null, // all candidates have a log sum of 0
    });
    expect(metrics.effectiveRank).toBeCloseTo(16, 12);
    expect(metrics.mpSoftRank).toBeCloseTo((0.2 * (4 + Math.sqrt(20)) ** 2) / 4, 12);
  });
  it('of rank one: every rank 1, no condition number, no fit', () => {
    const values = Float64Array.from({ length: 12 }, (_, i) => (i === 0 ? 3 : 0));
    const metrics = spectrumMetrics(values, 12, 12, 0.0625);
    expect(metrics).toMatchObject({ stableRank: 1, effectiveRank: 1, numericalRank: 1, energyRank99: 1 });
    expect(metrics).toMatchObject({ conditionNumber: null, powerLawAlpha: null, alphaHat: null, outlierCount: 1 });
  });
  it('of a zero matrix: norms, ranks and counts 0, everything else null', () => {
    expect(spectrumMetrics(new Float64Array(12), 12, 30, 0)).toEqual({
      spectralNorm: 0,
      frobeniusNorm: 0,
      stableRank: 0,
      effectiveRank: 0,
      numericalRank: 0,
      conditionNumber: null,
      energyRank90: 0,
      energyRank99: 0,
      powerLawAlpha: null,
      powerLawXmin: null,
      powerLawD: null,
      alphaHat: null,
      logAlphaNorm: null,
      mpSoftRank: null,
      outlierCount: 0,
    });
  });
  it('are all null if the matrix is not finite', () => {
    expect(new Set(Object.values(spectrumMetrics(null, 12, 30, null)))).toEqual(new Set([null]));
  });
  it('count values above max(m, n) 2^-23 s1 only, strictly', () => {
    const tolerance = 64 * 2 ** -23;
    const metrics = spectrumMetrics(Float64Array.of(1, tolerance * 1.001, tolerance), 64, 3, null);
    expect(metrics).toMatchObject({ numericalRank: 2, conditionNumber: null, mpSoftRank: null, outlierCount: null });
  });
  it('neither over- nor underflow', () => {
    for (const scale of [1e200, 1e-200]) {
      const metrics = spectrumMetrics(Float64Array.of(4 * scale, 3 * scale), 2, 2, null);
      expect(metrics.frobeniusNorm).toBeCloseTo(5 * scale, -190);
      expect((metrics.frobeniusNorm ?? 0) / scale).toBeCloseTo(5, 12);
    }
  });
});

describe('the energy rank', () => {
  it('is the least k that holds the share', () => {
    expect(energyRank(Float64Array.of(3, 1), 0.9)).toBe(1); // 9 of 10
    expect(energyRank(Float64Array.of(3, 1), 0.91)).toBe(2);
  });
});

describe('the Marchenko-Pastur edge', () => {
  it('lies on the scale of singular values', () => {
    expect(marchenkoPasturEdge(4, 9, 16)).toBe(14);
  });
});

describe('the power-law fit', () => {
  /** The definition, term by term. */
  function bySearch(values: number[]): { alpha: number; xmin: number; distance: number } {
    const ascending = [...values].sort((a, b) => a - b);
    let best = { alpha: NaN, xmin: NaN, distance: Infinity };
    for (const x of ascending.slice(0, -1)) {
      const tail = ascending.filter((l) => l >= x);
      const sum = tail.reduce((s, l) => s + Math.log(l / x), 0);
      if (sum === 0) continue;
      const alpha = 1 + tail.length / sum;
      const distance = Math.max(...tail.map((l, j) => Math.abs(1 - (l / x) ** (1 - alpha) - j / tail.length)));
      if (distance < best.distance) best = { alpha, xmin: x, distance };
    }
    return best;
  }
  it('finds what the definition finds, repeated values included', () => {
    const next = uniform(8);
    for (let run = 0; run < 20; run++) {
      const values = Array.from({ length: 40 }, () => Math.round(1e3 * (1 - next()) ** -0.6) / 1e3);
      const fit = fitPowerLaw(Float64Array.from(values).sort().reverse());
      const expected = bySearch(values);
      expect(fit?.xmin).toBe(expected.xmin);
      expect(fit?.alpha).toBeCloseTo(expected.alpha, 10);
      expect(fit?.distance).toBeCloseTo(expected.distance, 12);
    }
  });
  it('recovers the exponent of a power law', () => {
    const values = Float64Array.from({ length: 2000 }, (_, i) => ((i + 0.5) / 2000) ** (-1 / 1.5));
    expect(fitPowerLaw(values)?.alpha).toBeCloseTo(2.5, 1);
  });
  it('gives alpha-hat and the log of the alpha norm without overflow', () => {
    const values = Float64Array.from({ length: 30 }, (_, i) => 1e150 * (30 - i));
    const fit = fitPowerLaw(values);
    const { alpha = NaN, alphaHat, logAlphaNorm } = fit ?? {};
    expect(alphaHat).toBeCloseTo(alpha * Math.log10(3e151), 9);
    const scaled = values.reduce((s, l) => s + (l / 3e151) ** alpha, 0);
    expect(logAlphaNorm).toBeCloseTo(alpha * Math.log10(3e151) + Math.log10(scaled), 9);
  });
  it('is null under ten values', () => {
    expect(fitPowerLaw(Float64Array.of(9, 8, 7, 6, 5, 4, 3, 2, 1))).toBeNull();
  });
});
