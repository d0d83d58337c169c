/** Layouts that are recognised and named, but whose values this version does not make. */
import { sidesOf, stemOf, type Layout } from './layout.ts';
import { HQQ_STATE } from './planar.ts';

interface Opaque {
  title: string;
  /** after the weight's stem: its codes, what must stand beside them, and what may */
  codes: string;
  beside: readonly string[];
  others?: readonly string[];
  bits: number;
  source: string;
}
const KINDS: readonly Opaque[] = [
  {
    title: 'HQQ',
    codes: '.W_q',
    beside: ['.scale'],
    others: HQQ_STATE.filter((name) => name !== 'scale').map((name) => `.${name}`),
    bits: 4,
    source: 'hqq core/quantize.py HQQLinear.state_dict: 3 bits, nested scales, and what does not say its shape',
  },
  {
    title: 'EXL2',
    codes: '.q_weight',
    beside: ['.q_scale', '.q_groups'],
    others: ['.q_scale_max', '.q_invperm', '.q_perm'],
    bits: 0,
    source: 'exllamav2 ext.py make_q_matrix',
  },
  {
    title: 'EXL3',
    codes: '.trellis',
    beside: ['.suh'],
    others: ['.svh', '.mcg', '.mul1'],
    bits: 0,
    source: 'exllamav3',
  },
  { title: 'AQLM', codes: '.codes', beside: ['.codebooks', '.scales'], bits: 2, source: 'aqlm inference.py' },
  {
    title: 'BitNet',
    codes: '.weight',
    beside: ['.weight_scale'],
    bits: 2,
    source:
      'transformers integrations/bitnet.py: without a config.json that names BitNet, whether its scale multiplies or divides is not known',
  },
  {
    title: 'quantised, of an unknown layout',
    codes: '.qweight',
    beside: ['.scales'],
    others: ['.qzeros', '.g_idx'],
    bits: 0,
    source: 'AutoAWQ GEMV, Marlin and others with the names of GPTQ',
  },
];

export const OPAQUE: readonly Layout[] = KINDS.map(({ title, codes, beside: needed, others = [], bits, source }) => ({
  title,
  source,
  claim(row, beside) {
    const stem = stemOf(row.name, codes);
    if (stem === null || !needed.every((name) => beside.tensors.has(`${stem}${name}`))) return null;
    if (title === 'BitNet' && row.dtype !== 'U8') return null;
    const sides = sidesOf(
      beside,
      [...needed, ...others].map((name) => `${stem}${name}`),
    );
    const shape = title === 'BitNet' ? [(row.shape[0] ?? 0) * 4, ...row.shape.slice(1)] : null;
    const decoder = `${title === 'quantised, of an unknown layout' ? 'its layout' : title} is not decoded by this version`;
    return { weight: `${stem}.weight`, kind: title, bits, group: null, shape, flipped: false, sides, decoder };
  },
}));

/** What is multiplied by scales whose name no layout knows is not what the codes say. */
export const UNSCALED: Layout = {
  title: 'codes with scales of an unknown name',
  source: 'none: whether they multiply or divide, and how they lie, is not known',
  claim(row, beside) {
    const stem = stemOf(row.name, '.weight');
    const sides = beside.scalesOf(stem ?? row.name).filter((side) => side.name !== row.name);
    const [first] = sides;
    if (!first || row.shape.length < 2) return null;
    const isFloat = row.dtype.startsWith('F8');
    if (!isFloat && stem === null) return null;
    const decoder = `what its scales ("${first.name.slice((stem ?? row.name).length, 80 + row.name.length)}") do to its codes is not known to this version`;
    return {
      weight: row.name,
      kind: isFloat ? 'FP8' : row.dtype === 'I8' ? 'INT8' : 'quantised, of an unknown layout',
      bits: isFloat || row.dtype === 'I8' ? 8 : 0,
      group: null,
      shape: isFloat || row.dtype === 'I8' ? row.shape : null,
      flipped: false,
      sides,
      decoder,
    };
  },
};

/** A name of a method is the file's own text: more of it tells nobody anything. */
const MAX_METHOD = 40;

const PACKED_TYPES = new Set(['I8', 'U8', 'I16', 'U16', 'I32', 'U32']);

/** Whole numbers in place of a matrix, in a model that config.json calls quantised, with nothing beside them that a layout knows. */
export const UNKNOWN: Layout = {
  title: 'quantised, as config.json says',
  source: 'config.json quantization_config.quant_method',
  claim({ name, dtype, shape, role }, { config }) {
    if (config.method === '') return null;
    const isNamed = /\.(q?weight|weight_packed|dense_weights)$/.test(name);
    const isPacked = PACKED_TYPES.has(dtype) && shape.length >= 2 && role !== 'bookkeeping';
    if (!isPacked && !(isNamed && !dtype.startsWith('F8'))) return null;
    const weight = isNamed ? name.replace(/\.[^.]*$/, '.weight') : name;
    const decoder = 'what stands beside its codes is not a layout that this version knows';
    return {
      weight,
      kind: config.method.slice(0, MAX_METHOD),
      bits: 0,
      group: null,
      shape: null,
      flipped: false,
      sides: [],
      decoder,
    };
  },
};
