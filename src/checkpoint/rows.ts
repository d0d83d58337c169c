/** Rows of the tensor table from header entries. */
import { dtypeOf, isFloating, type HeaderEntry } from '../formats/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { describeName } from './names.ts';

/** A tensor that a header describes. */
export function rowOf(entry: HeaderEntry, file: string): TensorRow {
  const { layer, module, role } = describeName(entry.name);
  return {
    name: entry.name,
    layer,
    module,
    dtype: entry.dtype,
    shape: entry.shape,
    sizeBytes: entry.sizeBytes,
    file,
    offset: entry.offset,
    missing: false,
    role: dtypeOf(entry.dtype)?.kind === 'scale' ? 'bookkeeping' : role,
    spectral: entry.offset !== null && hasSpectrum(entry, module),
  };
}

/** A tensor of which only the index tells. */
export function missingRow(name: string, file: string): TensorRow {
  const { layer, module, role } = describeName(name);
  return {
    name,
    layer,
    module,
    dtype: '?',
    shape: [],
    sizeBytes: 0,
    file,
    offset: null,
    missing: true,
    role,
    spectral: false,
  };
}

/** floating, 2-D or a stack of experts, both sides >= 2 */
function hasSpectrum({ dtype, shape }: HeaderEntry, module: string): boolean {
  if (!isFloating(dtype)) return false;
  if (shape.length !== 2 && !(shape.length === 3 && isExpertStack(module))) return false;
  if (isBias(module)) return false;
  return shape.slice(-2).every((side) => side >= 2) && shape.every((side) => side >= 1);
}

/** [E, a, b] of a mixture of experts; other tensors of three axes (convolutions) are no stacks of matrices */
export function isExpertStack(module: string): boolean {
  return /(^|\.)experts?(\.|$)/.test(module) && !isBias(module);
}

/** "q_proj.bias", "gate_up_proj_bias"; with two axes a stack of vectors, one an expert, not a matrix */
export function isBias(module: string): boolean {
  return /(^|[._])bias$/.test(module);
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/**
 * Marks the tensors of GPT-2's Conv1D, which stores [in, out]. The fused c_attn tells: [in, 3 in] in a Conv1D, [3 in, in] in a Linear
 * (Qwen v1 and GPT-BigCode use the same names); where it is not at hand the model type does.
 */
export function markConv1d(tensors: Map<string, TensorRow>, modelType: string | null): void {
  let conv1d: boolean | null = null;
  const candidates: TensorRow[] = [];
  for (const row of tensors.values()) {
    if (row.shape.length !== 2 || !CONV1D_MODULE.test(row.module)) continue;
    candidates.push(row);
    const [rows = 0, columns = 0] = row.shape;
    if (row.module.endsWith('attn.c_attn') && rows !== columns) conv1d ??= columns === 3 * rows;
  }
  conv1d ??= modelType !== null && CONV1D_MODELS.has(modelType);
  if (conv1d) for (const row of candidates) row.transposed = true;
}
const CONV1D_MODULE = /(^|\.)(attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj|crossattention\.(c_attn|q_attn|c_proj))$/;
const CONV1D_MODELS = new Set(['gpt2', 'openai-gpt', 'imagegpt', 'decision_transformer', 'clvp']);
