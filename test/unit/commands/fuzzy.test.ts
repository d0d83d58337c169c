import { describe, expect, test } from 'vitest';
import { rank, wordScore } from '../../../src/commands/fuzzy.ts';
import { growth } from '../growth.ts';

const names = [
  'model.embed_tokens.weight',
  ...Array.from({ length: 14 }, (_, layer) => [
    `model.layers.${layer}.self_attn.q_proj.weight`,
    `model.layers.${layer}.mlp.up_proj.weight`,
  ]).flat(),
  'lm_head.weight',
];
const best = (query: string): string | undefined => rank(names, (name) => name, query, 5)[0];

describe('ranking names', () => {
  test('whole parts come before beginnings, and these before the inside and scattered letters', () => {
    const [whole, start, inside, apart] = ['a.proj', 'a.projection', 'a.xproj', 'p.r.o.j'].map((name) =>
      wordScore(name, 'proj'),
    );
    expect([whole, start, inside, apart]).toEqual([whole, start, inside, apart].sort((a, b) => Number(b) - Number(a)));
    expect(new Set([whole, start, inside, apart]).size).toBe(4);
    expect(wordScore('a.b', 'proj')).toBe(0);
  });
  test('words in any order find the tensor', () => {
    expect(best('1 q_proj')).toBe('model.layers.1.self_attn.q_proj.weight');
    expect(best('q_proj 12')).toBe('model.layers.12.self_attn.q_proj.weight');
    expect(best('Up 3')).toBe('model.layers.3.mlp.up_proj.weight');
    expect(best('lmh')).toBe('lm_head.weight');
    expect(best('embtok')).toBe('model.embed_tokens.weight');
    expect(best('q_proj nothing')).toBeUndefined();
  });
  test('a number is not looked for digit by digit', () => {
    expect(wordScore('layers.1.experts.2', '12')).toBe(0);
  });
  test('nothing typed gives the first ones, and never more than asked for', () => {
    expect(rank(names, (name) => name, ' ', 3)).toEqual(names.slice(0, 3));
    expect(rank(names, (name) => name, 'weight', 7)).toHaveLength(7);
  });
  test('takes work in proportion to the names', async () => {
    const many = Array.from({ length: 36_000 }, (_, i) => `model.layers.${i % 61}.mlp.experts.${i}.down_proj.weight`);
    const ranked = (count: number): string[] => rank(many.slice(0, count), (name) => name, 'exp 12345 down', 200);
    expect(ranked(36_000)[0]).toContain('.12345.');
    // 8 if linear, 64 if every name were held against every other
    expect(await growth(ranked, 4500, 36_000, 24)).toBeLessThan(24);
  });
});
