/** GraniteMoE: `input_linear` [E, 2 I, H] is gate and up, `output_linear` [E, H, I] is down; no "experts" in the path. */
import type { Family } from './family.ts';

export const GRANITE_MOE: Family = {
  title: 'GraniteMoE',
  modelTypes: ['granitemoe', 'granitemoeshared', 'granitemoehybrid'],
  mark: /(^|\.)layers\.\d+\.block_sparse_moe\.input_linear\.weight$/,
  stacks: ['block_sparse_moe.input_linear', 'block_sparse_moe.output_linear'],
  fused: { 'block_sparse_moe.input_linear': 'gate-up', 'shared_mlp.input_linear': 'gate-up' },
  expertLeaves: { output_linear: 'down_proj' },
  columns: { router: ['router.layer'], gateUp: ['input_linear'], down: ['output_linear'] },
};
