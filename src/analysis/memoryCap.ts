/** How much memory the work may take: of the cap of the process, what is left for matrices, and what a pair takes of it. */
import type { Weight, WeightPair } from '../checkpoint/index.ts';
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import { defaultAngleRank, defaultMaskRank } from '../metrics/index.ts';
import { SUBSPACE_RANK } from '../metrics/figures/subspaceSimilarity.ts';
import { numberType } from '../numbers/index.ts';
import { beyondMemory } from '../protocol/beyondMemory.ts';
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
type Codes = Pick<Weight, 'rows' | 'columns' | 'count' | 'type'>;
type Reckoner = Pick<LinearAlgebraBackend, 'peakBytes'>;
/** What shapes the memory of a run's stage. */
export type Staged = Pick<ComparisonParameters, 'spectra' | 'twin' | 'angleRank' | 'maskRank'>;
/** Of the leading directions of each update, which several runs are held beside each other by. */
const DIRECTIONS = 8 * SUBSPACE_RANK;

/** Bytes of a thread at a matrix with so many tuned sides, at the stage that is asked for, and of its codes as float32. */
export function stageBytes(
  { rows, columns }: Pick<Weight, 'rows' | 'columns'>,
  runs: number,
  { spectra, twin, ...ranks }: Staged,
  backend: Reckoner,
): number {
  const q = Math.min(rows, columns);
  return backend.peakBytes({
    ...{ call: spectra === 'leading' ? 'alignment' : 'pair', rows, columns, sides: runs * (twin ? 2 : 1) },
    angleRank: Math.min(q, ranks.angleRank ?? defaultAngleRank(q)),
    maskRank: Math.min(q, ranks.maskRank ?? defaultMaskRank(q)),
  });
}

/**
 * Bytes that the stage asked for takes of pairs over one base, all at once: a thread's work and the codes of all sides, which are held
 * once more until they are used again.
 */
export function pairsBytes(pairs: readonly Sides[], parameters: Staged, backend: Reckoner): number {
  const [first] = pairs;
  if (!first) return 0;
  const { rows, columns, count } = first.base;
  const sides = pairs.length * (parameters.twin ? 2 : 1);
  const widths = pairs.flatMap(({ base, tuned }) => [base, tuned]).map(bytesOf);
  const width = greatest(widths, 0);
  const codes = (1 + sides) * width * count;
  // float32 sides are what stageBytes reckons with
  const wider = width > 4 ? 4 * (2 + sides) * count : 0;
  const directions = pairs.length > 1 ? pairs.length * DIRECTIONS * (rows + columns) : 0;
  return stageBytes(first.base, pairs.length, parameters, backend) + wider + codes + directions;
}
/** Bytes that the singular values of one matrix take. */
export function valuesBytes({ rows, columns, count, type }: Codes, backend: Reckoner): number {
  const width = bytesOf({ type });
  const wider = width > 4 ? 8 * count : 0;
  return (
    backend.peakBytes({ call: 'values', rows, columns, sides: 0, angleRank: 1, maskRank: 1 }) + wider + width * count
  );
}
/** Of a matrix in a thread whose leading triplets are found, with its codes; `rank`: how many. */
export function leadingBytes({ rows, columns, count, type }: Codes, rank: number, backend: Reckoner): number {
  const wider = bytesOf({ type }) > 4 ? 12 * count : 0;
  return backend.peakBytes({ call: 'alignment', rows, columns, sides: 1, angleRank: 1, maskRank: rank }) + wider;
}
/** Bytes that the spectrum of an update takes that is made whole in float64: both sides, and the values. */
export function updateBytes({ base }: Sides, backend: Reckoner): number {
  const { rows, columns, count } = base;
  return valuesBytes({ rows, columns, count, type: 'F64' }, backend) + 8 * count;
}
const bytesOf = ({ type }: Pick<Weight, 'type'>): number => (numberType(type)?.bits ?? 64) / 8;

/** Names of weights that have spectra, but no room for them under the cap, with the reason. */
export type LeftOut = ReadonlyMap<string, string>;

/** `weights`: of each the pairs that are computed at once, over one base and under one name. `mayEnd`: the run may end at the alignment. */
export function leftOutOf(
  weights: Iterable<readonly WeightPair[]>,
  parameters: Staged,
  backend: Pick<LinearAlgebraBackend, 'peakBytes' | 'budget'>,
  mayEnd = false,
): LeftOut {
  const leftOut = new Map<string, string>();
  const { budget = Infinity } = backend;
  if (parameters.spectra === false || budget === Infinity) return leftOut;
  const what = parameters.spectra === 'leading' ? 'alignment takes' : 'spectra take';
  for (const pairs of weights) {
    const spectral = pairs.filter((pair) => pair.spectral);
    const bytes = pairsBytes(spectral, parameters, backend);
    if (bytes <= budget) continue;
    const less = mayEnd ? pairsBytes(spectral, { ...parameters, spectra: 'leading' }, backend) : Infinity;
    const why = beyond(`its ${what}`, bytes, budget, less <= budget ? 'or end with --until alignment' : undefined);
    for (const { name } of spectral) leftOut.set(name, why);
  }
  return leftOut;
}
/** What something takes, what the cap leaves, and what to do. `what`: as "its spectra take"; `or`: what else to do. */
export function beyond(what: string, bytes: number, budget: number, or?: string): string {
  const raise = `raise --memory (offaxis.memory)${or === undefined ? '' : `, ${or}`}`;
  return `${what} ${plain.bytes(bytes)} of memory, and the cap leaves ${plain.bytes(budget)} for matrices: ${raise}`;
}

/** What is said of matrices that are left out; nothing if there are none. */
export function leftOutProblems(leftOut: LeftOut, { spectra }: Pick<ComparisonParameters, 'spectra'>): Problem[] {
  const of = spectra === 'leading' ? 'alignment' : 'spectra';
  return beyondMemory(
    Array.from(leftOut, ([name, why]) => ({
      name,
      message: `${JSON.stringify(name)} is left out of the ${of}: ${why}.`,
    })),
  );
}
