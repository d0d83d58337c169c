import { describe, expect, it } from 'vitest';
import { gridOf } from '../../../src/checkpoint/index.ts';

describe('the grid of a pair', () => {
  it.each<[string, string, string | null, boolean, boolean]>([
    ['BF16', 'BF16', 'BF16', true, false],
    ['F32', 'F32', 'BF16', false, false],
    ['F64', 'F64', 'BF16', false, false],
    ['F16', 'F16', 'F16', true, false],
    ['BF16', 'F32', 'BF16', true, true],
    ['F32', 'F64', 'BF16', true, true],
    ['F16', 'F32', 'BF16', true, true],
    ['BF16', 'F16', null, false, false],
    ['F8_E4M3', 'F8_E4M3', 'F8_E4M3', true, false],
    ['BF16', 'F8_E4M3', 'F8_E4M3', true, true],
    ['F8_E5M2FNUZ', 'F16', 'F8_E5M2FNUZ', true, true],
    ['F8_E4M3', 'F8_E5M2', null, false, false],
    ['F8_E4M3', 'I8', null, false, false],
    ['I32', 'I32', null, false, false],
    ['F8_E8M0', 'BF16', null, false, false],
  ])('%s and %s', (base, tuned, grid, onGrid, roundFirst) => {
    const expected = grid === null ? null : { grid, onGrid, roundFirst };
    expect(gridOf(base, tuned)).toEqual(expected);
    expect(gridOf(tuned, base)).toEqual(expected);
  });
});
