/** Products of two thin factors, which are never multiplied out: everything comes from the small core between the two (METRICS F). */
import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../protocol/errors.ts';
import type { Matrix } from './backend.ts';
import { dot } from './reference/dense.ts';
import { reflect, reflectorOf } from './reference/qr.ts';

/** Row-major. */
export interface Block {
  rows: number;
  columns: number;
  values: Float64Array;
}
/** D = scale left right, left [m, r] and right [r, n]. */
export interface ThinMatrix {
  left: Block;
  right: Block;
  scale: number;
}
/** D = Q_L C Q_R', Q_L [m, p] and Q_R [n, q] with orthonormal columns: the singular values of C are those of D, all others are 0. */
export interface Core {
  /** C, [p, q] with p = min(m, r), q = min(n, r) */
  core: Block;
  /** Q_R times vectors of length q: directions among D's inputs */
  inputs(vectors: readonly Float64Array[]): Float64Array[];
}

/** Flops between two looks at the signal and the event loop. */
const PIECE = 5e7;

/** QR of both factors by Householder reflections, in float64: 2 (m + n) r^2 flops. Throws cancelled. */
export async function coreOf({ left, right, scale }: ThinMatrix, signal?: AbortSignal): Promise<Core> {
  const outer = await triangle(columnsOf(left), left.rows, signal);
  const inner = await triangle(rowsOf(right), right.columns, signal);
  const [p, q] = [Math.min(left.rows, left.columns), Math.min(right.columns, right.rows)];
  const values = new Float64Array(p * q);
  for (let i = 0; i < p; i++)
    for (let j = 0; j < q; j++) {
      let sum = 0;
      for (let k = 0; k < left.columns; k++) sum += at(outer.columns, k, i) * at(inner.columns, k, j);
      values[i * q + j] = scale * sum;
    }
  return { core: { rows: p, columns: q, values }, inputs: (vectors) => vectors.map((vector) => inner.unfold(vector)) };
}

/** As a backend takes it. */
export function matrixOf({ rows, columns, values }: Block): Matrix {
  const data = new Uint8Array(new SharedArrayBuffer(values.byteLength));
  data.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return { rows, columns, type: 'F64', data };
}

/** <D1, D2> = s1 s2 trace((L1' L2)(R2 R1')), of two products of one shape. */
export function innerProduct(one: ThinMatrix, other: ThinMatrix): number {
  const [outer, inner] = [
    crossed(columnsOf(one.left), columnsOf(other.left)),
    crossed(rowsOf(one.right), rowsOf(other.right)),
  ];
  return one.scale * other.scale * outer.reduce((sum, value, i) => sum + value * (inner[i] as number), 0);
}

/** The sum of all entries of D: 1' L times R 1. */
export function sumOf({ left, right, scale }: ThinMatrix): number {
  const inner = rowsOf(right).map((row) => row.reduce((sum, value) => sum + value, 0));
  const outer = columnsOf(left).map((column) => column.reduce((sum, value) => sum + value, 0));
  return scale * outer.reduce((sum, value, k) => sum + value * (inner[k] as number), 0);
}

function crossed(one: readonly Float64Array[], other: readonly Float64Array[]): Float64Array {
  const result = new Float64Array(one.length * other.length);
  for (const [i, a] of one.entries()) for (const [j, b] of other.entries()) result[i * other.length + j] = dot(a, b);
  return result;
}

interface Triangle {
  /** of R, as long as those of the matrix */
  columns: readonly Float64Array[];
  /** Q times a vector of length p */
  unfold(vector: Float64Array): Float64Array;
}

/** R of the QR of a matrix with these columns (changed in place), and its reflectors. */
async function triangle(columns: Float64Array[], length: number, signal?: AbortSignal): Promise<Triangle> {
  const reflectors: Float64Array[] = [];
  let flops = 0;
  for (let k = 0; k < Math.min(columns.length, length); k++) {
    const reflector = reflectorOf((columns[k] as Float64Array).subarray(k));
    reflectors.push(reflector);
    for (let j = k; j < columns.length; j++) reflect((columns[j] as Float64Array).subarray(k), reflector);
    flops += 4 * reflector.length * (columns.length - k);
    if (flops < PIECE) continue;
    flops = 0;
    await setImmediate();
    throwIfAborted(signal);
  }
  for (const [k, column] of columns.entries()) column.fill(0, Math.min(k + 1, length));
  return {
    columns,
    unfold(vector) {
      const whole = new Float64Array(length);
      whole.set(vector);
      for (let k = reflectors.length - 1; k >= 0; k--) reflect(whole.subarray(k), reflectors[k] as Float64Array);
      return whole;
    },
  };
}

const at = (columns: readonly Float64Array[], k: number, i: number): number =>
  (columns[k] as Float64Array)[i] as number;

function columnsOf({ rows, columns, values }: Block): Float64Array[] {
  return Array.from({ length: columns }, (_, j) =>
    Float64Array.from({ length: rows }, (_unused, i) => values[i * columns + j] as number),
  );
}
/** Copies: reflections work in place. */
function rowsOf({ rows, columns, values }: Block): Float64Array[] {
  return Array.from({ length: rows }, (_, i) => values.slice(i * columns, (i + 1) * columns));
}
