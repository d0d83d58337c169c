/** Models converted by mlx-lm: experts stacked under `mlp.switch_mlp`; `.biases` beside `.scales` are state of its quantisation. */
import type { Family } from './family.ts';

export const MLX: Family = {
  title: 'MLX',
  modelTypes: [],
  mark: /(^|\.)switch_mlp\.(gate|up|down)_proj\.weight$/,
  buffers: [String.raw`(^|\.)biases$`],
  stacks: ['switch_mlp.gate_proj', 'switch_mlp.up_proj', 'switch_mlp.down_proj'],
  segments: { switch_mlp: 'experts' },
};
