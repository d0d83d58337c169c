/** Largest eigenvalue of a small symmetric matrix with its vector, by cyclic Jacobi rotations (Golub and Van Loan, 8.5). */

const SWEEPS = 60;
/** What is left beside the diagonal, relative to the whole, at which the rotations end. */
const DIAGONAL = 1e-15;

/** `matrix`: n x n, row-major. The vector has length 1; its sign is of no meaning. O(n^3) a sweep. */
export function leadingPair(matrix: ArrayLike<number>, n: number): { value: number; vector: Float64Array } {
  const a = Float64Array.from(matrix);
  const v = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
  const at = (m: Float64Array, i: number, j: number): number => m[i * n + j] as number;
  const whole = Math.sqrt(a.reduce((sum, x) => sum + x * x, 0));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let beside = 0;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const apq = at(a, p, q);
        beside += apq * apq;
        if (apq === 0) continue;
        const theta = (at(a, q, q) - at(a, p, p)) / (2 * apq);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (const m of [a, v])
          for (let k = 0; k < n; k++) {
            const [x, y] = [at(m, k, p), at(m, k, q)];
            m[k * n + p] = c * x - s * y;
            m[k * n + q] = s * x + c * y;
          }
        for (let k = 0; k < n; k++) {
          const [x, y] = [at(a, p, k), at(a, q, k)];
          a[p * n + k] = c * x - s * y;
          a[q * n + k] = s * x + c * y;
        }
      }
    if (Math.sqrt(beside) <= DIAGONAL * whole) break;
  }
  let best = 0;
  for (let i = 1; i < n; i++) if (at(a, i, i) > at(a, best, best)) best = i;
  return { value: at(a, best, best), vector: Float64Array.from({ length: n }, (_, k) => at(v, k, best)) };
}
