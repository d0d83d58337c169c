import type { GpuContext } from './context.ts';
import { ceilTo, STORAGE_BUFFER } from './flags.ts';

/** Block size of the reduction and of all padding; the kernels are written for 32. */
export const BLOCK = 32;

/** A float32 matrix on the device, row-major: rows and cols are padded with zeros to multiples of 32; element (i, j) lies at
 * float offset / 4 + i * ld + j. */
export interface DeviceMatrix {
  buffer: GPUBuffer;
  /** bytes */
  offset: number;
  rows: number;
  cols: number;
  ld: number;
}

export const matrixBytes = ({ rows, cols }: { rows: number; cols: number }): number =>
  ceilTo(rows, BLOCK) * ceilTo(cols, BLOCK) * 4;

/** A buffer of the pool of its own; its content is not zeroed. Give it back with `context.pool.release(matrix.buffer)`. */
export async function createMatrix(
  context: GpuContext,
  label: string,
  rows: number,
  cols: number,
): Promise<DeviceMatrix> {
  const buffer = await context.pool.acquire(label, matrixBytes({ rows, cols }), STORAGE_BUFFER);
  return { buffer, offset: 0, rows: ceilTo(rows, BLOCK), cols: ceilTo(cols, BLOCK), ld: ceilTo(cols, BLOCK) };
}
