/** Layouts of one byte a code with a factor for a tensor, a row, a group or a block. */
import { codeTable } from '../../numbers/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { numbersFrom, rowDecoder, SIGNED_BYTES, type CodeRows, type ScaleGrid } from './decode.ts';
import { present, sidesOf, stemOf, type Claim, type Layout, type Neighbours, type ReadBytes } from './layout.ts';
import { elementCount } from '../../protocol/lists.ts';

/** Block sizes that are seen, the most common first: for shapes that their number of scales does not divide. */
const COMMON_BLOCKS = [128, 64, 32, 16, 256, 512];

/** How the scales of `shape` lie over codes of `codes`; null if they do not fit. */
export function gridOver(
  codes: readonly number[],
  shape: readonly number[],
  stated: readonly [number, number] | null,
): Omit<ScaleGrid, 'scales'> | null {
  const columns = codes.length > 2 && codes.length !== 3 ? elementCount(codes.slice(1)) : (codes.at(-1) ?? 1);
  const planes = codes.length === 3 ? (codes[0] ?? 1) : 1;
  const rows = codes.length === 3 ? (codes[1] ?? 1) : codes.length === 1 ? 1 : (codes[0] ?? 1);
  const count = elementCount(shape);
  const one = { rows, blockRows: rows, blockColumns: columns, scaleRows: 1, scaleColumns: 1 };
  if (count === 1) return { ...one, shared: true };
  if (planes > 1 && count === planes) return { ...one, shared: false };
  let scale = [...shape];
  if (scale.length === 1 && planes === 1) scale = scale[0] === rows ? [rows, 1] : [1, scale[0] ?? 1];
  while (scale.length > 3) {
    if (scale.at(-1) !== 1) return null;
    scale.pop();
  }
  if (planes > 1 && scale.length === 2)
    scale = scale[0] === planes && scale[1] === rows ? [planes, rows, 1] : [1, ...scale];
  const [scalePlanes, scaleRows, scaleColumns] =
    scale.length === 3 ? (scale as [number, number, number]) : [1, scale[0] ?? 1, scale[1] ?? 1];
  if (scalePlanes !== 1 && scalePlanes !== planes) return null;
  const block = blockOf([rows, columns], [scaleRows, scaleColumns], stated);
  if (!block) return null;
  return {
    rows,
    blockRows: block[0],
    blockColumns: block[1],
    scaleRows,
    scaleColumns,
    shared: scalePlanes === 1,
  };
}

function blockOf(
  [rows, columns]: [number, number],
  [scaleRows, scaleColumns]: [number, number],
  stated: readonly [number, number] | null,
): readonly [number, number] | null {
  const fits = (block: readonly [number, number]): boolean =>
    Math.ceil(rows / block[0]) === scaleRows && Math.ceil(columns / block[1]) === scaleColumns;
  if (stated && fits(stated)) return stated;
  const side = (length: number, parts: number): number[] => {
    if (parts === length) return [1];
    if (parts === 1) return [length];
    const even = length % parts === 0 ? [length / parts] : [];
    return [...even, ...COMMON_BLOCKS].filter((size) => Math.ceil(length / size) === parts);
  };
  // Blocks are square unless they are whole rows or columns: 128 x 128 explains 192 x 384 better than 96 x 128.
  const square = COMMON_BLOCKS.find((size) => fits([size, size]));
  const isBlocks = scaleRows !== rows && scaleColumns !== columns && (scaleRows !== 1 || scaleColumns !== 1);
  if (square !== undefined && isBlocks) return [square, square];
  const blockRows = side(rows, scaleRows)[0];
  const blockColumns = side(columns, scaleColumns)[0];
  return blockRows === undefined || blockColumns === undefined ? null : [blockRows, blockColumns];
}

/** "blocks of 128", "blocks of 64 x 128", "groups of 32", "one scale a row", "one scale". */
export function groupText(columns: number, grid: Omit<ScaleGrid, 'scales'>): string {
  const { rows, blockRows, blockColumns, scaleRows, scaleColumns } = grid;
  if (scaleRows === 1 && scaleColumns === 1) return 'one scale a tensor';
  if (blockRows === 1 && scaleColumns === 1) return 'one scale a row';
  if (blockColumns === 1 && scaleRows === 1) return 'one scale a column';
  if (blockRows === 1 || rows === 1) return `groups of ${blockColumns}`;
  if (blockRows === blockColumns) return `blocks of ${blockRows}`;
  return `blocks of ${blockRows} x ${Math.min(blockColumns, columns)}`;
}

const FLOAT8 = /^F8_E[45]M[23]/;
/** scales that codes are multiplied by, after the weight's stem */
const FACTORS = [
  'weight_scale_inv',
  'weight_scale',
  'scale_weight',
  'qscale_weight',
  'scale',
  'weights_scaling_factor',
];
const OTHERS = ['input_scale', 'scale_input', 'qscale_act', 'comfy_quant', 'weight_scale_2', 'input_scale_ub'];

function byteClaim(
  row: TensorRow,
  weight: string,
  [kind, table]: [kind: string, table: ArrayLike<number>],
  scale: TensorRow,
  beside: Neighbours,
  { zero = null, factor = 1, sides = [] }: { zero?: TensorRow | null; factor?: number; sides?: TensorRow[] } = {},
): Claim {
  const { shape } = row;
  const grid = gridOver(shape, scale.shape, beside.config.block);
  const common = { weight, kind, bits: 8, shape, flipped: false, sides: [scale, ...(zero ? [zero] : []), ...sides] };
  if (!grid) {
    const reason = `its scales [${scale.shape.join(', ')}] do not divide its [${shape.join(', ')}] codes`;
    return { ...common, group: null, decoder: reason };
  }
  const columns = codeColumns(shape);
  const codes: CodeRows = { row, columns, rowBytes: columns, bits: 8, table };
  const scales =
    (read: ReadBytes): ScaleGrid['scales'] =>
    async (first, count, signal) => {
      const width = grid.scaleColumns;
      const values = await numbersFrom(read, scale, first * width, count * width, { exponents: true, signal });
      return factor === 1 ? values : Float64Array.from(values, (value) => value * factor);
    };
  const zeros =
    (read: ReadBytes, from: TensorRow): ScaleGrid['scales'] =>
    (first, count, signal) =>
      numbersFrom(read, from, first * grid.scaleColumns, count * grid.scaleColumns, { signal });
  return {
    ...common,
    group: groupText(columns, grid),
    decoder: (read) =>
      rowDecoder(read, codes, {
        ...grid,
        scales: scales(read),
        ...(zero ? { zeros: zeros(read, zero) } : {}),
      }),
  };
}

function codeColumns(shape: readonly number[]): number {
  if (shape.length === 0) return 1;
  return shape.length > 3 ? elementCount(shape.slice(1)) : (shape.at(-1) ?? 1);
}

export const FP8: Layout = {
  title: 'FP8',
  source:
    'transformers integrations/finegrained_fp8.py (weight_scale_inv), compressed-tensors float-quantized (weight_scale), ComfyUI quant_ops.py (scale_weight, comfy_quant), TensorRT-LLM models/convert_utils.py (weights_scaling_factor), DeepSeek-V3 inference/kernel.py weight_dequant',
  claim(row, beside) {
    if (!FLOAT8.test(row.dtype)) return null;
    const table = codeTable(row.dtype) as Float32Array;
    // Stacks of experts name the parameter itself: "experts.down_proj" and "experts.down_proj_scale_inv".
    const stem = stemOf(row.name, '.weight');
    const [names, prefix] =
      stem === null
        ? [['_weight_scale_inv', '_scale_inv', '_weight_scale', '_scale'], row.name]
        : [FACTORS.map((name) => `.${name}`), stem];
    const scale = names.map((name) => present(beside.tensors, `${prefix}${name}`)).find((found) => found !== null);
    if (!scale) return null;
    const kind = row.dtype.startsWith('F8_E5M2') ? 'FP8 E5M2' : 'FP8';
    const others = sidesOf(
      beside,
      OTHERS.map((name) => `${prefix}.${name}`),
    ).filter((side) => side !== scale);
    return byteClaim(row, row.name, [kind, table], scale, beside, { sides: others });
  },
};

export const INT8: Layout = {
  title: 'INT8',
  source: 'compressed-tensors int-quantized (weight_scale, weight_zero_point)',
  claim(row, beside) {
    const stem = stemOf(row.name, '.weight');
    if (stem === null || row.dtype !== 'I8') return null;
    const scale = present(beside.tensors, `${stem}.weight_scale`);
    // BitNet's I8 codes would have the same names; it stores U8.
    if (!scale) return null;
    const zero = present(beside.tensors, `${stem}.weight_zero_point`);
    const sides = sidesOf(
      beside,
      OTHERS.map((name) => `${stem}.${name}`),
    );
    return byteClaim(row, row.name, ['INT8', SIGNED_BYTES], scale, beside, { zero, sides });
  },
};

export const BNB_INT8: Layout = {
  title: 'INT8 (bitsandbytes)',
  source: 'bitsandbytes functional.int8_vectorwise_dequant: W = codes * SCB / 127, a row of W each',
  claim(row, beside) {
    const stem = stemOf(row.name, '.weight');
    if (stem === null || row.dtype !== 'I8') return null;
    const scale = present(beside.tensors, `${stem}.SCB`);
    if (!scale) return null;
    const sides = sidesOf(beside, [`${stem}.weight_format`]);
    const claim = byteClaim(row, row.name, ['INT8 (bitsandbytes)', SIGNED_BYTES], scale, beside, {
      factor: 1 / 127,
      sides,
    });
    const format = beside.notes.get(`${stem}.weight_format`)?.[0] ?? 0;
    return format === 0
      ? claim
      : { ...claim, decoder: `its codes lie in tiles (weight_format ${format}), not row by row` };
  },
};

export const QUANTO: Layout = {
  title: 'quanto',
  source: 'optimum-quanto tensor/weights/qbytes.py: _data * _scale',
  claim(row, beside) {
    const stem = stemOf(row.name, '._data');
    if (stem === null) return null;
    // Fewer than 8 bits are a packed tensor within the quantised one: "weight._data._data".
    const weight = stemOf(stem, '._data') ?? stem;
    const scale = present(beside.tensors, `${weight}._scale`);
    const sides = sidesOf(
      beside,
      ['._shift', '._zeropoint'].map((name) => `${weight}${name}`),
    );
    if (!scale) return null;
    const float8 = FLOAT8.test(row.dtype);
    if (weight === stem && (row.dtype === 'I8' || float8) && sides.length === 0)
      return byteClaim(
        row,
        weight,
        float8 ? ['quanto FP8', codeTable(row.dtype) as Float32Array] : ['quanto INT8', SIGNED_BYTES],
        scale,
        beside,
      );
    const decoder = 'how quanto packs fewer than 8 bits is not read by this version';
    return {
      ...{ weight, kind: 'quanto', bits: 4, group: null, shape: null, flipped: false },
      ...{ sides: [scale, ...sides], decoder },
    };
  },
};
