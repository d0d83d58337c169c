/** How much of the base the pairs of a comparison cover. */
import { numberType } from '../numbers/index.ts';
import { MAX_NAMED_MISSING, type Coverage, type TensorRow } from '../protocol/engine.ts';
import { isOwnTensor } from './adapters/unmerged.ts';
import type { Checkpoint, Pairing } from './types.ts';
import { elementCount } from '../protocol/lists.ts';

/**
 * `untouched`: how many weights of a tensor an adapter leaves as they are. Of all weights that a model computes with: state of the storage and buffers of the code
 * are none, a tensor of a missing shard is one.
 */
export function coverageOf(
  base: Checkpoint,
  tuned: Checkpoint,
  { pairs, skipped }: Pick<Pairing, 'pairs' | 'skipped'>,
  untouched: ReadonlyMap<string, number> = new Map(),
): Coverage {
  const compared = new Map<string, number>();
  for (const { base: weight } of pairs) compared.set(weight.tensor, (compared.get(weight.tensor) ?? 0) + weight.count);
  const reasons = new Map(skipped.map(({ name, reason }) => [name, reason]));
  const found: Coverage = { tensors: { compared: 0, all: 0 }, weights: { compared: 0, all: 0 }, missing: [] };
  const missing: { name: string; reason: string; weights: number }[] = [];
  for (const row of base.tensors.values()) {
    if (!isWeight(row) || !isOwnTensor(base, row)) continue;
    const all = weightsIn(row, tuned.tensors.get(row.name));
    const done = Math.min(all, (compared.get(row.name) ?? 0) + (untouched.get(row.name) ?? 0));
    found.tensors.all++;
    found.weights.all += all;
    found.weights.compared += done;
    if (done === all) found.tensors.compared++;
    else
      missing.push({
        name: row.name,
        reason: reasons.get(row.name) ?? (done > 0 ? 'a part of it has no counterpart' : 'only in the base'),
        weights: all - done,
      });
  }
  missing.sort((a, b) => b.weights - a.weights);
  found.missing = missing.slice(0, MAX_NAMED_MISSING).map(({ name, reason }) => ({ name, reason }));
  return found;
}

/**
 * Only the other side knows the shape of a tensor whose shard is not there or of which nothing but a placeholder was saved, and an entry
 * that is damaged may claim any.
 */
function weightsIn(row: TensorRow, other: TensorRow | undefined): number {
  const own = row.offset === null ? null : (row.quantised?.parameters ?? elementCount(row.shape));
  if (own !== null && own > 1) return own;
  if (other && other.offset !== null) return other.quantised?.parameters ?? elementCount(other.shape);
  if (own !== null) return own;
  const claimed = row.missing ? 0 : elementCount(row.shape);
  return Number.isSafeInteger(claimed) ? claimed : 0;
}

function isWeight({ role, dtype, missing }: TensorRow): boolean {
  if (role === 'bookkeeping') return false;
  return missing || numberType(dtype)?.kind !== 'boolean';
}
