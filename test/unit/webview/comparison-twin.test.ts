import { nothing, type TemplateResult } from 'lit';
import { describe, expect, it } from 'vitest';
import { twinMark } from '../../../webview/comparison/twin.ts';

describe('the mark of the noise twin', () => {
  it('is the figure over that of noise of the same size', () => {
    expect((twinMark(1.3, 2) as TemplateResult).values.join(' ')).toBe('×\u200a0.650 of noise of the same size');
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
      expect(twinMark(value, noise), `${value} over ${noise}`).toBe(nothing);
  });
});
