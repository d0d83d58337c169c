/** gpt-oss: experts stored [E, in, out], gate and up columns alternating; MXFP4 as `_blocks` and `_scales`. */
import type { Family } from './family.ts';

export const GPT_OSS: Family = {
  title: 'gpt-oss',
  modelTypes: ['gpt_oss'],
  mark: /(^|\.)layers\.\d+\.self_attn\.sinks$/,
  fused: { gate_up_proj: 'gate-up-alternating' },
  expertsStored: 'in-out',
};
