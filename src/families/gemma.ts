/** Gemma 2 and later: Llama's names with more norms; a norm's weight w stands for 1 + w. */
import type { Family } from './family.ts';

export const GEMMA: Family = {
  title: 'Gemma',
  modelTypes: ['gemma', 'gemma2', 'gemma3', 'gemma3_text', 'gemma3n', 'gemma3n_text', 'gemma4', 'gemma4_text'],
  mark: /(^|\.)layers\.\d+\.pre_feedforward_layernorm\.weight$/,
  normsFromZero: true,
  cache: {
    otherState: [
      [/^(num_global_key_value_heads|global_head_dim)$/, 'its layers differ in heads or head width'],
      [/^num_kv_shared_layers$/, 'some layers share their cache'],
    ],
  },
};
