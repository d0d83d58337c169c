/** BERT and other encoders of text: one stack of layers, no cache. */
import type { Family } from './family.ts';

export const BERT: Family = {
  title: 'BERT',
  modelTypes: [
    ...['bert', 'roberta', 'xlm-roberta', 'distilbert', 'albert', 'electra', 'deberta', 'deberta-v2', 'camembert'],
    ...['modernbert', 'esm'],
  ],
  mark: /(^|\.)encoder\.layer\.\d+\.attention\.self\.query\.weight$/,
  buffers: [String.raw`(^|\.)position_ids$`],
  soleTowers: ['bert.encoder', 'roberta.encoder', 'distilbert.transformer'],
  heads: ['cls', 'classifier', 'qa_outputs'],
  columns: { query: ['query'], key: ['key'], value: ['value'], up: ['intermediate.dense'] },
  headSides: { query: ['self.query'], keyValue: ['self.key', 'self.value'], out: ['attention.output.dense'] },
  cache: {
    none: [
      ...['bert', 'roberta', 'xlm-roberta', 'distilbert', 'albert', 'electra', 'deberta', 'deberta-v2', 'camembert'],
      ...['modernbert', 'esm'],
    ],
  },
};
