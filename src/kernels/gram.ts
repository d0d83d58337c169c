// Symmetric Gram matrix in f64, lower half only.
import { MR, KC, MC, NC, micro, packA, packB } from './micro';
import { worked } from './worked';

// @ts-ignore: decorator
@inline function gram<S>(W: usize, q: i32, sk: i32, si: i32, G: usize, ldg: i32, j0: i32, depth: i32, work: usize): void {
  const bsk = <usize>sk * sizeof<S>(), bsi = <usize>si * sizeof<S>(), lg = <usize>ldg << 3;
  const pa = work, pb = work + (<usize>(MC * KC) << 3), nc = min(NC, q - j0);
  for (let k0 = 0; k0 < depth; k0 += KC) {
    const kc = min(KC, depth - k0);
    for (let j = 0; j < nc; j += 4)
      packB<S, f64>(kc, nc - j, W + <usize>k0 * bsk + <usize>(j0 + j) * bsi, bsk, bsi, pb + (<usize>(j * kc) << 3));
    for (let i0 = j0 - j0 % MC; i0 < q; i0 += MC) {
      const mc = min(MC, q - i0);
      for (let i = 0; i < mc; i += MR)
        packA<S, f64>(kc, mc - i, W + <usize>k0 * bsk + <usize>(i0 + i) * bsi, bsi, bsk, pa + (<usize>(i * kc) << 3));
      const jmax = min(nc, i0 + mc - j0);
      for (let j = 0; j < jmax; j += 4)
        for (let i = 0; i < mc; i += MR) {
          if (j0 + j > i0 + i + MR - 1) continue;
          micro<f64>(kc, pa + (<usize>(i * kc) << 3), MR * 8, pb + (<usize>(j * kc) << 3), G + <usize>(i0 + i) * lg + (<usize>(j0 + j) << 3), lg, 1.0, k0 > 0);
        }
      worked(<f64>mc * <f64>jmax * kc);
    }
  }
}
/** Columns of G that one call of gram works on. */
export function gramColumns(): i32 { return NC; }
/**
 * Lower half of G[q, q] = sum over k < depth of x_k x_k', columns j0 .. j0 + gramColumns() - 1. x_k[i] is the element at W + k sk + i si, strides in elements: W'W of a row-major [m, n] has sk = n, si = 1, W W' has sk = 1, si = n.
 * G needs q rounded up to the register block in rows and ldg >= q + 4 (edge tiles spill there); above the diagonal it is
 * undefined. W holds bf16 codes; the products are exact, the sum is f64. work: workBytes().
 */
export function gram16(W: usize, q: i32, sk: i32, si: i32, G: usize, ldg: i32, j0: i32, depth: i32, work: usize): void {
  gram<u16>(W, q, sk, si, G, ldg, j0, depth, work);
}
/** The same for f32 values. */
export function gram32(W: usize, q: i32, sk: i32, si: i32, G: usize, ldg: i32, j0: i32, depth: i32, work: usize): void {
  gram<f32>(W, q, sk, si, G, ldg, j0, depth, work);
}
/** The same for f64 values. */
export function gram64(W: usize, q: i32, sk: i32, si: i32, G: usize, ldg: i32, j0: i32, depth: i32, work: usize): void {
  gram<f64>(W, q, sk, si, G, ldg, j0, depth, work);
}
