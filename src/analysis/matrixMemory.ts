/** Matrices that lie in memory while something is computed of them, within a bound. */
import { readMatrix, type SharedBuffers, type Weight, type WeightPair } from '../checkpoint/index.ts';
import type { Matrix } from '../linalg/backend.ts';
import { bytesOf } from '../numbers/index.ts';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import { matrixType } from './change.ts';

/** Bytes that matrices of several runs may take together, besides the largest. */
export const SEVERAL_BUDGET = 2 ** 31;

/** A bound on what is held: who asks for more waits, unless nothing is held. */
export class MatrixMemory {
  private held = 0;
  private waiting: (() => void)[] = [];

  /** `budget`: bytes. */
  constructor(private readonly budget: number) {}

  /** Does `work` while so many bytes are held. Throws cancelled, and what it throws. */
  async within<T>(bytes: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const release = await this.take(bytes, signal);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Waits for so many bytes. Give them back with the function that it returns. Throws cancelled. */
  async take(bytes: number, signal: AbortSignal): Promise<() => void> {
    while (this.held > 0 && this.held + bytes > this.budget)
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    throwIfAborted(signal);
    this.held += bytes;
    return () => {
      this.held -= bytes;
      for (const wake of this.waiting.splice(0)) wake();
    };
  }
}

/** Its bytes are of `buffers`, if given. Throws read-failed, bad-file, cancelled. */
export async function wholeMatrix(weight: Weight, signal: AbortSignal, buffers?: SharedBuffers): Promise<Matrix> {
  const { rows, columns, name, dtype } = weight;
  const type = matrixType(weight);
  if (type === null) throw new OffaxisError('bug', `${name} has type ${dtype}, which has no spectrum.`);
  return { rows, columns, type, data: await readMatrix(weight, signal, buffers) };
}

/** Bytes of the codes of all sides and of their base. */
export function readBytes(pairs: readonly WeightPair[]): number {
  const bytes = (weight: Weight): number => weight.count * bytesOf(matrixType(weight) ?? 'F64');
  const [first] = pairs;
  return (first ? bytes(first.base) : 0) + pairs.reduce((sum, { tuned }) => sum + bytes(tuned), 0);
}
