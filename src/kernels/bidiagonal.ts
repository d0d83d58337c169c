// Golub-Kahan bidiagonalisation in f64, column by column: backward stable, without the squaring of the Gram matrix, and ten times
// slower than it. For the values of matrices whose smallest ones the Gram matrix cannot tell from zero.
import { fnma } from './micro';
import { at, dot } from './vector';
import { worked } from './worked';

// y -= a x
// @ts-ignore: decorator
@inline function axpy(y: usize, x: usize, n: i32, a: f64): void {
  const A = f64x2.splat(a);
  for (; n >= 2; n -= 2, x += 16, y += 16) v128.store(y, fnma<f64>(v128.load(y), A, v128.load(x)));
  if (n) store<f64>(y, load<f64>(y) - a * load<f64>(x));
}
// x becomes the Householder vector (unit first entry) that maps it to (beta, 0, ..); tau goes to `out`. Returns beta.
function reflector(x: usize, n: i32, out: usize): f64 {
  store<f64>(out, 0);
  if (n <= 0) return 0;
  const alpha = load<f64>(x), rest = n > 1 ? dot(x + 8, x + 8, n - 1) : 0;
  if (rest == 0) { store<f64>(x, 1); return alpha; }
  let beta = sqrt(alpha * alpha + rest);
  if (alpha > 0) beta = -beta;
  store<f64>(out, (beta - alpha) / beta);
  const f = 1 / (alpha - beta);
  for (let i = 1; i < n; ++i) store<f64>(at(x, i), load<f64>(at(x, i)) * f);
  store<f64>(x, 1);
  return beta;
}

/** Bytes of bidiagonalize's scratch. */
export function bidiagonalBytes(q: i32, L: i32): i32 { return (q + L + 8) * 8; }
/**
 * Of the L x q matrix whose column j is the contiguous row j of A (row stride lda, L >= q). A is destroyed. e (2 q values) gets the off-diagonal of the symmetric tridiagonal matrix of order 2 q
 * with a zero diagonal whose eigenvalues are the singular values and their negatives: d_0, e_0, d_1, e_1, .. d_(q-1), 0.
 */
export function bidiagonalize(A: usize, q: i32, L: i32, lda: i32, e: usize, work: usize): void {
  const tau = work, v = work + 64, w = at(v, q);
  for (let i = 0; i < q; ++i) {
    const col = at(A, i * lda + i), below = L - i;
    // the pending update from the right, A -= w v', reaches rows i.. ; v[j] belongs to column j
    if (i > 0) axpy(col, at(w, i), below, load<f64>(at(v, i)));
    store<f64>(at(e, 2 * i), reflector(col, below, tau));
    const t = load<f64>(tau);
    for (let j = i + 1; j < q; ++j) {
      const y = at(A, j * lda + i);
      if (i > 0) axpy(y, at(w, i), below, load<f64>(at(v, j)));
      if (t != 0) axpy(y, col, below, t * dot(col, y, below));
      worked(3 * <f64>below);
    }
    for (let j = i + 1; j < q; ++j) store<f64>(at(v, j), load<f64>(at(A, j * lda + i)));
    store<f64>(at(e, 2 * i + 1), reflector(at(v, i + 1), q - i - 1, tau));
    const s = load<f64>(tau);
    memory.fill(at(w, i + 1), 0, <usize>(below - 1) << 3);
    if (s != 0) for (let j = i + 1; j < q; ++j) { axpy(at(w, i + 1), at(A, j * lda + i + 1), below - 1, -s * load<f64>(at(v, j))); worked(<f64>below); }
  }
}
