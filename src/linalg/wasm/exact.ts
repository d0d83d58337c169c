/**
 * Singular values without squaring, for the one case that the Gram matrix serves badly: a rank-deficient matrix, whose zeros read as
 * 1e-8 s_1, beside a small full-rank update.
 */
import { OffaxisError } from '../../protocol/errors.ts';
import type { Address, KernelMemory, Kernels, Layout } from './kernels.ts';
import type { Format, Shape } from './source.ts';

/** Part of the change of the spectrum that its error may be: METRICS allow a hundredth, and the estimate is careful. */
const SHARE = 1 / 100;
/** Changes of the spectrum below this are under the resolution that is reported. */
const LEAST_SHIFT = 1e-6;
/** q^2 max(m, n) up to which it is worth while: about half a minute. */
const MOST_WORK = 4e10;

export interface ExactPlan {
  A: Address;
  ld: number;
  d: Address;
  e: Address;
  work: Address;
}
export function planExact(layout: Layout, kernels: Kernels, { q, big }: Shape): ExactPlan {
  const ld = big + (big & 1);
  return {
    ld,
    A: layout.take(q * ld * 8),
    d: layout.take(2 * q * 8),
    e: layout.take(2 * q * 8),
    work: layout.take(kernels.bidiagonalBytes(q, big)),
  };
}

/** norm2 of the errors that a Gram matrix leaves in the values: an eigenvalue is off by about 2 eps s_1^2. */
function gramError(values: Float64Array): number {
  const off = 2 * Number.EPSILON * (values[0] ?? 0) ** 2;
  return Math.sqrt(values.reduce((sum, s) => sum + Math.min(off / (2 * s), Math.sqrt(off)) ** 2, 0));
}
/** Whether the change between two spectra from Gram matrices is large enough to be reported and not large beside their errors. */
export function spectrumIsCoarse(base: Float64Array, tuned: Float64Array, { q, big }: Shape): boolean {
  const norm = Math.sqrt(base.reduce((sum, s) => sum + s * s, 0));
  const shift = Math.sqrt(base.reduce((sum, s, i) => sum + (s - (tuned[i] ?? 0)) ** 2, 0));
  if (!(shift > LEAST_SHIFT * norm) || q * q * big > MOST_WORK) return false;
  return Math.max(gramError(base), gramError(tuned)) > SHARE * shift;
}

/** All singular values, descending, to about eps s_1, by bidiagonalisation. */
export function bidiagonalValues(
  memory: KernelMemory,
  kernels: Kernels,
  { A, ld, d, e, work }: ExactPlan,
  { q, big, tall, columns }: Shape,
  W: Address,
  format: Format,
): Float64Array {
  kernels.toRows(format, W, big, q, tall ? columns : 1, tall ? 1 : columns, A, ld);
  kernels.bidiagonalize(A, q, big, ld, e, work);
  memory.f64(d, 2 * q).fill(0);
  if (kernels.tridiagonalValues(2 * q, d, e) !== 0)
    throw new OffaxisError(
      'bug',
      `The singular values of a matrix of order ${q} did not converge. Please report this.`,
    );
  return memory
    .f64(d, 2 * q)
    .slice()
    .sort()
    .reverse()
    .subarray(0, q)
    .map((s) => Math.max(0, s));
}
