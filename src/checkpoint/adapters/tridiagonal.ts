/** Eigenvalues and eigenvectors of a symmetric tridiagonal matrix by the implicit QL method. */

const MAX_ITERATIONS = 60;

/**
 * `diagonal` becomes the eigenvalues, in no order; row i of the result is the vector of the i-th. `off`: beside the diagonal, one
 * shorter. Golub and Van Loan 4th ed. section 8.3.5, with the shifts of EISPACK's tql2: about 3 n^3 multiplications.
 */
export function eigenvectors(diagonal: Float64Array, off: Float64Array): Float64Array[] {
  const n = diagonal.length;
  const e = new Float64Array(n);
  e.set(off);
  const at = (values: Float64Array, i: number): number => values[i] as number;
  const vectors = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: n }, (_unused, j) => (i === j ? 1 : 0)),
  );
  for (let l = 0; l < n; l++)
    for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
      let m = l;
      while (m < n - 1 && Math.abs(at(e, m)) > 2 ** -53 * (Math.abs(at(diagonal, m)) + Math.abs(at(diagonal, m + 1))))
        m++;
      if (m === l) break;
      let g = (at(diagonal, l + 1) - at(diagonal, l)) / (2 * at(e, l));
      let r = Math.hypot(g, 1);
      g = at(diagonal, m) - at(diagonal, l) + at(e, l) / (g + (g < 0 ? -r : r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * at(e, i);
        const b = c * at(e, i);
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          diagonal[i + 1] = at(diagonal, i + 1) - p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = at(diagonal, i + 1) - p;
        r = (at(diagonal, i) - g) * s + 2 * c * b;
        p = s * r;
        diagonal[i + 1] = g + p;
        g = c * r - b;
        rotate(vectors[i] as Float64Array, vectors[i + 1] as Float64Array, c, s);
      }
      if (r === 0 && i >= l) continue;
      diagonal[l] = at(diagonal, l) - p;
      e[l] = g;
      e[m] = 0;
    }
  return vectors;
}

function rotate(low: Float64Array, high: Float64Array, c: number, s: number): void {
  for (let k = 0; k < low.length; k++) {
    const f = high[k] as number;
    const own = low[k] as number;
    high[k] = s * own + c * f;
    low[k] = c * own - s * f;
  }
}
