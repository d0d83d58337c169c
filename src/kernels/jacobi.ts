// One-sided Jacobi for small matrices: accurate to the last digit where the Gram matrix would lose half of them (graded spectra).
import { fma, fnma } from './micro';
import { at, dot } from './vector';
import { worked } from './worked';

const OFTEN: f64 = 1048576; // small rows take less time than a call

// (x, y) := (c x - s y, s x + c y)
// @ts-ignore: decorator
@inline function rotate(x: usize, y: usize, n: i32, c: f64, s: f64): void {
  const C = f64x2.splat(c), Z = f64x2.splat(s);
  for (; n >= 2; n -= 2, x += 16, y += 16) {
    const u = v128.load(x), v = v128.load(y);
    v128.store(x, fnma<f64>(f64x2.mul(C, u), Z, v));
    v128.store(y, fma<f64>(f64x2.mul(C, v), Z, u));
  }
  if (n) {
    const u = load<f64>(x), v = load<f64>(y);
    store<f64>(x, c * u - s * v); store<f64>(y, s * u + c * v);
  }
}
/**
 * One sweep over all pairs of the q rows of A (length L, row stride lda): rows become orthogonal, V (q x q, row stride ldv) takes the
 * same rotations. Returns the number of rotations; 0 means done. Then norms of rows are the singular values.
 */
export function jacobiSweep(A: usize, q: i32, L: i32, lda: i32, V: usize, ldv: i32): i32 {
  const tolerance: f64 = 2.220446049250313e-16 * sqrt(<f64>L);
  let turned = 0;
  let done: f64 = 0;
  for (let i = 0; i < q - 1; ++i)
    for (let j = i + 1; j < q; ++j) {
      const x = at(A, i * lda), y = at(A, j * lda), c = dot(x, y, L);
      done += 5 * L + 2 * q;
      if (done > OFTEN) { worked(done); done = 0; }
      if (c == 0) continue;
      const a = dot(x, x, L), b = dot(y, y, L);
      if (abs(c) <= tolerance * sqrt(a) * sqrt(b)) continue;
      ++turned;
      const z = (b - a) / (2 * c), t = (z >= 0 ? 1 : -1) / (abs(z) + sqrt(1 + z * z)), k = 1 / sqrt(1 + t * t);
      rotate(x, y, L, k, k * t);
      rotate(at(V, i * ldv), at(V, j * ldv), q, k, k * t);
    }
  worked(done);
  return turned;
}
