/** Qwen 3.5 MoE and what stacks as Transformers 5 does: `gate_up_proj` [E, 2 I, H], `down_proj` [E, H, I]; linear attention between. */
import type { Family } from './family.ts';

export const QWEN3_5_MOE: Family = {
  title: 'Qwen 3.5 MoE',
  modelTypes: ['qwen3_5_moe', 'qwen3_5', 'qwen3_next', 'qwen3_vl_moe'],
  mark: /(^|\.)layers\.\d+\.linear_attn\.in_proj_qkv\.weight$/,
  // Qwen3NextRMSNorm multiplies by 1 + w.
  normsFromZero: true,
  fused: { gate_up_proj: 'gate-up' },
  columns: { qkv: ['in_proj_qkv'] },
  cache: {
    otherState: [
      [
        /^(linear_num_key_heads|linear_attn_config|full_attention_interval|attn_layer_period|hybrid_override_pattern)$/,
        'only some layers cache keys and values',
      ],
    ],
  },
};
