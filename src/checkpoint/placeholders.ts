/** Weights that hold nothing: what a run that spreads its weights over processes leaves if they are saved without being gathered. */
import { isTokenTable, stageOf } from '../families/index.ts';
import type { ProblemList } from '../formats/index.ts';
import { isFloating } from '../numbers/index.ts';
import type { ModelConfig, TensorRow } from '../protocol/engine.ts';
import { elementCount } from '../protocol/lists.ts';

const GATHER =
  'Gather the weights when saving (DeepSpeed: stage3_gather_16bit_weights_on_model_save, or zero_to_fp32.py on its checkpoint).';

/**
 * DeepSpeed ZeRO-3 keeps weights of shape [0] (or [1]) in place of the real ones (`partition_parameters.py`, `param.data = empty(0)`).
 * One of [1] is told by its name, by the model's width, or by the same module in other layers.
 */
export function reportPlaceholders(
  tensors: ReadonlyMap<string, TensorRow>,
  config: ModelConfig | null,
  problems: ProblemList,
): void {
  const held = [...tensors.values()].filter(({ role, offset }) => role !== 'bookkeeping' && offset !== null);
  let largest: Map<string, number> | null = null;
  for (const row of held) {
    const count = elementCount(row.shape);
    if (count > 1) continue;
    const shape = `[${row.shape.join(', ')}]`;
    if (count === 0) {
      if (row.role === 'other' && !/(^|[._])(weight|bias)$/.test(row.name)) continue;
      const text = `it has no elements (shape ${shape}): a placeholder, saved without its weights.`;
      problems.add('error', 'empty-weight', text, GATHER, { tensor: row.name });
      continue;
    }
    if (row.shape.length > 1 || !isFloating(row.dtype)) continue;
    largest ??= largestOf(held);
    const sibling = (largest.get(row.module) ?? 1) > 1;
    if (!sibling && !isMatrixByName(row) && !(row.role === 'norm' && (config?.hiddenSize ?? 1) > 1)) continue;
    const text = `it has one element (shape ${shape}) where ${sibling ? 'the same module of other layers has more' : 'its name says a larger weight'}: a placeholder, saved without its weights.`;
    problems.add('error', 'placeholder-weight', text, GATHER, { tensor: row.name });
  }
}

const isMatrixByName = ({ name, module }: TensorRow): boolean =>
  name.endsWith('.weight') && (isTokenTable(module) || stageOf(module) !== null);

function largestOf(rows: readonly TensorRow[]): Map<string, number> {
  const largest = new Map<string, number>();
  for (const { module, shape } of rows) {
    const count = elementCount(shape);
    if (count > (largest.get(module) ?? 0)) largest.set(module, count);
  }
  return largest;
}
