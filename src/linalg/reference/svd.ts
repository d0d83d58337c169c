/**
 * Singular value decomposition by one-sided Jacobi rotations after a pivoted QR (Drmac and Veselic 2008, LAPACK's gejsv in outline):
 * slow, short, and accurate to the last digits for small singular values too. The yardstick for the fast backends.
 */
import { throwIfAborted } from '../../protocol/errors.ts';
import { columnNorms, dot, fromColumns, transpose, type Dense } from './dense.ts';
import { pivotedQr } from './qr.ts';

export interface Svd {
  /** descending, q = min(m, n) */
  values: Float64Array;
  /** left singular vectors as rows: q vectors of length m */
  left: Float64Array[];
  /** right singular vectors as rows: q vectors of length n */
  right: Float64Array[];
}

/** Columns count as orthogonal if their cosine is below this. */
const ORTHOGONAL = 1e-15;
const MAX_SWEEPS = 60;

/** W = sum s_i u_i v_i'. Orthonormal also if s_i = 0 (any completion). Peak: about 5 copies of W. Throws cancelled. */
export function svd(matrix: Dense, signal?: AbortSignal): Svd {
  if (matrix.rows < matrix.columns) {
    const { values, left, right } = svd(transpose(matrix), signal);
    return { values, left: right, right: left };
  }
  // A P = Q R and R' = X diag(s) Y' give A = (Q Y) diag(s) (P X)'
  const { q, r, order } = pivotedQr(matrix);
  const n = matrix.columns;
  const x = r.map((row) => Float64Array.from(row)); // rows of R are the columns of R'
  const y = identity(n);
  rotate(x, y, signal);
  const norms = columnNorms(x);
  const descending = [...norms.keys()].sort((a, b) => (norms[b] ?? 0) - (norms[a] ?? 0));
  const values = Float64Array.from(descending, (i) => norms[i] ?? 0);
  const negligible = n * 2 ** -52 * (values[0] ?? 0);
  const units: Float64Array[] = [];
  for (const i of descending) {
    const norm = norms[i] ?? 0;
    units.push(norm > negligible ? (x[i] ?? new Float64Array(n)).map((value) => value / norm) : completion(units, n));
  }
  const right = units.map((unit) => {
    const vector = new Float64Array(n);
    for (const [position, column] of order.entries()) vector[column] = unit[position] ?? 0;
    return vector;
  });
  const left = descending.map((i) => fromColumns(q, y[i] ?? new Float64Array(n), matrix.rows));
  return { values, left, right };
}

/** Singular values only, descending, q = min(m, n). Throws cancelled. */
export function singularValues(matrix: Dense, signal?: AbortSignal): Float64Array {
  const tall = matrix.rows < matrix.columns ? transpose(matrix) : matrix;
  const x = pivotedQr(tall).r;
  rotate(x, null, signal);
  return columnNorms(x).sort().reverse();
}

/** Rotates pairs of columns until all are orthogonal; `vectors`, if any, takes the same rotations. */
function rotate(columns: Float64Array[], vectors: Float64Array[] | null, signal: AbortSignal | undefined): void {
  for (let sweep = 0, rotated = true; rotated && sweep < MAX_SWEEPS; sweep++) {
    rotated = false;
    throwIfAborted(signal);
    const squares = Float64Array.from(columns, (column) => dot(column, column));
    for (let i = 0; i < columns.length - 1; i++)
      for (let j = i + 1; j < columns.length; j++) {
        const [a, b] = [columns[i], columns[j]];
        if (!a || !b) continue;
        const alpha = squares[i] ?? 0;
        const beta = squares[j] ?? 0;
        const gamma = dot(a, b);
        if (gamma === 0 || Math.abs(gamma) <= ORTHOGONAL * Math.sqrt(alpha) * Math.sqrt(beta)) continue;
        rotated = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        rotatePair(a, b, c, c * t);
        const [va, vb] = [vectors?.[i], vectors?.[j]];
        if (va && vb) rotatePair(va, vb, c, c * t);
        squares[i] = alpha - t * gamma;
        squares[j] = beta + t * gamma;
        // cancellation: what is left of a square is its rounding error
        if ((squares[i] ?? 0) < 0.01 * alpha) squares[i] = dot(a, a);
        if ((squares[j] ?? 0) < 0.01 * beta) squares[j] = dot(b, b);
      }
  }
}

function rotatePair(a: Float64Array, b: Float64Array, c: number, s: number): void {
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    a[i] = c * x - s * y;
    b[i] = s * x + c * y;
  }
}

/** A unit vector orthogonal to all of `units`: the basis vector that they cover least, by Gram-Schmidt, twice. */
function completion(units: readonly Float64Array[], n: number): Float64Array {
  const covered = new Float64Array(n);
  for (const unit of units) for (const [i, value] of unit.entries()) covered[i] = (covered[i] ?? 0) + value * value;
  const vector = new Float64Array(n);
  vector[covered.indexOf(covered.reduce((a, b) => Math.min(a, b), Infinity))] = 1;
  for (let pass = 0; pass < 2; pass++)
    for (const unit of units) {
      const part = dot(unit, vector);
      for (const [i, value] of unit.entries()) vector[i] = (vector[i] ?? 0) - part * value;
    }
  const norm = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / norm);
}

function identity(n: number): Float64Array[] {
  return Array.from({ length: n }, (_, i) => {
    const row = new Float64Array(n);
    row[i] = 1;
    return row;
  });
}
