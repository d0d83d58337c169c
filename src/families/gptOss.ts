/** gpt-oss: experts stored [E, in, out], gate and up columns alternating; MXFP4 as `_blocks` and `_scales`. */
import type { Family } from './family.ts';

export const GPT_OSS: Family = {
  title: 'gpt-oss',
  modelTypes: ['gpt_oss'],
  mark: /(^|\.)layers\.\d+\.self_attn\.sinks$/,
  // "gate_up_projs.7" in lists, as quantisers unfold the stack
  fused: { gate_up_proj: 'gate-up-alternating', gate_up_projs: 'gate-up-alternating' },
  segments: { gate_up_projs: 'gate_up_proj', down_projs: 'down_proj' },
  expertsStored: 'in-out',
};
