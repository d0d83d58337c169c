import { describe, expect, it } from 'vitest';
import { matchesGlob } from '../../../src/checkpoint/index.ts';
import { growth } from '../growth.ts';

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
  it('ends on a pattern made to hang', async () => {
    // every way to place five stars: 32 times as many in twice the text
    const matches = (length: number): boolean => matchesGlob(`${'*a'.repeat(5)}b`, 'a'.repeat(length));
    expect(await growth(matches, 40, 80, 8)).toBeLessThan(8);
    expect(matchesGlob('*a'.repeat(100) + 'b', 'a'.repeat(10_000))).toBe(false);
  });
});
