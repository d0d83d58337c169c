/** Llama 4: experts stored [E, in, out] under `feed_forward`, gate and up in halves. */
import type { Family } from './family.ts';

export const LLAMA4: Family = {
  title: 'Llama 4',
  modelTypes: ['llama4', 'llama4_text'],
  mark: /(^|\.)layers\.\d+\.feed_forward\.experts\.gate_up_proj$/,
  fused: { gate_up_proj: 'gate-up' },
  expertsStored: 'in-out',
};
