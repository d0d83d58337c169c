/** What llama.cpp's converter does to the rows of an architecture, and to its norms. */
import { expect, it } from 'vitest';
import { ggufNormsFromOne, ggufRowsInPairs } from '../../../src/families/index.ts';

it('query and key are in pairs, as published, or not known to be either', () => {
  for (const name of ['llama', 'granitehybrid', 'deepseek', 'arctic', 'bailingmoe', 'llada'])
    expect(ggufRowsInPairs(name), name).toBe(true);
  // llama4 and apertus are classes of Llama's that leave the rows alone.
  for (const name of ['llama4', 'apertus', 'qwen3', 'deepseek2', 'command-r', 'ernie4_5'])
    expect(ggufRowsInPairs(name), name).toBe(false);
  // plamo lays whole heads in another order.
  for (const name of ['plamo', 'minicpm3', 'of-next-year']) expect(ggufRowsInPairs(name), name).toBeNull();
});

it('the norms of Gemma are stored as 1 + w up to its third version, and no further', () => {
  for (const name of ['gemma', 'gemma2', 'gemma3', 'nemotron']) expect(ggufNormsFromOne(name), name).toBe(true);
  for (const name of ['gemma3n', 'gemma4', 'llama', 'nemotron_h']) expect(ggufNormsFromOne(name), name).toBe(false);
});
