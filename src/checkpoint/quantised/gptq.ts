/** GPTQ and AWQ: 32-bit words of codes of a matrix [in, out], zero points and factors for groups of its rows. */
import type { TensorRow } from '../../protocol/engine.ts';
import { throwIfAborted } from '../../protocol/errors.ts';
import { checkGroups, numbersFrom, rowDecoder, unsignedTable } from './decode.ts';
import { present, sidesOf, stemOf, type Decoder, type Layout, type ReadBytes } from './layout.ts';

/** Rows of codes are read so many bytes at a time. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** AWQ: the eight codes of a word in the order of its bits are those of the columns 0, 2, 4, 6, 1, 3, 5, 7; here the place of a column. */
const AWQ_PLACES = [0, 4, 1, 5, 2, 6, 3, 7];

export const GPTQ: Layout = {
  title: 'GPTQ',
  source:
    'AutoGPTQ qlinear_cuda_old.py and GPTQModel torch.py: W[i, o] = (code - zero) * scale of the group g_idx[i]; format gptq stores zero - 1, gptq_v2 zero; words hold codes of rows, from the lowest bit on',
  claim(row, beside) {
    const found = wordsOf(row, beside.tensors);
    if (!found || row.shape[1] !== found.scales.shape[1]) return null;
    const { stem, zeros, scales } = found;
    const out = row.shape[1] ?? 0;
    const index = present(beside.tensors, `${stem}.g_idx`);
    const bits = ((zeros?.shape[1] ?? 0) * 32) / out || (beside.config.bits ?? 4);
    const inputs = ((row.shape[0] ?? 0) * 32) / bits;
    const groups = scales.shape[0] ?? 1;
    const size = groups === 1 ? inputs : (beside.config.groupSize ?? Math.ceil(inputs / groups));
    const common = {
      ...{ weight: `${stem}.weight`, kind: 'GPTQ', bits, flipped: true, shape: [out, inputs] },
      group: groups === 1 ? 'one scale a row' : `groups of ${size}`,
      sides: sidesOf(
        beside,
        ['qzeros', 'scales', 'g_idx'].map((name) => `${stem}.${name}`),
      ),
    } as const;
    if (![2, 3, 4, 8].includes(bits) || !Number.isInteger(inputs)) {
      const decoder = `its words [${row.shape.join(', ')}] do not divide into codes`;
      return { ...common, shape: null, decoder };
    }
    if (/marlin/.test(beside.config.format))
      return { ...common, decoder: 'its codes are ordered for the Marlin kernel, which this version does not read' };
    if (!index && Math.ceil(inputs / size) !== groups)
      return { ...common, decoder: `its ${groups} groups do not divide its ${inputs} inputs` };
    const shift = /v2/.test(beside.config.format) ? 0 : 1;
    return {
      ...common,
      decoder: (read) => gptqDecoder(read, { row, zeros, scales, index, bits, out, inputs, size, shift }),
    };
  },
};

export const AWQ: Layout = {
  title: 'AWQ',
  source:
    'AutoAWQ packing_utils.py and linear/gemm.py: W[i, o] = (code - zero) * scale of the group of i; words hold eight columns in the order 0 2 4 6 1 3 5 7',
  claim(row, beside) {
    const found = wordsOf(row, beside.tensors);
    const { zeros } = found ?? {};
    if (!found || !zeros || row.shape[1] !== zeros.shape[1] || row.shape[1] === found.scales.shape[1]) return null;
    const { stem, scales } = found;
    const [inputs = 0, words = 0] = row.shape;
    const [groups = 1, out = 0] = scales.shape;
    const bits = (words * 32) / out;
    const size = Math.ceil(inputs / groups);
    const common = {
      ...{ weight: `${stem}.weight`, kind: 'AWQ', bits, flipped: true, shape: [out, inputs] },
      group: groups === 1 ? 'one scale a row' : `groups of ${size}`,
      sides: sidesOf(
        beside,
        ['qzeros', 'scales'].map((name) => `${stem}.${name}`),
      ),
    } as const;
    if (bits !== 4) return { ...common, decoder: `AWQ of ${bits} bits is not documented` };
    if (Math.ceil(inputs / size) !== groups)
      return { ...common, decoder: `its ${groups} groups do not divide its ${inputs} inputs` };
    const codes = { row, columns: out, rowBytes: words * 4, bits, table: unsignedTable(4), order: AWQ_PLACES };
    const ones = { rows: inputs, blockRows: size, blockColumns: 1, scaleRows: groups, scaleColumns: out, shared: true };
    return {
      ...common,
      decoder: (read) =>
        rowDecoder(read, codes, {
          ...ones,
          scales: (first, count, signal) => numbersFrom(read, scales, first * out, count * out, { signal }),
          zeros: async (first, count, signal) => {
            const bytes = new Uint8Array(count * words * 4);
            await read(zeros, first * words * 4, bytes, signal);
            const values = new Float64Array(count * out);
            for (let i = 0; i < values.length; i++) {
              const nibble = i - (i % 8) + (AWQ_PLACES[i % 8] as number);
              values[i] = ((bytes[nibble >> 1] as number) >> (nibble % 2 ? 4 : 0)) & 15;
            }
            return values;
          },
        }),
    };
  },
};

function wordsOf(
  row: TensorRow,
  tensors: ReadonlyMap<string, TensorRow>,
): { stem: string; zeros: TensorRow | null; scales: TensorRow } | null {
  const stem = stemOf(row.name, '.qweight');
  if (stem === null || row.dtype !== 'I32' || row.shape.length !== 2) return null;
  const scales = present(tensors, `${stem}.scales`);
  const zeros = present(tensors, `${stem}.qzeros`);
  return scales && scales.shape.length === 2 ? { stem, zeros, scales } : null;
}

interface Gptq {
  row: TensorRow;
  /** null for symmetric ones that leave them out: the middle code */
  zeros: TensorRow | null;
  scales: TensorRow;
  index: TensorRow | null;
  bits: number;
  out: number;
  inputs: number;
  size: number;
  /** added to a stored zero point */
  shift: number;
}
function gptqDecoder(read: ReadBytes, gptq: Gptq): Decoder {
  const { row, zeros, scales, index, bits, out, inputs, size, shift } = gptq;
  const mask = 2 ** bits - 1;
  const zeroWords = zeros?.shape[1] ?? 0;
  // 32 rows are as many words as a code has bits; a piece begins with a whole word.
  const rowsAtOnce = Math.max(32, Math.floor(PIECE_BYTES / (out * bits * 4)) * 32);
  const words = async (from: TensorRow, first: number, count: number, signal?: AbortSignal): Promise<Uint32Array> => {
    const values = new Uint32Array(count);
    await read(from, first * 4, new Uint8Array(values.buffer), signal);
    return values;
  };
  const codeIn = (values: Uint32Array, at: number, stride: number, bit: number): number => {
    const word = bit >>> 5;
    const rest = bit & 31;
    let code = (values[word * stride + at] as number) >>> rest;
    if (rest + bits > 32) code |= (values[(word + 1) * stride + at] as number) << (32 - rest);
    return code & mask;
  };
  return {
    async decode(first, target, signal) {
      const end = first + target.length;
      const groupOf = index ? await numbersFrom(read, index, 0, inputs, { signal }) : null;
      if (groupOf) checkGroups(index as TensorRow, groupOf, scales.shape[0] ?? 0);
      const lastRow = Math.floor((end - 1) / out);
      const firstRow = Math.floor(first / out);
      for (let from = firstRow - (firstRow % 32); from <= lastRow; from += rowsAtOnce) {
        throwIfAborted(signal);
        const to = Math.min(lastRow, from + rowsAtOnce - 1);
        const firstWord = (from * bits) / 32;
        const lastWord = Math.min((row.shape[0] ?? 0) - 1, Math.floor((to * bits + bits - 1) / 32));
        const codes = await words(row, firstWord * out, (lastWord - firstWord + 1) * out, signal);
        const rowGroup = (at: number): number => (groupOf ? (groupOf[at] as number) : Math.floor(at / size));
        let low = Infinity;
        let high = 0;
        for (let at = Math.max(from, firstRow); at <= to; at++) {
          low = Math.min(low, rowGroup(at));
          high = Math.max(high, rowGroup(at));
        }
        const factors = await numbersFrom(read, scales, low * out, (high - low + 1) * out, { signal });
        const zeroCodes = zeros ? await words(zeros, low * zeroWords, (high - low + 1) * zeroWords, signal) : null;
        for (let at = Math.max(from, firstRow); at <= to; at++) {
          const group = rowGroup(at) - low;
          const bit = (at - from) * bits;
          const start = Math.max(0, first - at * out);
          const stop = Math.min(out, end - at * out);
          const place = at * out - first;
          for (let column = start; column < stop; column++) {
            const code = codeIn(codes, column, out, bit);
            const zero = zeroCodes ? codeIn(zeroCodes, group * zeroWords, 1, column * bits) + shift : 2 ** (bits - 1);
            target[place + column] = (code - zero) * (factors[group * out + column] as number);
          }
        }
      }
    },
  };
}
