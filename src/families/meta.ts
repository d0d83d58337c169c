/**
 * Meta's own files, "consolidated.00.pth" converted as they are, and Mistral's "consolidated.safetensors". Hugging Face's names are put
 * for theirs before two sides are paired. Rows of wq and wk lie in another order there: Meta turns neighbouring rows of a head together,
 * Hugging Face's rotary code the first half of a head with the second (transformers, models/llama/convert_llama_weights_to_hf.py, `permute`).
 */
import type { Family } from './family.ts';

export const META: Family = {
  title: 'Meta consolidated',
  modelTypes: [],
  mark: /^layers\.\d+\.attention\.wq\.weight$/,
  buffers: [String.raw`(^|\.)rope\.freqs$`],
  heads: ['output'],
  columns: { query: ['wq'], key: ['wk'], value: ['wv'], out: ['attention.wo'], gate: ['w1'], up: ['w3'], down: ['w2'] },
  headSides: { query: ['attention.wq'], keyValue: ['attention.wk', 'attention.wv'], out: ['attention.wo'] },
  published: {
    'attention.wq': 'self_attn.q_proj',
    'attention.wk': 'self_attn.k_proj',
    'attention.wv': 'self_attn.v_proj',
    'attention.wo': 'self_attn.o_proj',
    'feed_forward.w1': 'mlp.gate_proj',
    'feed_forward.w2': 'mlp.down_proj',
    'feed_forward.w3': 'mlp.up_proj',
    'feed_forward.gate': 'mlp.gate',
    attention_norm: 'input_layernorm',
    ffn_norm: 'post_attention_layernorm',
    tok_embeddings: 'embed_tokens',
    output: 'lm_head',
  },
  rotaryPairs: ['attention.wq', 'attention.wk'],
};
