/** Why tensors are not compared, or have no spectrum. */
import { isBias, isExpertStack } from '../families/index.ts';
import { numberType } from '../numbers/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import type { UnmergedModel } from './adapters/unmerged.ts';
import { logicalShape, type Match } from './orientation.ts';
import { hasTooManyExperts, MAX_EXPERTS } from './rows.ts';
import type { Weight } from './weight.ts';
import { elementCount } from '../protocol/lists.ts';

/** Why the weight of a side is not what its model computes with, and can't be made so; noted in `unread`. Null if it can, or is. */
export function whyUnmerged(
  match: Match,
  unmerged: Record<'base' | 'tuned', UnmergedModel | null>,
  unread: Record<'base' | 'tuned', string[]>,
): string | null {
  let first: string | null = null;
  for (const side of ['base', 'tuned'] as const) {
    const reason = unmerged[side]?.whyNot(match[side]) ?? null;
    if (reason !== null) unread[side].push(`${match[side].name}: ${reason}`);
    first ??= reason;
  }
  return first;
}

/** Why two tensors of one name are not compared, or null. */
export function whyNot({ base, tuned }: Match, common: number | null): string | null {
  const reason = whyNotOne(base, 'base') ?? whyNotOne(tuned, 'tuned');
  if (reason !== null) return reason;
  if (common !== null) return null;
  const [inBase, inTuned] = [elementCount(base.shape), elementCount(tuned.shape)];
  if (inBase === 0 && inTuned === 0) return 'it has no weights';
  if (inBase === 0 || inTuned === 0)
    return `it has no elements (${inBase === 0 ? 'base' : 'tuned'}): saved without its weights`;
  const [left, right] = [logicalShape(base), logicalShape(tuned)];
  if (left.length !== right.length || left.some((side, i) => side !== right[i])) {
    return `shapes differ: [${base.shape.join(', ')}] against [${tuned.shape.join(', ')}]`;
  }
  return null;
}

export function whyNotOne(row: TensorRow, side: 'base' | 'tuned'): string | null {
  if (row.role === 'bookkeeping') return 'bookkeeping of the storage or the code, not a weight';
  if (row.missing) return `its shard ${row.file} is missing (${side})`;
  if (row.offset === null) return `its data cannot be read: ${row.file} is damaged (${side})`;
  if (row.quantised) {
    const { kind, reason } = row.quantised;
    return reason === null ? null : `quantised (${kind}), and left out: ${reason} (${side})`;
  }
  switch (numberType(row.dtype)?.kind) {
    case 'float':
      return null;
    case 'integer':
      return `integers (${row.dtype}), not compared`;
    case 'boolean':
      return 'booleans, not compared';
    case 'complex':
      return `complex numbers (${row.dtype}), not compared`;
    case 'packed':
      return `packed numbers (${row.dtype}), not compared`;
    case 'scale':
      return `block scales (${row.dtype}), not weights`;
    case undefined:
      return `its type ${JSON.stringify(row.dtype)} is not known to this version`;
  }
}

export function whyNoSpectrum({ shape, rows, columns, place }: Weight, includeEmbeddings: boolean): string | null {
  if (shape.length !== 2) return whyNoMatrix(shape, place.module);
  if (Math.min(rows, columns) < 2) return 'one row or one column, no spectrum';
  if (isBias(place.module)) return 'a stack of biases, no spectrum';
  return place.layer === null && !includeEmbeddings ? 'outside the blocks; on request' : null;
}

/** Of a weight that has not two axes. */
export function whyNoMatrix(shape: readonly number[], module: string): string {
  if (shape.length === 0) return 'a single number, no spectrum';
  if (shape.length === 1) return 'one axis, no spectrum';
  if (isExpertStack(module) && hasTooManyExperts(shape))
    return `a stack of ${shape[0]} experts, more than the ${MAX_EXPERTS} that are taken apart; compared as one, no spectrum`;
  return `${shape.length} axes, no spectrum`;
}
