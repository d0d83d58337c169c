import { describe, expect, it } from 'vitest';
import { MIN_SIBLINGS, SCALE_Z, scaleOutliers } from '../../../src/health/scale.ts';

/** mulberry32, and two uniforms to a Gaussian */
function gaussians(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

describe('scale against the siblings', () => {
  const level = [1, 1.1, 0.95, 1.05, 0.9, 1.02];
  const rms = (values: number[]): { rms: number }[] => values.map((x) => ({ rms: x }));
  it('says nothing of layers alike, nor of too few', () => {
    expect(scaleOutliers(rms(level))).toEqual([]);
    expect(scaleOutliers(rms([1, 1, 1, 1, 100].slice(0, MIN_SIBLINGS - 1)))).toEqual([]);
  });
  it('finds the layer that stands apart, and how far', () => {
    const found = scaleOutliers(rms([...level, 16]));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ member: { rms: 16 }, siblings: 7, severity: 'warning' });
    expect(found[0]?.factor).toBeCloseTo(16 / 1.02, 6);
    expect(found[0]?.z).toBeGreaterThan(SCALE_Z);
    expect(scaleOutliers(rms([...level, 3]))[0]?.severity).toBe('info');
    expect(scaleOutliers(rms([...level, 1 / 16]))[0]).toMatchObject({ severity: 'warning' });
  });
  it('does not take a few percent for an outlier however close the others are', () => {
    expect(scaleOutliers(rms([1, 1, 1, 1, 1, 1.9]))).toEqual([]);
    expect(scaleOutliers(rms([1, 1, 1, 1, 1, 2.1]))[0]?.z).toBe(Infinity);
  });
  it.each([
    [6, 0.06],
    [16, 0.02],
    [32, 0.006],
  ])('flags Gaussian groups of %i with the chance that METRICS.md states, %f', (n, chance) => {
    const next = gaussians(n);
    const runs = 20_000;
    let flagged = 0;
    for (let run = 0; run < runs; run++) {
      // a spread so wide that the factor never decides
      const members = Array.from({ length: n }, () => ({ rms: Math.exp(20 * next()) }));
      if (scaleOutliers(members).length) flagged++;
    }
    expect(flagged / runs).toBeGreaterThan(0.7 * chance);
    expect(flagged / runs).toBeLessThan(1.35 * chance);
  });
});
