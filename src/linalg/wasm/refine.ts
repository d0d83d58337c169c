/**
 * Leading singular vectors of float32's accuracy made exact in float64: Rayleigh-Ritz over what was given and over residuals, as in block
 * Golub-Kahan-Lanczos. Every product is with the matrix itself, 4 m n r flops a round, so no O(n^3) work is left for float64.
 */
import { OffaxisError } from '../../protocol/errors.ts';
import { cholesky, inverseOf } from './cholesky.ts';
import type { Address, KernelMemory, Kernels, Layout } from './kernels.ts';
import { productsOf, type Panels } from './products.ts';
import type { Format, Shape } from './source.ts';

/** Rounds of residuals that the basis is widened by; each takes the error down by a factor of 3 (flat spectra) to 100. */
const ROUNDS = 4;
const JACOBI_SWEEPS = 40;
/** The relative error that energies ask for. */
export const ENOUGH = 1e-6;
/** A residual that keeps less of its length than this after the projection is in the span already. */
const SPANNED = 1e-6;
/** Squares of pivots under which rows are taken one after the other, and above which one Cholesky factor makes them orthonormal. */
const DEPENDENT = 1e-8;
const NEARLY = 0.5;
const PASSES = 3;

export interface RefinePlan {
  /** most basis vectors */
  most: number;
  /** rows of the smaller side's basis, most x q */
  XT: Address;
  /** W times it, big x most */
  Y: Address;
  /** projected matrix and its rotations, most x most */
  H: Address;
  Z: Address;
  /** q x r and r x q */
  G: Address;
  GT: Address;
  C: Address;
}
export function planRefine(layout: Layout, { q, big }: Shape, count: number, r: number): RefinePlan {
  const most = Math.min(q, count + ROUNDS * r);
  const take = (values: number): Address => layout.take(values * 8);
  return {
    most,
    XT: take((most + 1) * q),
    Y: take((big + 1) * most),
    H: take((most + 1) * (most + 1)),
    Z: take((most + 1) * (most + 1)),
    G: take(q * r),
    GT: take(r * q),
    C: take(r * most),
  };
}
export interface RefineInput {
  /** [q, count], row-major */
  vectors: Float32Array | Float64Array;
  count: number;
  /** values to about 1e-7 s_1, for the distances between them */
  values: Float64Array;
}
/** What came of it. */
export interface Refined {
  /** the r leading ones, and the one after them to the square of its error; 0 without one */
  values: Float64Array;
  next: number;
  /** root of the sum over i of the squared error that is left in s_i u_i v_i' */
  error: number;
  /** whether that is small enough for masks and energies */
  settled: boolean;
}
/** Where the matrix lies, and where the r refined vectors go: X [q, r], and W X [big, r]. */
export interface RefineTarget {
  shape: Shape;
  matrix: Address;
  format: Format;
  packed: Panels | null;
  r: number;
  X: Address;
  Y: Address;
  work: Address;
  /** entries of the reconstruction that may be in doubt when it stops, if all are of one size */
  inDoubt: number;
}

/** Throws cancelled. */
export function refineLeading(
  memory: KernelMemory,
  kernels: Kernels,
  plan: RefinePlan,
  input: RefineInput,
  target: RefineTarget,
  checkCancelled: () => void,
): Refined {
  const { shape, r, X, Y, work, inDoubt } = target;
  const { q, big, weights } = shape;
  const { XT, G, GT, C, most } = plan;
  const { count } = input;
  const products = productsOf(kernels, shape, target);
  const rows = (at: Address, n: number): Float64Array[] =>
    Array.from({ length: n }, (_, i) => memory.f64(at + i * q * 8, q));

  const start = rows(XT, count);
  for (let j = 0; j < q; j++)
    for (let i = 0; i < count; i++) (start[i] as Float64Array)[j] = input.vectors[j * count + i] as number;
  let held = orthonormal(
    memory,
    kernels,
    { at: XT, n: count, q, small: plan.H, room: plan.Y, work },
    0,
    checkCancelled,
  );
  if (held < r)
    throw new OffaxisError('bug', 'The leading vectors of a matrix came out dependent. Please report this.');
  let next = 0;
  let multiplied = 0;
  for (let round = 0; ; round++) {
    for (let from = multiplied; from < held; from += 64) {
      const n = Math.min(64, held - from);
      products.times(n, { at: XT + from * q * 8, rs: 1, cs: q }, plan.Y + from * 8, most);
      checkCancelled();
    }
    multiplied = held;
    next = ritz(memory, kernels, plan, { held, q, big, r, X, Y, work });
    checkCancelled();
    products.turned(r, { at: Y, rs: r, cs: 1 }, G, r);
    checkCancelled();
    const { values, residuals } = residualsOf(memory, { G, GT, X, Y, q, big, r });
    // a vector is off by its residual over the distance to what the basis leaves out
    const rest = held < q ? (input.values[Math.min(count, input.values.length - 1)] ?? 0) : 0;
    let squared = 0;
    let norm = 0;
    for (const [i, s] of values.entries()) {
      const distance = Math.max(s * s - rest * rest, 0);
      const off = held < q ? Math.min(1, ((residuals[i] ?? 0) * s) / distance || 0) : 0;
      squared += off * off * (s * s + rest * rest);
      norm += s * s;
    }
    const error = Math.sqrt(squared);
    const settled = error <= Math.min(inDoubt / weights, ENOUGH) * Math.sqrt(norm);
    if (settled || round === ROUNDS || held === most) return { values, next, error, settled };
    const room = Math.min(r, most - held);
    for (let pass = 0; pass < 2; pass++) {
      kernels.dgemm(room, held, q, 1, GT, q, 1, XT, 1, q, 0, C, held, work);
      kernels.dgemm(room, q, held, -1, C, held, 1, XT, q, 1, 1, GT, q, work);
      checkCancelled();
    }
    memory.f64(XT + held * q * 8, room * q).set(memory.f64(GT, room * q));
    const block = { at: XT + held * q * 8, n: room, q, small: plan.H, room: GT, work };
    const widened = held + orthonormal(memory, kernels, block, SPANNED, checkCancelled);
    if (widened === held) return { values, next, error, settled };
    held = widened;
  }
}

/**
 * Makes n rows at `at` orthonormal: by Cholesky of their Gram matrix, or one after the other if they are close to dependent. `small` holds
 * n x n, `room` n x q values. Returns how many are left, as `orthonormalise`.
 */
function orthonormal(
  memory: KernelMemory,
  kernels: Kernels,
  { at, n, q, small, room, work }: { at: Address; n: number; q: number; small: Address; room: Address; work: Address },
  least: number,
  checkCancelled: () => void,
): number {
  const rows = Array.from({ length: n }, (_, i) => memory.f64(at + i * q * 8, q));
  const norms = rows.map((row) => Math.sqrt(dot(row, row)));
  if (norms.every((norm) => norm > 0)) {
    for (const [i, row] of rows.entries()) scale(row, 1 / (norms[i] as number));
    for (let pass = 0; pass < PASSES; pass++) {
      kernels.dgemm(n, n, q, 1, at, q, 1, at, 1, q, 0, small, n, work);
      const factor = cholesky(memory.f64(small, n * n).slice(), n);
      if (!(factor.least > DEPENDENT)) break;
      memory.f64(small, n * n).set(inverseOf(factor.R, n));
      kernels.dgemm(n, q, n, 1, small, 1, n, at, q, 1, 0, room, q, work);
      memory.f64(at, n * q).set(memory.f64(room, n * q));
      if (factor.least > NEARLY) return n;
    }
  }
  return orthonormalise(rows, least, checkCancelled);
}

/** Makes rows orthonormal, twice over; drops those that keep less than `least` of 1. Returns how many are left, moved to the front. */
function orthonormalise(vectors: readonly Float64Array[], least: number, checkCancelled: () => void): number {
  let held = 0;
  for (const vector of vectors) {
    checkCancelled();
    let norm = Math.sqrt(dot(vector, vector));
    if (!(norm > 0)) continue;
    scale(vector, 1 / norm);
    norm = 1;
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i < held; i++) {
        const other = vectors[i] as Float64Array;
        subtract(vector, other, dot(vector, other));
      }
      const left = Math.sqrt(dot(vector, vector));
      norm *= left;
      if (!(norm > Math.max(least, 1e-12))) break;
      scale(vector, 1 / left);
    }
    if (!(norm > Math.max(least, 1e-12))) continue;
    (vectors[held] as Float64Array).set(vector);
    held++;
  }
  return held;
}

/** The r leading Ritz pairs over the basis: X = XT' z, Y = W X. Returns the value after them. */
function ritz(
  memory: KernelMemory,
  kernels: Kernels,
  { XT, Y: basis, H, Z, most }: RefinePlan,
  {
    held,
    q,
    big,
    r,
    X,
    Y,
    work,
  }: { held: number; q: number; big: number; r: number; X: Address; Y: Address; work: Address },
): number {
  const ld = held + (held & 1);
  kernels.dgemm(held, held, big, 1, basis, 1, most, basis, most, 1, 0, H, ld, work);
  const turns = memory.f64(Z, held * ld).fill(0);
  for (let i = 0; i < held; i++) turns[i * (ld + 1)] = 1;
  if (ld > held) for (let i = 0; i < held; i++) memory.f64(H, held * ld)[i * ld + held] = 0;
  for (let sweep = 0; sweep < JACOBI_SWEEPS && kernels.jacobiSweep(H, held, ld, ld, Z, ld) > 0; sweep++);
  const rotated = memory.f64(H, held * ld);
  const size = (i: number): number => {
    const row = rotated.subarray(i * ld, i * ld + held);
    return dot(row, row);
  };
  const sizes = Array.from({ length: held }, (_, i) => size(i));
  const descending = [...sizes.keys()].sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
  const order = descending.slice(0, r);
  // the r chosen rows to where H was
  const chosen = order.map((i) => memory.f64(Z + i * ld * 8, held).slice());
  for (const [i, row] of chosen.entries()) memory.f64(H + i * held * 8, held).set(row);
  kernels.dgemm(q, r, held, 1, XT, 1, q, H, 1, held, 0, X, r, work);
  kernels.dgemm(big, r, held, 1, basis, most, 1, H, 1, held, 0, Y, r, work);
  // of H = (W X)'(W X), whose values are squares of W's, and its rows' lengths are its values
  return Math.sqrt(Math.sqrt(sizes[descending[r] ?? -1] ?? 0));
}

/** s_i = norm(W x_i), and the norms of W' u_i - s_i x_i, which go to GT as rows. G holds W' Y. */
function residualsOf(
  memory: KernelMemory,
  { G, GT, X, Y, q, big, r }: { G: Address; GT: Address; X: Address; Y: Address; q: number; big: number; r: number },
): { values: Float64Array; residuals: Float64Array } {
  const [g, gt, x, y] = [memory.f64(G, q * r), memory.f64(GT, r * q), memory.f64(X, q * r), memory.f64(Y, big * r)];
  const squares = new Float64Array(r);
  for (let j = 0; j < big; j++)
    for (let i = 0; i < r; i++) squares[i] = (squares[i] as number) + (y[j * r + i] as number) ** 2;
  const values = squares.map(Math.sqrt);
  const residuals = new Float64Array(r);
  for (let i = 0; i < r; i++) {
    const s = values[i] as number;
    let sum = 0;
    for (let j = 0; j < q; j++) {
      const residual = s > 0 ? (g[j * r + i] as number) / s - s * (x[j * r + i] as number) : 0;
      gt[i * q + j] = residual;
      sum += residual * residual;
    }
    residuals[i] = Math.sqrt(sum);
  }
  return { values, residuals };
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * (y[i] as number);
  return sum;
}
function scale(x: Float64Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) * factor;
}
function subtract(x: Float64Array, y: Float64Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) - factor * (y[i] as number);
}
