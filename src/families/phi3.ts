/** Phi-3 and Phi-4: Llama's blocks with query, key, value fused, and gate with up. */
import type { Family } from './family.ts';

export const PHI3: Family = {
  title: 'Phi-3',
  modelTypes: ['phi3', 'phi3_v', 'phi4_multimodal', 'glm', 'glm4'],
  mark: /(^|\.)layers\.\d+\.self_attn\.qkv_proj\.weight$/,
  fused: { qkv_proj: 'qkv', gate_up_proj: 'gate-up', gate_and_up_proj: 'gate-up' },
  columns: { qkv: ['qkv'], gateUp: ['gate_up'] },
  cache: { windowed: ['phi3'] },
};
