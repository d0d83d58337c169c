/** Rows of the tensor table from header entries. */
import {
  describeName,
  endsWithOne,
  everyFamily,
  isBias,
  isExpertStack,
  isTower,
  storesInOut,
} from '../families/index.ts';
import type { HeaderEntry } from '../formats/index.ts';
import { isFloating, numberType } from '../numbers/index.ts';
import type { TensorRow } from '../protocol/engine.ts';

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
    file: entry.layout?.boxes[0]?.file ?? file,
    offset: entry.offset,
    missing: false,
    role: isBuffer(entry) || entry.isState ? 'bookkeeping' : role,
    spectral: !entry.isState && entry.offset !== null && isFloating(entry.dtype) && hasSpectrum(entry.shape, module),
  };
}

/**
 * Scales of blocks, and integers or booleans that are not codes of weights: positions, counters, masks. Codes have at most 32 bits, and
 * what is called a weight stays one.
 */
function isBuffer({ name, dtype }: HeaderEntry): boolean {
  const type = numberType(dtype);
  if (type?.kind === 'scale') return true;
  if ((type?.kind !== 'integer' && type?.kind !== 'boolean') || /weight[^.]*$/i.test(name)) return false;
  return type.kind === 'boolean' || type.bits === 64 || /(_ids|_index|num_batches_tracked)$/.test(name);
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

/** 2-D or a stack of experts, both sides >= 2 */
export function hasSpectrum(shape: readonly number[], module: string): boolean {
  if (shape.length !== 2 && !(shape.length === 3 && isExpertStack(module) && !hasTooManyExperts(shape))) return false;
  if (isBias(module)) return false;
  return shape.slice(-2).every((side) => side >= 2) && shape.every((side) => side >= 1);
}

/** Whether its weights can be read as floating numbers. */
export function isReadable({ dtype, offset, quantised }: TensorRow): boolean {
  return offset !== null && (quantised ? quantised.reason === null : isFloating(dtype));
}

/** [E, a, b] of a mixture of experts: by its name, else as `markStacks` found. */
export function isStack({ shape, module, stack }: Pick<TensorRow, 'shape' | 'module' | 'stack'>): boolean {
  return shape.length === 3 && (stack === true || isExpertStack(module));
}

const ROUTER = /(^|\.)(router|gate|wg)(\.|$)/;

/**
 * Marks stacks of experts that their names do not tell: three axes inside a layer, the first as long as config.json says experts are, or
 * as many as the router of the same block has rows.
 */
export function markStacks(tensors: Map<string, TensorRow>, experts: number | null): void {
  const blockOf = ({ layer, module }: TensorRow): string => `${layer} ${module.split('.', 1)[0] ?? ''}`;
  const routers = new Map<string, number>();
  for (const row of tensors.values())
    if (row.layer !== null && row.shape.length === 2 && ROUTER.test(row.module))
      routers.set(blockOf(row), row.shape[0] ?? 0);
  for (const row of tensors.values()) {
    const { shape, layer, module, dtype } = row;
    const [count = 0, ...sides] = shape;
    if (layer === null || sides.length !== 2 || isExpertStack(module) || isBias(module) || isTower(module)) continue;
    if (!isFloating(dtype)) continue;
    if (count < 2 || (count !== experts && count !== routers.get(blockOf(row)))) continue;
    if (hasTooManyExperts(shape) || sides.some((side) => side < 2)) continue;
    row.stack = true;
    row.spectral = row.offset !== null;
  }
}

/** Marks the tensors of GPT-2's Conv1D, which stores [in, out], and those of its names that are known to be stored [out, in]. */
export function markConv1d(tensors: Map<string, TensorRow>, modelType: string | null): void {
  const candidates = [...tensors.values()].filter(
    ({ shape, module }) => shape.length === 2 && CONV1D_MODULE.test(module),
  );
  const told = storesInOut(candidates, modelType);
  if (told !== null) for (const row of candidates) row.transposed = told;
}
const CONV1D_MODULE = endsWithOne(everyFamily(({ conv1d }) => conv1d?.modules));

/** Each expert is a matrix with a row of figures of its own. Models have thousands; a header can claim millions in a few bytes. */
export const MAX_EXPERTS = 262_144;
/** A stack that is not taken apart: [E, a, b] with E beyond the limit. */
export function hasTooManyExperts(shape: readonly number[]): boolean {
  return shape.length === 3 && (shape[0] ?? 0) > MAX_EXPERTS;
}
