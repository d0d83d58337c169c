/** Mamba, RWKV and hybrids: a state of fixed size in place of keys and values. */
import type { Family } from './family.ts';

export const STATE_SPACE: Family = {
  title: 'state-space',
  modelTypes: ['mamba', 'mamba2', 'falcon_mamba', 'rwkv'],
  mark: /(^|\.)layers\.\d+\.mixer\.A_log$/,
  cache: {
    otherState: [
      [
        /^(state_size|ssm_cfg|mamba_\w+|ssm_state_size|conv_kernel|time_mix_\w+)$/,
        'state-space layers keep a state of fixed size',
      ],
    ],
  },
};
