/** ChatGLM 2 and 3: NeoX's names, but query, key and value lie one behind the other. */
import type { Family } from './family.ts';

export const CHATGLM: Family = {
  title: 'ChatGLM',
  modelTypes: ['chatglm'],
  mark: /(^|\.)encoder\.layers\.\d+\.self_attention\.query_key_value\.weight$/,
  fused: { query_key_value: 'qkv' },
};
