/** Alphas that lie in the file as tensors of one number each, as Kohya writes them. */
import { castCodes, isMatrixType } from '../../numbers/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import type { Checkpoint } from '../types.ts';
import { alphaRows } from './adapter.ts';

/** Read at once, as headers are. */
const AT_ONCE = 16;

/** By the tensor's name; one that can't be read or is not a number is left out, and its module has no scale. Throws cancelled. */
export async function readAlphas(
  tensors: ReadonlyMap<string, TensorRow>,
  read: Checkpoint['read'],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const wanted = alphaRows(tensors);
  const alphas = new Map<string, number>();
  let next = 0;
  const reader = async (): Promise<void> => {
    for (let row = wanted[next++]; row; row = wanted[next++]) {
      const value = await readNumber(row, read, signal);
      if (Number.isFinite(value)) alphas.set(row.name, value);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, reader));
  return alphas;
}

async function readNumber(row: TensorRow, read: Checkpoint['read'], signal?: AbortSignal): Promise<number> {
  if (!isMatrixType(row.dtype) || row.offset === null || row.shape.some((side) => side !== 1)) return NaN;
  const codes = new Uint8Array(row.sizeBytes);
  const value = new Float64Array(1);
  try {
    await read(row, 0, codes, signal);
  } catch (error) {
    if (!(error instanceof OffaxisError) || error.code === 'cancelled') throw error;
    return NaN;
  }
  castCodes(row.dtype, codes, 'F64', new Uint8Array(value.buffer));
  return value[0] as number;
}
