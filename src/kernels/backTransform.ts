// Vectors of the band back to vectors of the dense matrix: X := Q X with the reflectors of bandReduce, G at a time (compact WY),
// in f32 or f64.
import { gemm } from './gemm';
import { MR, KC, MC, NC } from './micro';
import { at, triangle } from './vector';

const G: i32 = 96; // reflectors applied at once
/** Bytes of scratch. */
export function backTransformBytes(n: i32, k: i32): i32 { return (G * n + 2 * G * G + 2 * G * (k + 16) + MR * 4 + MC * KC + KC * (NC + 16)) * 8 + 4096; }
// One block.
// @ts-ignore: decorator
@inline function back<T>(VT: usize, ldv: i32, n: i32, b: i32, tau: usize, X: usize, ldx: i32, k: i32, block: i32, work: usize): void {
  const Z = sizeof<T>();
  const Vg = work, Gm = Vg + <usize>(G * n) * Z, Tm = Gm + <usize>(G * G) * Z, P = Tm + <usize>(G * G) * Z, P2 = P + <usize>(G * k) * Z, w = (P2 + <usize>(G * k) * Z + 63) & ~63;
  const step = G - G % b, count = ((n - 1) / b) * b; // reflectors: whole panels while a row is left below
  const r = block * step;
  if (r >= count) return;
  const g = min(step, count - r), s = r + b, N = n - s;
  for (let c = 0; c < g; ++c)
    for (let i = 0, p = at(VT, (r + c) * ldv + s), q = Vg + <usize>(c * N) * Z; i < N; ++i, p += 8, q += Z) store<T>(q, <T>load<f64>(p));
  const Xs = X + <usize>(s * ldx) * Z;
  gemm<T, T>(g, g, N, 1, Vg, N, 1, Vg, 1, N, false, Gm, g, w);
  triangle<T>(Tm, Gm, g, at(tau, r));
  gemm<T, T>(g, k, N, 1, Vg, N, 1, Xs, ldx, 1, false, P, k, w);
  gemm<T, T>(g, k, g, 1, Tm, g, 1, P, k, 1, false, P2, k, w);
  gemm<T, T>(N, k, g, -1, Vg, 1, N, P2, k, 1, true, Xs, ldx, w);
}
function blocks(n: i32, b: i32): i32 {
  const step = G - G % b, count = n > 1 ? ((n - 1) / b) * b : 0;
  return (count + step - 1) / step;
}
/** Q X := H_0 .. H_last X in f32; X is n x k, row-major with row stride ldx. */
export function backTransform32(VT: usize, ldv: i32, n: i32, b: i32, tau: usize, X: usize, ldx: i32, k: i32, work: usize): void {
  for (let block = blocks(n, b) - 1; block >= 0; --block) back<f32>(VT, ldv, n, b, tau, X, ldx, k, block, work);
}
/** The same in f64. */
export function backTransform64(VT: usize, ldv: i32, n: i32, b: i32, tau: usize, X: usize, ldx: i32, k: i32, work: usize): void {
  for (let block = blocks(n, b) - 1; block >= 0; --block) back<f64>(VT, ldv, n, b, tau, X, ldx, k, block, work);
}
