/** How much memory the work may take: of the cap of the process, what is left for matrices, and what a pair takes of it. */
import type { WeightPair } from '../checkpoint/index.ts';
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import { numberType } from '../numbers/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { plain } from '../protocol/format.ts';
import { say } from '../protocol/say.ts';
import type { ComparisonParameters, Problem } from '../protocol/results.ts';

/**
 * Bytes of the process without a matrix: Node 24 with the engine's code, compiled kernels and a heap for some thousand tensors. Measured
 * as the peak of `compare --until change` over the sample family, 110 MB, and more than half as much again for results.
 */
const PROCESS_BYTES = 180e6;
/** Of a thread: its own heap and compiled code. */
const THREAD_BYTES = 16e6;
/** What a thread has to have for matrices, or there are fewer threads: the chunks of the first pass. */
const LEAST_FOR_THREAD = 64e6;

/** Threads that a cap leaves, and bytes for all matrices at work. Throws bad-parameter if it leaves room for none. */
export function withinCap(capBytes: number, threads: number): { threads: number; budget: number } {
  const left = capBytes - PROCESS_BYTES;
  const most = Math.floor(left / (THREAD_BYTES + LEAST_FOR_THREAD));
  if (most < 1)
    throw new OffaxisError(
      'bad-parameter',
      say(
        '{0} of memory are too little: the program itself and one thread take {1}. Raise --memory (the setting offaxis.memory).',
        plain.bytes(capBytes),
        plain.bytes(leastCap()),
      ),
    );
  const kept = Math.min(threads, most);
  return { threads: kept, budget: left - kept * THREAD_BYTES };
}
/** The least that `withinCap` takes. */
export const leastCap = (): number => PROCESS_BYTES + THREAD_BYTES + LEAST_FOR_THREAD;

/** Bytes that the spectra of a pair take: a thread's work and the codes of all sides, which are held once more until they are used again. */
export function spectraBytes(
  { base, tuned }: Pick<WeightPair, 'base' | 'tuned'>,
  { twin }: Pick<ComparisonParameters, 'twin'>,
  backend: Pick<LinearAlgebraBackend, 'pairPeakBytes'>,
): number {
  const sides = twin ? 2 : 1;
  const bytesOf = ({ type }: WeightPair['base']): number => (numberType(type)?.bits ?? 64) / 8;
  const width = Math.max(bytesOf(base), bytesOf(tuned));
  const codes = (1 + sides) * width * base.count;
  // float32 sides are what pairPeakBytes reckons with
  const wider = width > 4 ? 4 * (2 + sides) * base.count : 0;
  return backend.pairPeakBytes(base.rows, base.columns, sides) + wider + codes;
}

/** What is said of matrices that `beyondMemory` leaves out; nothing if there are none. */
export function leftOutProblems(leftOut: readonly { name: string; why: string }[]): Problem[] {
  const [first] = leftOut;
  if (!first) return [];
  const { name, why } = first;
  const others = leftOut.length === 1 ? '' : ` So are ${leftOut.length - 1} more.`;
  const message = `${JSON.stringify(name)} is left out of the spectra: ${why}.${others}`;
  return [{ severity: 'warning', code: 'beyond-memory', message, tensor: name }];
}

/** Why the spectra of this pair are left out although it has them; null if there is room for them. */
export function beyondMemory(
  pair: Pick<WeightPair, 'base' | 'tuned'>,
  parameters: Pick<ComparisonParameters, 'twin'>,
  backend: Pick<LinearAlgebraBackend, 'pairPeakBytes' | 'budget'>,
): string | null {
  const { budget = Infinity } = backend;
  const bytes = spectraBytes(pair, parameters, backend);
  if (bytes <= budget) return null;
  return `its spectra take ${plain.bytes(bytes)} of memory, and the cap leaves ${plain.bytes(budget)} for matrices: raise --memory (offaxis.memory)`;
}
