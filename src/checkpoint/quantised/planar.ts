/** Codes packed along the first axis: a byte holds one code of each of several planes, which lie one behind the other in the weight. */
import type { TensorRow } from '../../protocol/engine.ts';
import { throwIfAborted } from '../../protocol/errors.ts';
import { numbersFrom } from './decode.ts';
import { present, sidesOf, stemOf, type Decoder, type Layout, type ReadBytes } from './layout.ts';
import { shapeFrom } from './packed.ts';
import { elementCount } from '../../protocol/lists.ts';

const PIECE_BYTES = 4 * 1024 * 1024;

interface Planes {
  row: TensorRow;
  bits: number;
  /** which bits of a byte are the first plane's */
  first: 'high' | 'low';
}
/** The value of a code by its place in the weight, for the places from `first` to before `end`. */
type Values = (first: number, end: number, signal?: AbortSignal) => Promise<(code: number, at: number) => number>;

function planarDecoder(read: ReadBytes, { row, bits, first: order }: Planes, values: Values): Decoder {
  const count = row.sizeBytes;
  const mask = 2 ** bits - 1;
  return {
    async decode(first, target, signal) {
      const end = first + target.length;
      for (let from = first; from < end;) {
        throwIfAborted(signal);
        const plane = Math.floor(from / count);
        const to = Math.min(end, (plane + 1) * count, from + PIECE_BYTES);
        const bytes = new Uint8Array(to - from);
        await read(row, from - plane * count, bytes, signal);
        const value = await values(from, to, signal);
        const shift = order === 'low' ? plane * bits : 8 - (plane + 1) * bits;
        for (let at = from; at < to; at++)
          target[at - first] = value(((bytes[at - from] as number) >> shift) & mask, at);
        from = to;
      }
    },
  };
}

/** What an HQQ layer saves beside its codes. */
export const HQQ_STATE: readonly string[] = [
  ...['scale', 'zero', 'shape', 'nbits', 'group_size', 'axis', 'packing', 'view_as_float', 'unpack_view_dtype'],
  ...['stores_quant_config', 'compute_dtype', 'channel_wise', 'optimize', 'round_zero', 'quant_scale', 'quant_zero'],
  ...['offload_meta', 'encoded_state_dict'],
];

export const HQQ: Layout = {
  title: 'HQQ',
  source:
    'hqq core/bitpack.py (pack_8bit_u8, pack_4bit_u8, pack_2bit_u8, pack_1bit_u8), core/quantize.py Quantizer.dequantize: (codes - zero) * scale, in groups along (axis 1) or across (axis 0) the weight as one line',
  claim(row, beside) {
    const stem = stemOf(row.name, '.W_q');
    if (stem === null || row.dtype !== 'U8') return null;
    const [scale, zero] = ['scale', 'zero'].map((name) => present(beside.tensors, `${stem}.${name}`));
    const shape = shapeFrom(beside.notes.get(`${stem}.shape`), present(beside.tensors, `${stem}.shape`));
    if (!scale || !zero || !shape) return null;
    const [all, groups, zeros] = [elementCount(shape), elementCount(scale.shape), elementCount(zero.shape)];
    const bits = (8 * row.sizeBytes) / all;
    // 3 bits lie ten to a word, in rows that are padded.
    if (![1, 2, 4, 8].includes(bits) || all % groups !== 0 || (zeros !== groups && zeros !== 1)) return null;
    const size = all / groups;
    const isAcross = scale.shape.length === 2 && scale.shape[0] === 1 && groups > 1;
    return {
      weight: `${stem}.weight`,
      kind: 'HQQ',
      bits,
      group: !isAcross && size === shape[1] ? 'one scale a row' : `groups of ${size}`,
      shape,
      flipped: false,
      sides: sidesOf(
        beside,
        HQQ_STATE.map((name) => `${stem}.${name}`),
      ),
      decoder: (read) =>
        planarDecoder(read, { row, bits, first: 'high' }, async (first, end, signal) => {
          const low = isAcross ? 0 : Math.floor(first / size);
          const count = isAcross ? groups : Math.floor((end - 1) / size) - low + 1;
          const scales = await numbersFrom(read, scale, low, count, { signal });
          const offsets = zeros === 1 ? null : await numbersFrom(read, zero, low, count, { signal });
          const [offset = 0] = offsets ? [] : await numbersFrom(read, zero, 0, 1, { signal });
          return (code, at) => {
            const group = isAcross ? at % groups : Math.floor(at / size) - low;
            return (code - (offsets?.[group] ?? offset)) * (scales[group] as number);
          };
        }),
    };
  },
};
export const BITNET: Layout = {
  title: 'BitNet',
  source:
    'transformers integrations/bitnet.py: unpack_weights (4 codes a byte, less 1), AutoBitLinear multiplies by weight_scale, BitLinear divides by it',
  claim(row, beside) {
    const stem = stemOf(row.name, '.weight');
    const scale = stem === null ? null : present(beside.tensors, `${stem}.weight_scale`);
    if (!scale || row.dtype !== 'U8' || row.shape.length !== 2 || beside.config.method !== 'bitnet') return null;
    if (scale.shape.some((side) => side !== 1)) return null;
    const [rows = 0, columns = 0] = row.shape;
    const multiplies = beside.config.linearClass === 'autobitlinear';
    return {
      ...{ weight: row.name, kind: 'BitNet', bits: 2, group: 'one scale a tensor' },
      ...{ shape: [rows * 4, columns], flipped: false, sides: [scale] },
      decoder: (read) =>
        planarDecoder(read, { row, bits: 2, first: 'low' }, async (_first, _end, signal) => {
          const [stated = 1] = await numbersFrom(read, scale, 0, 1, { signal });
          const factor = multiplies ? stated : 1 / stated;
          return (code) => (code - 1) * factor;
        }),
    };
  },
};
