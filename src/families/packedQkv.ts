/** Baichuan's `W_pack` and MPT's `Wqkv`: query, key, value one behind the other. */
import type { Family } from './family.ts';

export const PACKED_QKV: Family = {
  title: 'Baichuan, MPT',
  modelTypes: ['baichuan', 'mpt', 'dbrx'],
  mark: /(^|\.)(self_attn\.W_pack|attn\.Wqkv)\.weight$/,
  fused: { W_pack: 'qkv', Wqkv: 'qkv' },
  columns: { qkv: ['Wqkv', 'W_pack'], out: ['out'] },
  headSides: { out: ['attn.out_proj', 'self_attn.out_proj'] },
};
