/** Layouts of E2M1 codes, two a byte, the lower half first: MXFP4 and NVFP4. */
import { E2M1, numbersFrom, rowDecoder, type CodeRows, type ScaleGrid } from './decode.ts';
import { present, sidesOf, stemOf, type Claim, type Layout, type Neighbours, type ReadBytes } from './layout.ts';
import { gridOver } from './scaled.ts';
import type { TensorRow } from '../../protocol/engine.ts';

const OTHERS = ['input_scale', 'input_global_scale', 'comfy_quant', 'weight_shape'];

interface Fp4 {
  weight: string;
  kind: string;
  /** shape in the order of the codes, and of the weight */
  natural: readonly number[];
  flipped?: boolean;
  scale: TensorRow;
  scaleShape: readonly number[];
  /** one number for the tensor, that the scales are multiplied by or divided by */
  global?: { row: TensorRow; divide: boolean } | null;
  sides?: TensorRow[];
  reason?: string | null;
}

function fp4Claim(row: TensorRow, fp4: Fp4): Claim {
  const { weight, kind, natural, flipped = false, scale, scaleShape, global = null, sides = [], reason = null } = fp4;
  const columns = natural.at(-1) ?? 0;
  const grid = gridOver(natural, scaleShape, null);
  const shape = flipped ? [...natural.slice(0, -2), columns, natural.at(-2) ?? 1] : natural;
  const every = [scale, ...(global ? [global.row] : []), ...sides];
  const common = { weight, kind, bits: 4, shape, flipped, sides: every };
  const group = grid && grid.blockRows === 1 ? `groups of ${grid.blockColumns}` : null;
  if (reason !== null) return { ...common, group, decoder: reason };
  if (!grid || grid.blockRows !== 1) {
    const text = `its scales [${scale.shape.join(', ')}] do not divide its [${natural.join(', ')}] codes`;
    return { ...common, group: null, decoder: text };
  }
  const codes: CodeRows = { row, columns, rowBytes: columns / 2, bits: 4, table: E2M1 };
  const scales =
    (read: ReadBytes): ScaleGrid['scales'] =>
    async (first, count, signal) => {
      const width = grid.scaleColumns;
      const values = await numbersFrom(read, scale, first * width, count * width, { exponents: true, signal });
      if (!global) return values;
      const [whole = 1] = await numbersFrom(read, global.row, 0, 1, { signal });
      // Libraries work the product out in float32 before the code comes to it.
      return Float32Array.from(values, (value) => (global.divide ? value / whole : value * whole));
    };
  return { ...common, group, decoder: (read) => rowDecoder(read, codes, { ...grid, scales: scales(read) }) };
}

export const MXFP4: Layout = {
  title: 'MXFP4',
  source:
    'OCP Microscaling Formats 1.0; transformers integrations/mxfp4.py convert_moe_packed_tensors (_blocks, _scales); compressed-tensors mxfp4-pack-quantized',
  claim(row, beside) {
    const weight = stemOf(row.name, '_blocks');
    if (weight !== null && row.dtype === 'U8' && row.shape.length >= 3) {
      const scale = present(beside.tensors, `${weight}_scales`);
      const [bytes = 0, groups = 0] = [row.shape.at(-1), row.shape.at(-2)];
      if (!scale || scale.dtype !== 'U8' || scale.shape.at(-1) !== groups) return null;
      // Stacks of experts are kept [experts, in, out]; their codes lie out by out.
      const natural = [...row.shape.slice(0, -2), groups * bytes * 2];
      return fp4Claim(row, {
        ...{ weight, kind: 'MXFP4', natural, flipped: natural.length === 3, scale, scaleShape: scale.shape },
      });
    }
    const found = packed(row, beside);
    if (!found || (found.scale.dtype !== 'U8' && found.scale.dtype !== 'F8_E8M0')) return null;
    return fp4Claim(row, { ...found, kind: 'MXFP4' });
  },
};

export const NVFP4: Layout = {
  title: 'NVFP4',
  source:
    'compressed-tensors nvfp4-pack-quantized (weight_packed, weight_scale / weight_global_scale); NVIDIA ModelOpt NVFP4QTensor (weight, weight_scale * weight_scale_2)',
  claim(row, beside) {
    const found = packed(row, beside);
    if (!found || found.scale.dtype !== 'F8_E4M3') return null;
    const stem = found.stem;
    const divisor = present(beside.tensors, `${stem}.weight_global_scale`);
    const factor = present(beside.tensors, `${stem}.weight_scale_2`);
    const swizzled = beside.tensors.has(`${stem}.comfy_quant`);
    const global = divisor ? { row: divisor, divide: true } : factor ? { row: factor, divide: false } : null;
    const reason = swizzled
      ? 'ComfyUI stores its scales in the tiles of a matrix unit, which this version does not read'
      : global === null
        ? 'the scale of the whole tensor (weight_global_scale or weight_scale_2) is missing'
        : null;
    return fp4Claim(row, { ...found, kind: 'NVFP4', global, reason });
  },
};

/** `weight_packed`, or `weight` with two codes a byte, and its `weight_scale`. */
function packed(row: TensorRow, beside: Neighbours): (Omit<Fp4, 'kind'> & { stem: string }) | null {
  const stem = stemOf(row.name, '.weight_packed') ?? stemOf(row.name, '.weight');
  if (stem === null || (row.dtype !== 'U8' && row.dtype !== 'F4') || row.shape.length < 2) return null;
  const scale = present(beside.tensors, `${stem}.weight_scale`);
  if (!scale || scale.shape.length < 2) return null;
  const perEntry = row.dtype === 'F4' ? 1 : 2;
  const natural = [...row.shape.slice(0, -1), (row.shape.at(-1) ?? 0) * perEntry];
  const group = (natural.at(-1) ?? 0) / (scale.shape.at(-1) ?? 1);
  // BitNet packs along rows and has one scale.
  if (group !== 16 && group !== 32 && !beside.tensors.has(`${stem}.comfy_quant`)) return null;
  const sides = sidesOf(
    beside,
    OTHERS.map((name) => `${stem}.${name}`),
  );
  return { stem, weight: `${stem}.weight`, natural, scale, scaleShape: scale.shape, sides };
}
