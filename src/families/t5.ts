/** T5 and UL2: two stacks, `block.N.layer.M`; q, k, v, o without "_proj"; wi and wo of the feed-forward. */
import type { Family } from './family.ts';

export const T5: Family = {
  title: 'T5',
  modelTypes: ['t5', 'mt5', 'umt5', 'longt5', 'switch_transformers'],
  mark: /(^|\.)encoder\.block\.\d+\.layer\.\d+\.SelfAttention\.q\.weight$/,
  embeddings: ['shared'],
  columns: {
    query: ['q'],
    key: ['k'],
    value: ['v'],
    out: ['o'],
    gate: ['DenseReluDense.wi_0'],
    up: ['DenseReluDense.wi', 'DenseReluDense.wi_1'],
    down: ['DenseReluDense.wo'],
  },
  headSides: {
    query: ['SelfAttention.q', 'EncDecAttention.q'],
    keyValue: ['SelfAttention.k', 'SelfAttention.v', 'EncDecAttention.k', 'EncDecAttention.v'],
    out: ['SelfAttention.o', 'EncDecAttention.o'],
  },
};
