/** The noise twin of a pair: what noise of the update's size, stored like it, would have done (METRICS: The noise twin). */
import { createHash } from 'node:crypto';
import type { ElementKernels, LinearAlgebraBackend, Matrix } from '../linalg/backend.ts';
import { chunkCompare, type UpdateContext } from '../metrics/index.ts';
import { bytesOf, type GridSpec } from '../numbers/index.ts';
import type { ChangeMetrics, ComparisonParameters, TwinMetrics, UpdateMetrics } from '../protocol/results.ts';
import { ChangeSums } from './changeSums.ts';

/** Weights a chunk of the pass over the twin. */
const CHUNK_WEIGHTS = 4 * 1024 * 1024;

/** Seed of a pair's noise: the first eight bytes, little-endian, of the SHA-256 of its name, xor `twinSeed`. */
export function twinSeed(name: string, seed: number): bigint {
  return createHash('sha256').update(name, 'utf8').digest().readBigUInt64LE(0) ^ BigInt(seed);
}

/** T for W0 of a pair of that name, as far from it as the update is: `norm` > 0. Throws cancelled. */
export function twinOf(
  backend: LinearAlgebraBackend,
  base: Matrix,
  { name, norm, grid }: { name: string; norm: number; grid: GridSpec },
  parameters: ComparisonParameters,
  signal: AbortSignal,
): Promise<Matrix> {
  const narrow = base.type === 'F32' && grid.grid.startsWith('F8_') ? grid.grid : null;
  return backend.noiseTwin(base, { seed: twinSeed(name, parameters.twinSeed), norm, grid: narrow, signal });
}

/** T for a pair; null if it is not asked for, or without an update. Throws cancelled. */
export async function twinOfPair(
  backend: LinearAlgebraBackend,
  base: Matrix,
  { name, updateNorm, grid }: { name: string; updateNorm: number | null; grid: GridSpec },
  parameters: ComparisonParameters,
  signal: AbortSignal,
): Promise<Matrix | null> {
  if (!parameters.twin || !updateNorm) return null;
  return twinOf(backend, base, { name, norm: updateNorm, grid }, parameters, signal);
}

/**
 * The figures of (W0, T): the elementwise ones, and beside them what `spectral` makes of T's own context and of those. `context`: of the
 * pair. Throws cancelled.
 */
export async function twinMetrics(
  backend: LinearAlgebraBackend,
  { w0, twin, context }: { w0: Matrix; twin: Matrix; context: UpdateContext },
  parameters: ComparisonParameters,
  signal: AbortSignal,
  spectral: (context: UpdateContext, own: ChangeMetrics) => Partial<UpdateMetrics>,
): Promise<TwinMetrics> {
  const sums = await twinChange(backend, w0, twin, context.grid, parameters, signal);
  const { tuned, updateVariance } = sums;
  const own = sums.metrics();
  return { ...own, ...spectral({ ...context, tunedVariance: tuned.variance, updateVariance }, own) };
}

/** How T differs from W0, elementwise. Throws cancelled. */
export async function twinChange(
  backend: LinearAlgebraBackend,
  base: Matrix,
  twin: Matrix,
  grid: GridSpec,
  { eta, absoluteTolerance }: ComparisonParameters,
  signal: AbortSignal,
): Promise<ChangeSums> {
  const compare = backend.elements?.compare.bind(backend.elements) ?? compareHere;
  const sums = new ChangeSums(base.rows * base.columns);
  const bytes = CHUNK_WEIGHTS * bytesOf(base.type);
  for (let from = 0; from < base.data.byteLength; from += bytes) {
    const [w0, noisy] = [base, twin].map(({ data }) => data.subarray(from, from + bytes)) as [Uint8Array, Uint8Array];
    const options = { grid, eta, absoluteTolerance, columns: 0, signal };
    sums.add(await compare(base.type, w0, twin.type, noisy, options));
  }
  return sums;
}

/** The definition itself, if a backend has no faster way. */
export const compareHere: ElementKernels['compare'] = (baseType, base, tunedType, tuned, options) =>
  Promise.resolve(chunkCompare(baseType, base, tunedType, tuned, options));
