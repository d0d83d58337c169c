import { describe, expect, it } from 'vitest';
import { gridOf } from '../../../src/checkpoint/index.ts';

describe('the grid of a pair', () => {
  it.each<[string, string | null, boolean]>([
    ['BF16', 'BF16', true],
    ['F32', 'BF16', false],
    ['F64', 'BF16', false],
    ['F16', 'F16', true],
    ['F8_E4M3', 'F8_E4M3', true],
    ['F8_E5M2FNUZ', 'F8_E5M2FNUZ', true],
    ['I8', null, false],
    ['F8_E8M0', null, false],
  ])('is that of a tuned side in %s', (tuned, grid, onGrid) => {
    expect(gridOf(tuned)).toEqual(grid === null ? null : { grid, onGrid });
  });
});
