/** One side of a pair: the caller's codes, brought piece by piece into the kernels' memory in a format that they take. */
import type { Matrix } from '../backend.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { bytesOf, type MatrixType } from '../../numbers/index.ts';
import type { Address, KernelMemory, Kernels } from './kernels.ts';

/** Bytes a value in the kernels' memory: 2 = bf16 codes, 4 = float32, 8 = float64. */
export type Format = 2 | 4 | 8;

export interface Shape {
  rows: number;
  columns: number;
  /** min and max of the two */
  q: number;
  big: number;
  tall: boolean;
  weights: number;
}
export function shapeOf({ rows, columns }: { rows: number; columns: number }): Shape {
  const [q, big] = [Math.min(rows, columns), Math.max(rows, columns)];
  return { rows, columns, q, big, tall: rows >= columns, weights: rows * columns };
}

/** As weights of a type come into the kernels' memory. */
export function formatOf(type: MatrixType): Format {
  return type === 'BF16' ? 2 : type === 'F64' ? 8 : 4;
}

/** Float64 values whose greatest lies in here need no scaling: sums of fourth powers stay far from overflow and underflow. */
const SQUARE_RANGE = [1e-60, 1e60] as const;

/** Weights converted at once. */
export const PIECE = 1 << 18;

/** A power of two that scales weights of up to `greatest` so that their squares and products stay in range. */
export function scaleFor(greatest: number): number {
  const [low, high] = SQUARE_RANGE;
  if (greatest === 0 || (greatest > low && greatest < high)) return 1;
  return 2 ** -Math.max(-1000, Math.min(1000, Math.floor(Math.log2(greatest))));
}

export class Source {
  readonly format: Format;

  /** Throws `bug` if the bytes do not fit the shape. */
  constructor(readonly matrix: Matrix) {
    const { rows, columns, type, data } = matrix;
    if (data.byteLength !== rows * columns * bytesOf(type))
      throw new OffaxisError('bug', `A ${rows} x ${columns} matrix in ${type} came with ${data.byteLength} bytes.`);
    this.format = formatOf(type);
  }

  /** Greatest absolute value of float64 weights, 0 for all other types: those need no scaling. */
  greatest(memory: KernelMemory, kernels: Kernels, scratch: Address): number {
    if (this.format !== 8) return 0;
    const weights = this.matrix.rows * this.matrix.columns;
    let greatest = 0;
    for (let first = 0; first < weights; first += PIECE) {
      const count = Math.min(PIECE, weights - first);
      this.load(memory, kernels, first, count, scratch, scratch);
      greatest = Math.max(greatest, kernels.absMax(scratch, count));
    }
    return greatest;
  }

  /** Weights first .. first + count - 1 to `target`. `scratch` holds PIECE float64 values. */
  load(memory: KernelMemory, kernels: Kernels, first: number, count: number, target: Address, scratch: Address): void {
    const { type, data } = this.matrix;
    const size = bytesOf(type);
    const piece = (from: number, length: number): Uint8Array => data.subarray(from * size, (from + length) * size);
    if (type !== 'F16') {
      memory.bytes(target, count * size).set(piece(first, count));
      return;
    }
    for (let done = 0; done < count; done += PIECE) {
      const length = Math.min(PIECE, count - done);
      memory.bytes(scratch, length * size).set(piece(first + done, length));
      kernels.f16ToF32(scratch, target + done * this.format, length);
    }
  }
}
