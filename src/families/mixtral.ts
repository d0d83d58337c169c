/** Mixtral: w1, w3, w2 of each expert under `block_sparse_moe` are gate, up, down; Transformers 5 stacks them under `mlp.experts`. */
import type { Family } from './family.ts';

export const MIXTRAL: Family = {
  title: 'Mixtral',
  modelTypes: ['mixtral', 'minimax', 'minimax_m2'],
  mark: /(^|\.)layers\.\d+\.block_sparse_moe\.experts\.\d+\.w1\.weight$/,
  segments: { block_sparse_moe: 'mlp' },
  expertLeaves: { w1: 'gate_proj', w2: 'down_proj', w3: 'up_proj' },
  columns: { router: ['router'], gate: ['w1'], up: ['w3'], down: ['w2'] },
  cache: { windowed: ['mixtral'] },
};
