import { describe, expect, it } from 'vitest';
import { matchesGlob } from '../../../src/checkpoint/index.ts';

describe('glob', () => {
  it.each<[string, string, boolean]>([
    ['*', '', true],
    ['*', 'anything.at.all', true],
    ['', '', true],
    ['', 'a', false],
    ['abc', 'abc', true],
    ['abc', 'abcd', false],
    ['*q_proj*', 'model.layers.0.self_attn.q_proj.weight', true],
    ['model.layers.?.*', 'model.layers.3.mlp', true],
    ['model.layers.?.*', 'model.layers.13.mlp', false],
    ['*.q_proj.*,*.k_proj.*', 'l.k_proj.weight', true],
    ['*.q_proj.*, *.k_proj.*', 'l.v_proj.weight', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['**a', 'bba', true],
    ['a.c', 'abc', false],
    ['[a]', '[a]', true],
    ['(a+)+$', '(a+)+$', true],
  ])('%s on %s', (pattern, name, expected) => {
    expect(matchesGlob(pattern, name)).toBe(expected);
  });
  it('ends quickly on a pattern made to hang', () => {
    const start = performance.now();
    expect(matchesGlob('*a'.repeat(100) + 'b', 'a'.repeat(10_000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
