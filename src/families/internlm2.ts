/** InternLM 2: `wqkv` by key/value head, as NeoX has it. */
import type { Family } from './family.ts';

export const INTERNLM2: Family = {
  title: 'InternLM 2',
  modelTypes: ['internlm2'],
  mark: /(^|\.)layers\.\d+\.attention\.wqkv\.weight$/,
  fused: { wqkv: 'qkv-by-group' },
  columns: { qkv: ['wqkv'] },
};
