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

/** A name of a method is the file's own text: more of it tells nobody anything. */
const MAX_METHOD = 40;

/** Whole numbers in place of a matrix, in a model that config.json calls quantised, with nothing beside them that a layout knows. */
export const UNKNOWN: Layout = {
  title: 'quantised, as config.json says',
  source: 'config.json quantization_config.quant_method',
  claim(row, { config }) {
    if (config.method === '' || row.shape.length < 2 || !/\.(q?weight|weight_packed)$/.test(row.name)) return null;
    if (row.dtype.startsWith('F8')) return null;
    const weight = row.name.replace(/\.[^.]*$/, '.weight');
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
