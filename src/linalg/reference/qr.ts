/** Householder QR with column pivoting (Golub and Van Loan, section 5.4). */
import { column, columnNorms, dot, type Dense } from './dense.ts';

/**
 * A P = Q R for m >= n. `q`: the n columns of Q, of length m; `r`: the n rows of R, of length n; `order[i]`: the column of A that stands
 * at place i. The diagonal of R falls in magnitude, which leaves the Jacobi sweeps after it little to do.
 */
export function pivotedQr(matrix: Dense): { q: Float64Array[]; r: Float64Array[]; order: number[] } {
  const { rows: m, columns: n } = matrix;
  const columns = Array.from({ length: n }, (_, j) => column(matrix, j));
  const order = Array.from({ length: n }, (_, j) => j);
  const reflectors: Float64Array[] = [];
  for (let k = 0; k < n; k++) {
    const norms = columnNorms(columns.slice(k).map((c) => c.subarray(k)));
    const pivot = k + norms.indexOf(norms.reduce((a, b) => Math.max(a, b), 0));
    swap(columns, k, pivot);
    swap(order, k, pivot);
    const head = columns[k] as Float64Array;
    const reflector = reflectorOf(head.subarray(k));
    reflectors.push(reflector);
    for (let j = k; j < n; j++) reflect((columns[j] as Float64Array).subarray(k), reflector);
  }
  const r = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: n }, (_unused, j) => (j < i ? 0 : ((columns[j] as Float64Array)[i] as number))),
  );
  const q = Array.from({ length: n }, (_, j) => {
    const unit = new Float64Array(m);
    unit[j] = 1;
    for (let k = n - 1; k >= 0; k--) reflect(unit.subarray(k), reflectors[k] as Float64Array);
    return unit;
  });
  return { q, r, order };
}

/** v with (I - 2 v v') x = -sign(x_0) |x| e_0, |v| = 1; zero for x = 0 (Golub and Van Loan, section 5.1). */
export function reflectorOf(x: Float64Array): Float64Array {
  const norm = Math.sqrt(dot(x, x));
  const v = Float64Array.from(x);
  if (norm === 0) return v;
  v[0] = (v[0] as number) + ((v[0] as number) < 0 ? -norm : norm);
  const length = Math.sqrt(dot(v, v));
  return v.map((value) => value / length);
}

/** x becomes (I - 2 v v') x. */
export function reflect(x: Float64Array, v: Float64Array): void {
  const factor = 2 * dot(v, x);
  for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) - factor * (v[i] as number);
}

function swap<T>(items: T[], i: number, j: number): void {
  const held = items[i] as T;
  items[i] = items[j] as T;
  items[j] = held;
}
