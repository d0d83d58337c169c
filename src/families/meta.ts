/**
 * Meta's own files, "consolidated.00.pth" converted as they are. Rows of wq and wk are permuted against Hugging Face's (rotary halves
 * lie interleaved), so the two must not pair; their names differ, and nothing here makes them one.
 */
import type { Family } from './family.ts';

export const META: Family = {
  title: 'Meta consolidated',
  modelTypes: [],
  mark: /^layers\.\d+\.attention\.wq\.weight$/,
  buffers: [String.raw`(^|\.)rope\.freqs$`],
  heads: ['output'],
  columns: { query: ['wq'], key: ['wk'], value: ['wv'], out: ['attention.wo'], gate: ['w1'], up: ['w3'], down: ['w2'] },
  headSides: { query: ['attention.wq'], keyValue: ['attention.wk', 'attention.wv'], out: ['attention.wo'] },
};
