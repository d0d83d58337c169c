/** Matrices that lie in memory whole while several runs of them are looked at together. */
import { readMatrix, type Weight, type WeightPair } from '../checkpoint/index.ts';
import type { Matrix } from '../linalg/backend.ts';
import { bytesOf } from '../numbers/index.ts';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import { matrixType } from './change.ts';

/** Bytes that matrices at work may take together, besides the largest. */
const BUDGET = 2 ** 31;

/** A bound on what is held: who asks for more waits, unless nothing is held. */
export class MatrixMemory {
  private held = 0;
  private waiting: (() => void)[] = [];

  constructor(private readonly budget = BUDGET) {}

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

/** Throws read-failed, bad-file, cancelled. */
export async function wholeMatrix(weight: Weight, signal: AbortSignal): Promise<Matrix> {
  const { rows, columns, name, dtype } = weight;
  const type = matrixType(weight);
  if (type === null) throw new OffaxisError('bug', `${name} has type ${dtype}, which has no spectrum.`);
  return { rows, columns, type, data: await readMatrix(weight, signal) };
}

/** Bytes of the codes of all sides and of their base. */
export function readBytes(pairs: readonly WeightPair[]): number {
  const bytes = (weight: Weight): number => weight.count * bytesOf(matrixType(weight) ?? 'F64');
  const [first] = pairs;
  return (first ? bytes(first.base) : 0) + pairs.reduce((sum, { tuned }) => sum + bytes(tuned), 0);
}
