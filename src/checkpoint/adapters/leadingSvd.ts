/** The leading singular triplets of a matrix, by Golub-Kahan-Lanczos bidiagonalisation with full reorthogonalisation, in float64. */
import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../../protocol/errors.ts';
import { transposed, type Factor } from './factors.ts';
import { eigenvectors } from './tridiagonal.ts';

/** U S [m, r] and V' [r, n] of the rank-r part of a matrix; of a wide one U and S V'. */
export interface LeadingPart {
  left: Factor;
  right: Factor;
}

/** A triplet counts as found when its residual is below this share of the largest singular value. */
const TOLERANCE = 1e-10;
/** A direction shorter than this share of it is rounding: the space is used up, and goes on with a new direction. */
const SPENT = 1e-13;
/** Steps between two looks at what is found; other work runs in between. */
const SLICE = 8;

/**
 * `values`: [m, n], row by row. Golub and Van Loan 4th ed. section 10.4. The Krylov space grows until r triplets are found or it is the
 * whole space, so the result is as exact as float64 allows; its start is fixed. Throws cancelled.
 */
export async function leadingPart(
  { rows, columns, values }: { rows: number; columns: number; values: Float32Array | Float64Array },
  rank: number,
  signal?: AbortSignal,
): Promise<LeadingPart> {
  // Of a wide matrix the transpose: only the smaller side's space is used up when there are as many steps.
  const wide = rows < columns;
  const [long, short] = wide ? [columns, rows] : [rows, columns];
  const forth = wide ? transposedTimes : times;
  const back = wide ? times : transposedTimes;
  const part = await bidiagonalised(
    { long, short, forth: (x) => forth(values, columns, x), back: (x) => back(values, columns, x) },
    Math.min(rank, short),
    signal,
  );
  return wide ? { left: transposed(part.right), right: transposed(part.left) } : part;
}

/** A matrix [long, short] by what it does to vectors. */
interface Operator {
  long: number;
  short: number;
  forth: (x: Float64Array) => Float64Array;
  back: (x: Float64Array) => Float64Array;
}

async function bidiagonalised(
  { long, short, forth, back }: Operator,
  r: number,
  signal?: AbortSignal,
): Promise<LeadingPart> {
  const [left, right]: [Float64Array[], Float64Array[]] = [[], []];
  const [alphas, betas]: [number[], number[]] = [[], []];
  const random = numbers();
  let next = unit(short, right, random);
  let largest = 0;
  let looked = 0;
  for (;;) {
    right.push(next);
    const k = right.length - 1;
    const u = forth(next);
    largest = Math.max(largest, norm(u));
    if (k > 0) addTo(u, left[k - 1] as Float64Array, -(betas[k - 1] as number));
    const alpha = takeOff(u, left, largest);
    left.push(alpha > 0 ? u.map((value) => value / alpha) : unit(long, left, random));
    alphas.push(alpha);
    const v = back(left[k] as Float64Array);
    addTo(v, next, -alpha);
    const beta = takeOff(v, right, largest);
    betas.push(beta);
    if (right.length % SLICE === 0) {
      await setImmediate();
      throwIfAborted(signal);
    }
    // Looks cost k^3: each comes after a quarter more steps.
    if (right.length === short || (right.length >= r && right.length >= looked * 1.25)) {
      looked = right.length;
      const part = partOf(left, right, alphas, betas, r);
      if (right.length === short || part.residual <= TOLERANCE * part.largest) return part;
    }
    next = beta > 0 ? v.map((value) => value / beta) : unit(short, right, random);
  }
}

/** Clears a vector of the others, and gives its length then; 0 if that is rounding. */
function takeOff(vector: Float64Array, others: readonly Float64Array[], largest: number): number {
  clear(vector, others);
  const length = norm(vector);
  return length <= SPENT * largest ? 0 : length;
}

/** From the bidiagonal matrix A V = U B, B upper with `alphas` on and `betas` above the diagonal. */
function partOf(
  left: readonly Float64Array[],
  right: readonly Float64Array[],
  alphas: readonly number[],
  betas: readonly number[],
  r: number,
): LeadingPart & { residual: number; largest: number } {
  const k = alphas.length;
  const alpha = (j: number): number => alphas[j] as number;
  const beta = (j: number): number => (j < 0 ? 0 : (betas[j] as number));
  // B'B is tridiagonal. Its squares cost digits of what is small beside the largest, which is not looked for.
  const squares = Float64Array.from({ length: k }, (_, j) => alpha(j) ** 2 + beta(j - 1) ** 2);
  const turns = eigenvectors(
    squares,
    Float64Array.from({ length: k - 1 }, (_, j) => alpha(j) * beta(j)),
  );
  const order = [...squares.keys()].sort((i, j) => (squares[j] as number) - (squares[i] as number)).slice(0, r);
  const [m, n] = [left[0]?.length ?? 0, right[0]?.length ?? 0];
  const us = new Float64Array(m * r);
  const v = new Float64Array(r * n);
  let residual = 0;
  let largest = 0;
  order.forEach((at, i) => {
    const turn = turns[at] as Float64Array;
    const column = turn.map((own, j) => alpha(j) * own + (j + 1 < k ? beta(j) * (turn[j + 1] as number) : 0));
    const size = norm(column);
    largest = Math.max(largest, size);
    for (let j = 0; j < k; j++) {
      const [weight, share] = [column[j] as number, turn[j] as number];
      const [u, w] = [left[j] as Float64Array, right[j] as Float64Array];
      for (let x = 0; x < m; x++) us[x * r + i] = (us[x * r + i] as number) + weight * (u[x] as number);
      for (let x = 0; x < n; x++) v[i * n + x] = (v[i * n + x] as number) + share * (w[x] as number);
    }
    if (size > 0) residual = Math.max(residual, (beta(k - 1) * Math.abs(column[k - 1] as number)) / size);
  });
  return {
    left: { rows: m, columns: r, values: us },
    right: { rows: r, columns: n, values: v },
    residual,
    largest,
  };
}

function times(values: Float32Array | Float64Array, columns: number, x: Float64Array): Float64Array {
  const y = new Float64Array(values.length / columns);
  for (let i = 0; i < y.length; i++) {
    let sum = 0;
    const start = i * columns;
    for (let j = 0; j < columns; j++) sum += (values[start + j] as number) * (x[j] as number);
    y[i] = sum;
  }
  return y;
}

function transposedTimes(values: Float32Array | Float64Array, columns: number, x: Float64Array): Float64Array {
  const y = new Float64Array(columns);
  for (let i = 0; i < x.length; i++) {
    const factor = x[i] as number;
    const start = i * columns;
    for (let j = 0; j < columns; j++) y[j] = (y[j] as number) + factor * (values[start + j] as number);
  }
  return y;
}

/** Takes off a vector what it has of the others; a second time if little is left (Parlett, The Symmetric Eigenvalue Problem, 6.9). */
function clear(vector: Float64Array, others: readonly Float64Array[]): void {
  for (let before = norm(vector), pass = 0; pass < 3; pass++) {
    for (const other of others) addTo(vector, other, -dot(vector, other));
    const after = norm(vector);
    if (after > before / 2) return;
    before = after;
  }
}

/** A unit vector without anything of the others, from numbers that are the same every time. */
function unit(length: number, others: readonly Float64Array[], random: () => number): Float64Array {
  for (;;) {
    const vector = Float64Array.from({ length }, random);
    const before = norm(vector);
    clear(vector, others);
    const after = norm(vector);
    if (after > 1e-8 * before) return vector.map((value) => value / after);
  }
}

/** Between -1 and 1: xorshift32 (Marsaglia 2003). */
function numbers(): () => number {
  let state = 2463534242;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

function addTo(target: Float64Array, other: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + factor * (other[i] as number);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

const norm = (vector: Float64Array): number => Math.sqrt(dot(vector, vector));
