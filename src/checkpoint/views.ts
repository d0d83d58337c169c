/** The matrices [out, in] inside a tensor: the whole, the parts of a fused one, the experts of a stack. */
import type { ModelConfig, TensorRow } from '../protocol/engine.ts';
import { isExpertStack } from './rows.ts';
import { expertOf } from './names.ts';
import type { MatrixView } from './types.ts';

/** Rows of a part of a fused matrix: `count` rows from `first`, or with `block` runs of `size` rows every `every` rows. */
interface RowPart {
  suffix: string;
  first: number;
  count: number;
  block?: { size: number; every: number };
}
type Heads = Pick<ModelConfig, 'attentionHeads' | 'keyValueHeads' | 'headDim' | 'modelType'>;

/** Families whose fused query_key_value interleaves: for each key/value group its query heads, its key, its value. */
const GROUPED_MODELS = new Set([
  'gpt_neox',
  'gpt_neox_japanese',
  'bloom',
  'falcon',
  'RefinedWeb',
  'RefinedWebModel',
  'internlm2',
]);
/** Experts stored [in, out]; in gpt-oss gate and up alternate. */
const TRANSPOSED_EXPERTS = new Set(['gpt_oss', 'llama4', 'llama4_text']);
const INTERLEAVED_GATE = new Set(['gpt_oss']);

/**
 * Views of a 2-D tensor or a stack of experts; [] where there is no matrix (other numbers of axes). A fused tensor whose parts cannot be
 * told (no config, odd sizes) is one view: see `unsplitReason`.
 */
export function matrixViews(tensor: TensorRow, config: ModelConfig | null): MatrixView[] {
  const { shape } = tensor;
  if (shape.length === 3 && isExpertStack(tensor.module)) return expertViews(tensor, config);
  if (shape.length !== 2) return [];
  const [first = 0, second = 0] = shape;
  const [rows, columns] = tensor.transposed ? [second, first] : [first, second];
  const whole: MatrixView = {
    ...identity(tensor),
    rows,
    columns,
    start: 0,
    rowStride: tensor.transposed ? 1 : columns,
    columnStride: tensor.transposed ? rows : 1,
  };
  const parts = rowParts(tensor, rows, columns, config);
  return parts ? parts.map((part) => partView(whole, part)) : [whole];
}

/** A tensor of any shape as one row: what elementwise passes read. */
export function flatView(tensor: TensorRow, count: number): MatrixView {
  return { ...identity(tensor), rows: 1, columns: count, start: 0, rowStride: count, columnStride: 1 };
}

/** A 1-D tensor whole, or the parts of a fused bias where they lie one behind the other. */
export function biasViews(tensor: TensorRow, config: ModelConfig | null): MatrixView[] {
  const count = tensor.shape[0] ?? 0;
  const whole = flatView(tensor, count);
  if (!tensor.module.endsWith('.bias')) return [whole];
  const owner = { ...tensor, module: tensor.module.slice(0, -'.bias'.length) };
  const parts = rowParts(owner, count, 1, config);
  if (!parts || parts.some((part) => part.block)) return [whole];
  return parts.map((part) => ({
    ...whole,
    name: `${tensor.name}#${part.suffix}`,
    module: `${tensor.module}#${part.suffix}`,
    columns: part.count,
    start: part.first,
    rowStride: part.count,
  }));
}

/** Why a tensor with a fused name is kept as one matrix, or null. */
export function unsplitReason(tensor: TensorRow, config: ModelConfig | null): string | null {
  if (tensor.shape.length !== 2 || fusionOf(tensor.module) === null) return null;
  const [first = 0, second = 0] = tensor.shape;
  const [rows, columns] = tensor.transposed ? [second, first] : [first, second];
  if (rowParts(tensor, rows, columns, config)) return null;
  return config === null
    ? 'its parts cannot be told without a config.json beside it'
    : 'its rows do not divide as config.json says';
}

function identity({ name, layer, module }: TensorRow): Pick<MatrixView, 'name' | 'layer' | 'module' | 'expert'> {
  return { name, layer, module, expert: expertOf(name) };
}

function partView(whole: MatrixView, part: RowPart): MatrixView {
  return {
    ...whole,
    name: `${whole.name}#${part.suffix}`,
    module: `${whole.module}#${part.suffix}`,
    rows: part.count,
    start: whole.start + part.first * whole.rowStride,
    ...(part.block ? { rowBlock: { size: part.block.size, stride: part.block.every * whole.rowStride } } : {}),
  };
}

type Fusion = 'qkv' | 'qkv-grouped' | 'gate-up';
function fusionOf(module: string): Fusion | null {
  const leaf = module.slice(module.lastIndexOf('.') + 1);
  if (leaf === 'query_key_value' || leaf === 'wqkv') return 'qkv-grouped';
  if (['qkv_proj', 'qkv', 'W_pack', 'Wqkv', 'c_attn', 'in_proj_weight'].includes(leaf)) return 'qkv';
  return leaf === 'gate_up_proj' || leaf === 'gate_and_up_proj' ? 'gate-up' : null;
}

/** The parts of a fused matrix of `rows` outputs, or null where it is not fused or its parts cannot be told. */
function rowParts(tensor: TensorRow, rows: number, columns: number, config: Heads | null): RowPart[] | null {
  const fusion = fusionOf(tensor.module);
  if (fusion === null) return null;
  if (fusion === 'gate-up') {
    if (rows % 2 !== 0) return null;
    return sequential([
      ['gate', rows / 2],
      ['up', rows / 2],
    ]);
  }
  const heads = config?.attentionHeads ?? null;
  const keyValueHeads = config?.keyValueHeads ?? heads;
  const groupedModel = config?.modelType != null && GROUPED_MODELS.has(config.modelType);
  if (heads !== null && keyValueHeads !== null && config) {
    const headDim = config.headDim ?? rows / (heads + 2 * keyValueHeads);
    if (Number.isInteger(headDim) && (heads + 2 * keyValueHeads) * headDim === rows) {
      if (fusion === 'qkv-grouped' && groupedModel) return grouped(heads, keyValueHeads, headDim);
      if (fusion === 'qkv' || config.modelType === 'chatglm') {
        return sequential([
          ['q', heads * headDim],
          ['k', keyValueHeads * headDim],
          ['v', keyValueHeads * headDim],
        ]);
      }
    }
  }
  // Three square blocks can only be q, k and v, whatever the heads; a grouped layout gives no such certainty.
  if (fusion !== 'qkv' || rows !== 3 * columns) return null;
  return sequential([
    ['q', columns],
    ['k', columns],
    ['v', columns],
  ]);
}

function sequential(sizes: [suffix: string, count: number][]): RowPart[] {
  let first = 0;
  return sizes.map(([suffix, count]) => {
    const part = { suffix, first, count };
    first += count;
    return part;
  });
}

/** For each key/value group: its query heads, then one key head, then one value head. */
function grouped(heads: number, groups: number, headDim: number): RowPart[] | null {
  const queries = heads / groups;
  if (!Number.isInteger(queries)) return null;
  const every = (queries + 2) * headDim;
  const part = (suffix: string, first: number, size: number): RowPart => ({
    suffix,
    first,
    count: groups * size,
    block: { size, every },
  });
  return [
    part('q', 0, queries * headDim),
    part('k', queries * headDim, headDim),
    part('v', (queries + 1) * headDim, headDim),
  ];
}

/** [E, a, b]: E matrices, gate-up ones in two parts each. */
function expertViews(tensor: TensorRow, config: ModelConfig | null): MatrixView[] {
  const [experts = 0, a = 0, b = 0] = tensor.shape;
  const gateUp = fusionOf(tensor.module) === 'gate-up';
  const transposed = isStoredInOut(tensor, gateUp, config);
  const [rows, columns] = transposed ? [b, a] : [a, b];
  const interleaved = config?.modelType != null && INTERLEAVED_GATE.has(config.modelType);
  const views: MatrixView[] = [];
  for (let e = 0; e < experts; e++) {
    const whole: MatrixView = {
      ...identity(tensor),
      name: `${tensor.name}#${e}`,
      expert: e,
      rows,
      columns,
      start: e * a * b,
      rowStride: transposed ? 1 : columns,
      columnStride: transposed ? rows : 1,
    };
    if (!gateUp || rows % 2 !== 0) views.push(whole);
    else if (interleaved) views.push(...['gate', 'up'].map((suffix, i) => alternateRows(whole, suffix, i)));
    else {
      const halves = sequential([
        ['gate', rows / 2],
        ['up', rows / 2],
      ]);
      views.push(...halves.map((part) => partView(whole, part)));
    }
  }
  return views;
}

function alternateRows(whole: MatrixView, suffix: string, first: number): MatrixView {
  const view = partView(whole, { suffix, first, count: whole.rows / 2 });
  return { ...view, rowStride: 2 * whole.rowStride };
}

/** Which axis of an expert is the model's width says how it is stored; the family says it where both or neither are. */
function isStoredInOut(tensor: TensorRow, gateUp: boolean, config: ModelConfig | null): boolean {
  const [, a = 0, b = 0] = tensor.shape;
  const hidden = config?.hiddenSize ?? null;
  if (hidden !== null && (a === hidden) !== (b === hidden)) return gateUp ? a === hidden : b === hidden;
  return config?.modelType != null && TRANSPOSED_EXPERTS.has(config.modelType);
}
