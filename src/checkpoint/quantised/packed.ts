/** compressed-tensors pack-quantized: 32-bit words of codes along the rows of a matrix, a factor and perhaps a zero point a group. */
import type { TensorRow } from '../../protocol/engine.ts';
import { numbersFrom, rowDecoder, unsignedTable, type ScaleGrid } from './decode.ts';
import { present, sidesOf, stemOf, type Layout, type ReadBytes } from './layout.ts';
import { gridOver, groupText } from './scaled.ts';

export const PACKED: Layout = {
  title: 'compressed-tensors pack-quantized',
  source:
    'compressed-tensors pack_quantized: unpack_from_int32 (32 / bits codes a word from the lowest bit on, less 2^(bits - 1)), weight_shape, weight_zero_point packed along rows, weight_g_idx',
  claim(row, beside) {
    const stem = stemOf(row.name, '.weight_packed');
    if (stem === null || row.dtype !== 'I32' || row.shape.length !== 2) return null;
    const side = (name: string): TensorRow | null => present(beside.tensors, `${stem}.${name}`);
    const scale = side('weight_scale');
    const shape = shapeFrom(beside.notes.get(`${stem}.weight_shape`), side('weight_shape'));
    const names = ['weight_scale', 'weight_shape', 'weight_zero_point', 'weight_g_idx', 'weight_global_scale'];
    const [rows = 0, words = 0] = row.shape;
    const sides = sidesOf(
      beside,
      names.map((name) => `${stem}.${name}`),
    );
    const common = { weight: `${stem}.weight`, kind: 'INT', bits: 0, flipped: false, sides };
    const columns = shape?.[1];
    if (!shape || columns === undefined || shape[0] !== rows)
      return { ...common, group: null, shape: null, decoder: 'its weight_shape is missing or cannot be read' };
    const bits = [8, 4, 2, 1].find((size) => Math.ceil(columns / (32 / size)) === words);
    if (bits === undefined || !scale) {
      const decoder = scale ? 'how it packs its codes is not read by this version' : 'its weight_scale is missing';
      return { ...common, group: null, shape, decoder };
    }
    const index = side('weight_g_idx');
    const zero = side('weight_zero_point');
    const grid = gridOver(shape, scale.shape, null);
    if (!grid || grid.blockRows !== 1)
      return { ...common, kind: `INT${bits}`, bits, group: null, shape, decoder: 'its scales do not divide its codes' };
    const codes = { row, columns, rowBytes: words * 4, bits, table: unsignedTable(bits, 2 ** (bits - 1)) };
    const { scaleColumns } = grid;
    const scales =
      (read: ReadBytes): ScaleGrid['scales'] =>
      (first, count, signal) =>
        numbersFrom(read, scale, first * scaleColumns, count * scaleColumns, { signal });
    return {
      ...common,
      kind: `INT${bits}`,
      bits,
      group: groupText(columns, grid),
      shape,
      decoder: (read) =>
        rowDecoder(read, codes, {
          ...grid,
          scales: scales(read),
          ...(zero ? { zeros: zeroPoints(read, zero, bits, scaleColumns) } : {}),
          ...(index ? { columnGroups: (signal) => numbersFrom(read, index, 0, columns, { signal }) } : {}),
        }),
    };
  },
};

/** Packed along rows: word [r, g] holds the zero points of the group g of the rows 32 / bits * r on. */
function zeroPoints(read: ReadBytes, row: TensorRow, bits: number, groups: number): ScaleGrid['scales'] {
  if (row.dtype !== 'I32')
    return (first, count, signal) => numbersFrom(read, row, first * groups, count * groups, { signal });
  const each = 32 / bits;
  return async (first, count, signal) => {
    const low = Math.floor(first / each);
    const words = new Uint32Array((Math.floor((first + count - 1) / each) - low + 1) * groups);
    await read(row, low * groups * 4, new Uint8Array(words.buffer), signal);
    return Float64Array.from({ length: count * groups }, (_, i) => {
      const at = first + Math.floor(i / groups);
      const word = words[(Math.floor(at / each) - low) * groups + (i % groups)] as number;
      return ((word >>> (bits * (at % each))) & (2 ** bits - 1)) - 2 ** (bits - 1);
    });
  };
}

/** The two sides that an entry of two integers holds; null if it does not. */
export function shapeFrom(bytes: Uint8Array | undefined, row: TensorRow | null): number[] | null {
  if (!bytes || !row) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = row.dtype === 'I64' ? 8 : 4;
  const sides = Array.from({ length: Math.floor(bytes.length / width) }, (_, i) =>
    width === 8 ? Number(view.getBigInt64(i * 8, true)) : view.getInt32(i * 4, true),
  );
  return sides.length === 2 && sides.every((side) => Number.isSafeInteger(side) && side > 0) ? sides : null;
}
