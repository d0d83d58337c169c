/** Qwen-MoE and DeepSeek: a list of experts with Llama's names, shared experts, a router called `gate`; MLA in DeepSeek. */
import type { Family } from './family.ts';

export const QWEN_MOE: Family = {
  title: 'Qwen-MoE, DeepSeek',
  modelTypes: ['qwen2_moe', 'qwen3_moe', 'olmoe', 'deepseek', 'deepseek_v2', 'deepseek_v3', 'kimi_k2', 'glm4_moe'],
  mark: /(^|\.)layers\.\d+\.mlp\.experts\.\d+\.gate_proj\.weight$/,
  columns: {
    query: ['q', 'q_a', 'q_b'],
    key: ['kv_a_proj_with_mqa', 'kv_b'],
    router: ['shared_expert_gate'],
  },
  cache: { otherState: [[/^kv_lora_rank$/, 'latent attention (MLA) caches a compressed state']] },
};
