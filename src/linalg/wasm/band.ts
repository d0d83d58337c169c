/** Eigenvalues and leading eigenvectors of a symmetric positive semidefinite band matrix, in float64. */
import { OffaxisError } from '../../protocol/errors.ts';
import type { Address, KernelMemory, Kernels } from './kernels.ts';

/** Eigenvalues closer than this share of the largest are orthogonalised inside the inverse iteration. */
const CLUSTER = 1e-10;
/** Largest residual of an unpivoted vector, as a share of the distance to the next eigenvalue. */
const RESIDUAL = 1e-8;

export interface BandPlan {
  /** order and half-width */
  n: number;
  b: number;
  /** lower band, S[j * lds + d] = a(j + d, j), lds >= b + 2; S2 is as large and takes what the reduction destroys */
  S: Address;
  S2: Address;
  lds: number;
  /** n values each */
  d: Address;
  e: Address;
  /** n values: eigenvalues, descending */
  lam: Address;
  /** a value for each vector */
  residuals: Address;
  /** vectors as rows */
  XT: Address;
  ldx: number;
  work: Address;
}

/** Descending; also left at `lam`. Throws cancelled. */
export function bandEigenvalues(
  memory: KernelMemory,
  kernels: Kernels,
  { S, S2, lds, n, b, d, e, lam }: BandPlan,
  checkCancelled: () => void,
): Float64Array {
  memory.f64(S2, n * lds).set(memory.f64(S, n * lds));
  kernels.bandToTridiagonal(S2, lds, n, b, d, e);
  checkCancelled();
  if (kernels.tridiagonalValues(n, d, e) !== 0)
    throw new OffaxisError('bug', `The eigenvalues of a matrix of order ${n} did not converge. Please report this.`);
  const eigenvalues = memory.f64(d, n).slice().sort().reverse();
  memory.f64(lam, n).set(eigenvalues);
  return eigenvalues;
}

/** Unit vectors of the `count` largest eigenvalues, which must not all be 0, to the first rows of XT. Throws cancelled. */
export function bandEigenvectors(
  memory: KernelMemory,
  kernels: Kernels,
  { S, lds, n, b, lam, XT, ldx, work, residuals: res }: BandPlan,
  count: number,
  checkCancelled: () => void,
): void {
  const eigenvalues = memory.f64(lam, n);
  const norm = eigenvalues[0] ?? 0;
  const gap = (i: number): number => (i > 0 && i < n ? (eigenvalues[i - 1] ?? 0) - (eigenvalues[i] ?? 0) : Infinity);
  kernels.bandVectorsFast(S, lds, n, b, lam, 0, count, XT, ldx, norm, res, work);
  const residuals = memory.f64(res, count);
  // vectors that the fast way got wrong, and clusters, once more with pivoting
  for (let i = 0, next = 0; i < count; i = next) {
    for (next = i + 1; next < count && gap(next) < CLUSTER * norm;) next++;
    const limit = Math.max(RESIDUAL * Math.min(gap(i), gap(i + 1)), 64 * Number.EPSILON * norm);
    if (next === i + 1 && (residuals[i] ?? NaN) <= limit) continue;
    kernels.bandVectors(S, lds, n, b, lam, i, next, XT, ldx, norm, CLUSTER, work);
    checkCancelled();
  }
}
