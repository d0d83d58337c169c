/** Phi-3.5-MoE: Mixtral's names, but its router `block_sparse_moe.gate` is `mlp.router` in Transformers 5. */
import type { Family } from './family.ts';

export const PHIMOE: Family = {
  title: 'PhiMoE',
  modelTypes: ['phimoe'],
  renames: { 'block_sparse_moe.gate': 'mlp.router' },
};
