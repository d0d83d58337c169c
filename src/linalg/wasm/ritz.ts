/** Rayleigh-Ritz: eigenpairs of a small symmetric matrix by one-sided Jacobi rotations, and of W'W over a basis. */
import type { Address, KernelMemory, Kernels } from './kernels.ts';

const JACOBI_SWEEPS = 40;

/** Eigenpairs of the symmetric, positive semidefinite matrix at H, in no order. */
export interface Eigenpairs {
  values: Float64Array;
  /** unit vectors, views of Z */
  vectors: Float64Array[];
}
/** H and Z are n rows, `ld` (even) elements apart; H comes out rotated. */
export function jacobi(
  memory: KernelMemory,
  kernels: Kernels,
  { H, Z, n, ld }: { H: Address; Z: Address; n: number; ld: number },
): Eigenpairs {
  const turns = memory.f64(Z, n * ld).fill(0);
  for (let i = 0; i < n; i++) turns[i * (ld + 1)] = 1;
  const rotated = memory.f64(H, n * ld);
  if (ld > n) for (let i = 0; i < n; i++) rotated[i * ld + n] = 0;
  for (let sweep = 0; sweep < JACOBI_SWEEPS && kernels.jacobiSweep(H, n, ld, ld, Z, ld) > 0; sweep++);
  // its rows are eigenvectors times their values
  const values = Float64Array.from({ length: n }, (_, i) => {
    let squares = 0;
    for (const x of rotated.subarray(i * ld, i * ld + n)) squares += x * x;
    return Math.sqrt(squares);
  });
  return { values, vectors: Array.from({ length: n }, (_, i) => turns.subarray(i * ld, i * ld + n)) };
}

/** Where a basis lies: rows of XT, W times them in columns of Y, `most` apart; and room for its matrix and what turns it. */
export interface Basis {
  most: number;
  XT: Address;
  Y: Address;
  H: Address;
  Z: Address;
}
/** Where the pairs go: X [q, r], and W X, which is Y [big, r]. `held`: vectors of the basis. */
export interface RitzTarget {
  held: number;
  q: number;
  big: number;
  r: number;
  X: Address;
  Y: Address;
  work: Address;
}
/** Where the pairs after the leading ones go: n of them as rows of `at` [n, q], and W times them in columns of `image`. */
export interface Beside {
  n: number;
  at: Address;
  image: { at: Address; stride: number };
}

/** The r leading Ritz pairs over the basis: X = XT' z, Y = W X; and those after them, if they are asked for. Returns all values, descending. */
export function ritz(
  memory: KernelMemory,
  kernels: Kernels,
  { XT, Y: basis, H, Z, most }: Basis,
  { held, q, big, r, X, Y, work }: RitzTarget,
  beside: Beside | null,
): Float64Array {
  const ld = held + (held & 1);
  kernels.dgemm(held, held, big, 1, basis, 1, most, basis, most, 1, 0, H, ld, work);
  const { values, vectors } = jacobi(memory, kernels, { H, Z, n: held, ld });
  const descending = [...values.keys()].sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
  // the chosen rows to where H was
  for (const [i, from] of descending.slice(0, r + (beside?.n ?? 0)).entries())
    memory.f64(H + i * held * 8, held).set(vectors[from] as Float64Array);
  kernels.dgemm(q, r, held, 1, XT, 1, q, H, 1, held, 0, X, r, work);
  kernels.dgemm(big, r, held, 1, basis, most, 1, H, 1, held, 0, Y, r, work);
  if (beside) {
    const { n, at, image } = beside;
    const turns = H + r * held * 8;
    kernels.dgemm(n, q, held, 1, turns, held, 1, XT, q, 1, 0, at, q, work);
    kernels.dgemm(big, n, held, 1, basis, most, 1, turns, 1, held, 0, image.at, image.stride, work);
  }
  return Float64Array.from(descending, (i) => values[i] as number);
}
