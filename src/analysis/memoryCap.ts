/** How much memory the work may take: of the cap of the process, what is left for matrices, and what a pair takes of it. */
import type { Weight, WeightPair } from '../checkpoint/index.ts';
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import { SUBSPACE_RANK } from '../metrics/figures/subspaceSimilarity.ts';
import { numberType } from '../numbers/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { plain } from '../protocol/format.ts';
import { greatest } from '../protocol/lists.ts';
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

type Sides = Pick<WeightPair, 'base' | 'tuned'>;
/** Of the leading directions of each update, which several runs are held beside each other by. */
const DIRECTIONS = 8 * SUBSPACE_RANK;

/**
 * Bytes that the spectra of pairs over one base take, all at once: a thread's work and the codes of all sides, which are held once more
 * until they are used again.
 */
export function spectraBytes(
  pairs: readonly Sides[],
  { twin }: Pick<ComparisonParameters, 'twin'>,
  backend: Pick<LinearAlgebraBackend, 'pairPeakBytes'>,
): number {
  const [first] = pairs;
  if (!first) return 0;
  const { rows, columns, count } = first.base;
  const sides = pairs.length * (twin ? 2 : 1);
  const widths = pairs.flatMap(({ base, tuned }) => [base, tuned]).map(bytesOf);
  const width = greatest(widths, 0);
  const codes = (1 + sides) * width * count;
  // float32 sides are what pairPeakBytes reckons with
  const wider = width > 4 ? 4 * (2 + sides) * count : 0;
  const directions = pairs.length > 1 ? pairs.length * DIRECTIONS * (rows + columns) : 0;
  return backend.pairPeakBytes(rows, columns, sides) + wider + codes + directions;
}
/** Bytes that the singular values of one matrix take at most: those of a pair without its tuned side. */
export function valuesBytes(weight: Weight, backend: Pick<LinearAlgebraBackend, 'pairPeakBytes'>): number {
  return backend.pairPeakBytes(weight.rows, weight.columns, 0) + bytesOf(weight) * weight.count;
}
const bytesOf = ({ type }: Weight): number => (numberType(type)?.bits ?? 64) / 8;

/** Names of weights that have spectra, but no room for them under the cap, with the reason. */
export type LeftOut = ReadonlyMap<string, string>;

/** `weights`: of each the pairs that are computed at once, over one base and under one name. */
export function leftOutOf(
  weights: Iterable<readonly WeightPair[]>,
  parameters: Pick<ComparisonParameters, 'spectra' | 'twin'>,
  backend: Pick<LinearAlgebraBackend, 'pairPeakBytes' | 'budget'>,
): LeftOut {
  const leftOut = new Map<string, string>();
  const { budget = Infinity } = backend;
  if (parameters.spectra === false || budget === Infinity) return leftOut;
  for (const pairs of weights) {
    const spectral = pairs.filter((pair) => pair.spectral);
    const bytes = spectraBytes(spectral, parameters, backend);
    const why = `its spectra take ${plain.bytes(bytes)} of memory, and the cap leaves ${plain.bytes(budget)} for matrices: raise --memory (offaxis.memory)`;
    if (bytes > budget) for (const { name } of spectral) leftOut.set(name, why);
  }
  return leftOut;
}

/** What is said of matrices that are left out; nothing if there are none. */
export function leftOutProblems(leftOut: LeftOut): Problem[] {
  const [first] = leftOut;
  if (!first) return [];
  const [name, why] = first;
  const others = leftOut.size === 1 ? '' : ` So are ${leftOut.size - 1} more.`;
  const message = `${JSON.stringify(name)} is left out of the spectra: ${why}.${others}`;
  return [{ severity: 'warning', code: 'beyond-memory', message, tensor: name }];
}
