/** One weight under two layouts: fused against split, stacked experts against single ones. Both get one key. */
import type { TensorRow } from '../protocol/engine.ts';
import { normalizeName } from './names.ts';
import type { MatrixView } from './types.ts';

const QKV_LEAVES = new Set([
  'qkv_proj',
  'qkv',
  'W_pack',
  'Wqkv',
  'wqkv',
  'c_attn',
  'query_key_value',
  'in_proj_weight',
]);
const GATE_UP_LEAVES = new Set(['gate_up_proj', 'gate_and_up_proj']);
/** Mixtral's names for what others call gate, down and up. */
const MIXTRAL_LEAVES = new Map([
  ['w1', 'gate_proj'],
  ['w2', 'down_proj'],
  ['w3', 'up_proj'],
]);

/** A key that a view shares with the same matrix saved in another layout: "layers.0.mlp.experts.7.gate_proj". */
export function layoutKey(tensor: TensorRow, view: MatrixView): string {
  const marks = view.name.slice(tensor.name.length).split('#').slice(1);
  const parts = normalizeName(tensor.name)
    .split('.')
    .map((part) => (part === 'block_sparse_moe' ? 'mlp' : part));
  const suffix = parts.at(-1) === 'bias' ? ['bias'] : [];
  if (parts.length > 1 && (parts.at(-1) === 'weight' || parts.at(-1) === 'bias')) parts.pop();
  const part = marks.find((mark) => !/^\d+$/.test(mark));
  const expert = marks.find((mark) => /^\d+$/.test(mark));
  const leaf = parts.at(-1) ?? '';
  if (part !== undefined && (QKV_LEAVES.has(leaf) || GATE_UP_LEAVES.has(leaf)))
    parts[parts.length - 1] = `${part}_proj`;
  const at = parts.lastIndexOf('experts');
  if (expert !== undefined && at >= 0) parts.splice(at + 1, 0, expert);
  const plain = MIXTRAL_LEAVES.get(leaf);
  if (plain !== undefined && at >= 0) parts[parts.length - 1] = plain;
  return [...parts, ...suffix].join('.');
}
