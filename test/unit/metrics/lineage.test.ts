import { describe, expect, it } from 'vitest';
import { lineageOf, lineageOfTensors, lineageWarning } from '../../../src/metrics/lineage.ts';
import { english } from '../../../src/protocol/say.ts';
import { tensor } from '../makers.ts';

describe('the lineage of a pair', () => {
  it.each([
    [[0.99, 0.9, 0.2], [0.9], 'tuned'],
    [[0.9375, 0.875], [0.9], 'tuned'], // an even number: the mean of the middle two
    [[0.89], [0.01], 'apart'],
    [[0.49], [0.049], 'rotated'],
    [[0.02], [0.01], 'rotated'],
    [[0.02], [0.05], 'unrelated'],
    [[0.3], [0.05], 'apart'],
    [[0.02], [], 'apart'], // spectra tell unrelated from rotated
    [[-0.8], [0.5], 'unrelated'],
    [[], [], null],
    [[null, undefined, 0.95], [null], 'tuned'],
  ] as const)('with cosines %j and shifts %j is %s', (cosines, shifts, verdict) => {
    expect(lineageOf(cosines, shifts).verdict).toBe(verdict);
  });
  it('is of the block matrices', () => {
    const matrix = (cosine: number, nss: number) => tensor('w', { cosine, nss });
    const found = lineageOfTensors([
      matrix(0.01, 0.2),
      matrix(0.03, 0.4),
      tensor('norm', { cosine: 1 }, { shape: [64] }),
      tensor('embed', { cosine: 1 }, { layer: null }),
    ]);
    expect(found.verdict).toBe('unrelated');
    expect(found.cosine).toBeCloseTo(0.02, 12);
    expect(found.nss).toBeCloseTo(0.3, 12);
  });
  it('is said in front only if the two are hardly base and tuned', () => {
    const warning = (cosine: number, nss: number): string | null => {
      const text = lineageWarning(lineageOf([cosine], [nss]));
      return text && english(text);
    };
    expect(warning(0.99, 0.5)).toBeNull();
    expect(warning(0.1, 0.001)).toContain('another basis');
    expect(warning(0.01, 0.5)).toContain('Unrelated');
    expect(warning(0.6, 0.5)).toContain('Far apart');
  });
});
