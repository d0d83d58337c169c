/** MLX: 32-bit words of codes along the rows of a matrix, a factor and an offset a group. */
import type { TensorRow } from '../../protocol/engine.ts';
import { E2M1, numbersFrom, rowDecoder, unsignedTable } from './decode.ts';
import { present, sidesOf, stemOf, type Layout } from './layout.ts';
import { elementCount } from '../../protocol/lists.ts';

const BITS = [2, 3, 4, 5, 6, 8];
const GROUPS = [16, 32, 64, 128];

export const MLX: Layout = {
  title: 'MLX',
  source:
    'MLX documentation of quantize and dequantize (affine: scale * code + bias; a row is a stream of codes from the lowest bit on; mxfp4: E2M1 with E8M0 scales)',
  claim(row, beside) {
    const stem = stemOf(row.name, '.weight');
    if (stem === null || row.dtype !== 'U32' || row.shape.length < 2) return null;
    const scales = present(beside.tensors, `${stem}.scales`);
    if (!scales) return null;
    const biases = present(beside.tensors, `${stem}.biases`);
    const words = row.shape.at(-1) ?? 0;
    const groups = scales.shape.at(-1) ?? 0;
    const stated = beside.config.module(stem);
    const sides = sidesOf(beside, [`${stem}.scales`, `${stem}.biases`]);
    const bits = stated.bits ?? bitsFrom(words, groups, stated.groupSize);
    const common = { weight: row.name, kind: 'MLX', bits: bits ?? 0, flipped: false, sides };
    const columns = bits === null ? 0 : (words * 32) / bits;
    if (bits === null || !BITS.includes(bits) || !Number.isInteger(columns)) {
      const decoder = 'neither config.json nor the shapes say how many bits a code has';
      return { ...common, group: null, shape: null, decoder };
    }
    const shape = [...row.shape.slice(0, -1), columns];
    const size = columns / groups;
    if (!Number.isInteger(size) || (stated.groupSize !== null && stated.groupSize !== size)) {
      const of = stated.groupSize === null ? 'groups of one size' : `groups of ${stated.groupSize}`;
      const decoder = `it has ${groups} scales for ${columns} columns, which are not ${of}`;
      return { ...common, group: null, shape, decoder };
    }
    const group = `groups of ${size}`;
    const float = biases === null;
    if (float && !(stated.mode === 'mxfp4' && bits === 4 && scales.dtype === 'U8')) {
      const decoder = `its biases are missing${stated.mode === 'affine' ? '' : `, and the mode ${JSON.stringify(stated.mode)} is not read by this version`}`;
      return { ...common, group, shape, decoder };
    }
    const rows = elementCount(shape.slice(0, -1));
    const table = float ? E2M1 : unsignedTable(bits);
    const codes = { row, columns, rowBytes: words * 4, bits, table };
    const grid = { rows, blockRows: 1, blockColumns: size, scaleRows: rows, scaleColumns: groups, shared: true };
    return {
      ...common,
      kind: float ? 'MLX MXFP4' : 'MLX',
      group,
      shape,
      decoder: (read) =>
        rowDecoder(read, codes, {
          ...grid,
          scales: (first, count, signal) =>
            numbersFrom(read, scales, first * groups, count * groups, { exponents: float, signal }),
          ...(biases
            ? {
                offsets: (first, count, signal) =>
                  numbersFrom(read, biases, first * groups, count * groups, { signal }),
              }
            : {}),
        }),
    };
  },
};

/** Words of codes and groups of scales only say bits times group: one of the two tells the other. */
function bitsFrom(words: number, groups: number, size: number | null): number | null {
  const bits = size === null ? NaN : (words * 32) / (groups * size);
  return BITS.includes(bits) ? bits : null;
}

/**
 * Bits and group of a model whose config.json does not say them: those under which most matrices are as wide as some norm, since most read
 * what a norm gives. Null if there are no codes, or two fit as well.
 */
export function toldByNorms(tensors: ReadonlyMap<string, TensorRow>): { bits: number; groupSize: number } | null {
  const codes: { words: number; groups: number }[] = [];
  const widths = new Set<number>();
  for (const { name, role, dtype, shape } of tensors.values()) {
    if (role === 'norm' && shape.length === 1) widths.add(shape[0] ?? 0);
    const stem = dtype === 'U32' ? stemOf(name, '.weight') : null;
    const scales = stem === null ? null : present(tensors, `${stem}.scales`);
    if (scales) codes.push({ words: shape.at(-1) ?? 0, groups: scales.shape.at(-1) ?? 0 });
  }
  let best: { bits: number; groupSize: number } | null = null;
  let most = 0;
  for (const bits of BITS)
    for (const groupSize of GROUPS) {
      const fits = codes.filter(({ words, groups }) => words * 32 === groups * groupSize * bits);
      const count = fits.filter(({ groups }) => widths.has(groups * groupSize)).length;
      if (count > most) best = { bits, groupSize };
      else if (count === most) best = null;
      most = Math.max(most, count);
    }
  return best;
}
