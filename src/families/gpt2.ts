/** GPT-2 and its kin: Conv1D stores [in, out]; c_attn is query, key, value fused; attn.bias is a causal mask, no bias. */
import type { Family } from './family.ts';

export const GPT2: Family = {
  title: 'GPT-2',
  modelTypes: ['gpt2', 'openai-gpt', 'imagegpt', 'decision_transformer', 'clvp', 'gpt_bigcode', 'qwen'],
  mark: /(^|\.)h\.\d+\.attn\.c_attn\.weight$/,
  buffers: [String.raw`(^|\.)h\.\d+\.attn\.bias$`, String.raw`(^|\.)masked_bias$`],
  embeddings: ['wte', 'wpe'],
  fused: { c_attn: 'qkv' },
  conv1d: {
    modules: [
      ...['attn.c_attn', 'attn.c_proj', 'mlp.c_fc', 'mlp.c_proj'],
      ...['crossattention.c_attn', 'crossattention.q_attn', 'crossattention.c_proj'],
    ],
    modelTypes: ['gpt2', 'openai-gpt', 'imagegpt', 'decision_transformer', 'clvp'],
  },
  columns: { qkv: ['c_attn'], out: ['attn.c_proj'], up: ['c_fc'], down: ['mlp.c_proj'] },
  headSides: { out: ['attn.c_proj'] },
};

/**
 * Do these tensors lie [in, out], as Conv1D does? The fused c_attn tells: [in, 3 in] in a Conv1D, [3 in, in] in a Linear (Qwen v1 and
 * GPT-BigCode use the same names); the model type does if it is not at hand; null if neither tells.
 */
export function storesInOut(
  tensors: readonly { module: string; shape: readonly number[] }[],
  modelType: string | null,
): boolean | null {
  for (const { module, shape } of tensors) {
    const [rows = 0, columns = 0] = shape;
    if (/(^|\.)attn\.c_attn$/.test(module) && rows !== columns) return columns === 3 * rows;
  }
  if (modelType === null || !GPT2.modelTypes.includes(modelType)) return null;
  return GPT2.conv1d?.modelTypes.includes(modelType) ?? false;
}
