import { describe, expect, it } from 'vitest';
import { overNoiseText } from '../../../webview/comparison/twin.ts';

describe('the mark of the noise twin', () => {
  it('is the figure over that of noise of the same size', () => {
    expect(overNoiseText(1.3, 2)).toBe('×\u202f0.650 of noise of the same size');
  });
  it('is none if there is no ratio', () => {
    for (const [value, noise] of [
      [null, 2],
      [1, null],
      [1, undefined],
      [1, 0],
      [0, 0],
      [-1, 2],
      [true, true],
    ])
      expect(overNoiseText(value, noise), `${value} over ${noise}`).toBe('');
  });
});
