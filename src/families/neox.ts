/**
 * GPT-NeoX, Pythia, Bloom, Falcon: `query_key_value` holds for each key/value head its query heads, its key and its value. The same name
 * is plainly query, key, value in ChatGLM, so it is split only if the family is known. `attention.bias` is a causal mask.
 */
import type { Family } from './family.ts';

export const NEOX: Family = {
  title: 'GPT-NeoX, Bloom, Falcon',
  modelTypes: ['gpt_neox', 'gpt_neox_japanese', 'bloom', 'falcon', 'RefinedWeb', 'RefinedWebModel'],
  mark: /(^|\.)gpt_neox\.layers\.\d+\.attention\.query_key_value\.weight$/,
  buffers: [String.raw`(^|\.)layers\.\d+\.attention\.bias$`, String.raw`(^|\.)masked_bias$`],
  heads: ['embed_out'],
  fused: { query_key_value: 'qkv-by-group' },
  // Transformers 5 calls it as other models do.
  renames: { embed_out: 'lm_head' },
  columns: {
    qkv: ['query_key_value'],
    out: ['dense', 'attention.dense', 'self_attention.dense'],
    up: ['dense_h_to_4h'],
    down: ['dense_4h_to_h'],
  },
  headSides: { out: ['attention.dense', 'self_attention.dense', 'self_attn.dense', 'attn.dense'] },
};
