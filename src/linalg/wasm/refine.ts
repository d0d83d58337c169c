/**
 * Leading singular vectors of float32's accuracy made exact in float64: Rayleigh-Ritz over what was given and over residuals, as in block
 * Golub-Kahan-Lanczos. Every product is with the matrix itself, 4 m n r flops a round, so no O(n^3) work is left for float64.
 */
import { OffaxisError } from '../../protocol/errors.ts';
import { cholesky, inverseOf } from './cholesky.ts';
import type { Address, KernelMemory, Kernels, Layout } from './kernels.ts';
import { Correction, planCorrect, type CorrectPlan } from './correct.ts';
import { productsOf, type Panels } from './products.ts';
import { ritz } from './ritz.ts';
import type { Format, Shape } from './source.ts';

/** Rounds of residuals that the basis is widened by; each takes the error down by a factor of 3 (flat spectra) to 100. */
const ROUNDS = 4;
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
  /** of rounds in float32, if the matrix will be at hand in panels */
  correct: CorrectPlan | null;
}
/** `packed`: whether the matrix will be at hand in panels. */
export function planRefine(
  layout: Layout,
  kernels: Kernels,
  shape: Shape,
  { count, r, packed }: { count: number; r: number; packed: boolean },
): RefinePlan {
  const { q, big } = shape;
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
    correct: packed ? planCorrect(layout, kernels, shape, { beside: count - r, r }) : null,
  };
}
export interface RefineInput {
  /** [q, count], row-major */
  vectors: Float32Array | Float64Array;
  count: number;
  /** values to about 1e-7 s_1, for the distances between them */
  values: Float64Array;
  /** norm(W'W x - s^2 x) of the worst one after the first r; not asked for without panels */
  besideResidual?: number;
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
  let multiplied = 0;
  let values: Float64Array = new Float64Array(r);
  let squares: Float64Array = new Float64Array(0);
  let last = Infinity;
  // Rounds after the first are float32's as long as they get on; then the whole basis is taken in float64.
  const { packed, format } = target;
  const corrected = { shape, packed: packed as Panels, r, X, Y, G, work };
  let brief =
    plan.correct && packed && format !== 8 && held === count
      ? new Correction(memory, kernels, plan.correct, corrected, checkCancelled)
      : null;
  let known = 0;
  for (let round = 0; ; round++) {
    const beside = squares.subarray(r, count);
    const moved = round > 0 && brief ? brief.by(XT + known * q * 8, held - known, { values, beside }) : null;
    known = held;
    if (!moved) {
      if (round > 0) brief = null;
      for (let from = multiplied; from < held; from += 64) {
        const n = Math.min(64, held - from);
        products.times(n, { at: XT + from * q * 8, rs: 1, cs: q }, plan.Y + from * 8, most);
        checkCancelled();
      }
      multiplied = held;
      squares = ritz(memory, kernels, plan, { held, q, big, r, X, Y, work }, brief && brief.beside);
      checkCancelled();
      products.turned(r, { at: Y, rs: r, cs: 1 }, G, r);
      checkCancelled();
    }
    const next = Math.sqrt(squares[r] ?? 0);
    const found = residualsOf(memory, { G, GT, X, Y, q, big, r });
    ({ values } = found);
    // a vector is off by its residual over the distance to what the basis leaves out
    const isWhole = held === q && !moved;
    const rest = isWhole ? 0 : (input.values[Math.min(count, input.values.length - 1)] ?? 0);
    let squared = 0;
    let norm = 0;
    for (const [i, s] of values.entries()) {
      const residual = (found.residuals[i] ?? 0) * s + (moved?.[i] ?? 0) * (input.besideResidual ?? 0);
      const off = isWhole ? 0 : Math.min(1, residual / Math.max(s * s - rest * rest, 0) || 0);
      squared += off * off * (s * s + rest * rest);
      norm += s * s;
    }
    const error = Math.sqrt(squared);
    const settled = error <= Math.min(inDoubt / weights, ENOUGH) * Math.sqrt(norm);
    if (settled || round === ROUNDS || held === most) return { values, next, error, settled };
    if (moved && error > last / 2) brief = null;
    last = error;
    const more = Math.min(r, most - held);
    for (let pass = 0; pass < 2; pass++) {
      kernels.dgemm(more, held, q, 1, GT, q, 1, XT, 1, q, 0, C, held, work);
      kernels.dgemm(more, q, held, -1, C, held, 1, XT, q, 1, 1, GT, q, work);
      checkCancelled();
    }
    memory.f64(XT + held * q * 8, more * q).set(memory.f64(GT, more * q));
    const block = { at: XT + held * q * 8, n: more, q, small: plan.H, room: GT, work };
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
