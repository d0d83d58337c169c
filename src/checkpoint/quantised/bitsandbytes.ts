/** NF4 and FP4 of bitsandbytes: two codes a byte, the upper half first, over the weight as one line; a code book; a factor a block. */
import { codesInLine } from './line.ts';
import { natural, objectOf } from './config.ts';
import { present, sidesOf, stemOf, type Claim, type Layout } from './layout.ts';
import { elementCount } from '../../protocol/lists.ts';

const STATE = '.quant_state.bitsandbytes__';

export const BNB_4BIT: Layout = {
  title: 'NF4 and FP4 (bitsandbytes)',
  source:
    'bitsandbytes functional.py QuantState.from_dict, dequantize_4bit, dequantize_blockwise (nested absmax: code book * absmax + offset)',
  claim(row, beside) {
    if (stemOf(row.name, '.weight') === null && !beside.tensors.has(`${row.name}.absmax`)) return null;
    if (row.dtype !== 'U8' && row.dtype !== 'BF16' && row.dtype !== 'F16') return null;
    const side = (name: string): string => `${row.name}.${name}`;
    const [absmax, map] = [present(beside.tensors, side('absmax')), present(beside.tensors, side('quant_map'))];
    const type = ['nf4', 'fp4'].find((name) => beside.tensors.has(`${row.name}${STATE}${name}`));
    if (!absmax || !map || type === undefined) return null;
    const sides = sidesOf(beside, [
      ...['absmax', 'quant_map', 'nested_absmax', 'nested_quant_map'].map(side),
      `${row.name}${STATE}${type}`,
    ]);
    const count = row.sizeBytes * 2;
    const common = { weight: row.name, kind: type.toUpperCase(), bits: 4, flipped: false, sides };
    const state = stateOf(beside.notes.get(`${row.name}${STATE}${type}`));
    if (!state || elementCount(state.shape) > count) {
      const decoder = 'its quant_state does not say its shape: the JSON in it cannot be read';
      return { ...common, group: null, shape: [count], decoder } satisfies Claim;
    }
    const { shape, block, nestedBlock, nestedOffset } = state;
    const nested = [side('nested_absmax'), side('nested_quant_map')].map((name) => present(beside.tensors, name));
    const [factor, book] = nested;
    const group = `${factor ? 'double-quantised ' : ''}blocks of ${block}`;
    if (absmax.dtype === 'U8' && (!factor || !book || nestedBlock === null))
      return { ...common, group, shape, decoder: 'its nested_absmax or nested_quant_map is missing' };
    const nestedState =
      absmax.dtype === 'U8' && factor && book && nestedBlock !== null
        ? { factor, book, block: nestedBlock, offset: nestedOffset }
        : null;
    return {
      ...common,
      group,
      shape,
      decoder: (read) => codesInLine(read, { row, map, absmax, block, nested: nestedState }),
    };
  },
};

interface State {
  shape: number[];
  block: number;
  nestedBlock: number | null;
  nestedOffset: number;
}
function stateOf(bytes: Uint8Array | undefined): State | null {
  if (!bytes) return null;
  let fields: Record<string, unknown>;
  try {
    fields = objectOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return null;
  }
  const shape = fields['shape'];
  const block = natural(fields['blocksize']);
  if (!Array.isArray(shape) || block === null) return null;
  const sides = (shape as unknown[]).map(natural);
  if (sides.length === 0 || sides.some((length) => length === null)) return null;
  const offset = fields['nested_offset'];
  return {
    shape: sides as number[],
    block,
    nestedBlock: natural(fields['nested_blocksize']),
    nestedOffset: typeof offset === 'number' ? offset : 0,
  };
}
