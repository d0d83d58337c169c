// General matrix product on the register kernel.
import { EDGE, MR, KC, MC, NC, add, nr, micro, packA, packB } from './micro';
import { worked } from './worked';

// C[M,N] = alpha A B (+ C if beta). A is stored as S (f32, f64 or u16 = bf16), B and C as T. Strides of A and B in elements;
// C has unit column stride, ldc elements. work: workBytes.
// @ts-ignore: decorator
@inline export function gemm<S, T>(M: i32, N: i32, K: i32, alpha: T, A: usize, rsa: i32, csa: i32, B: usize, rsb: i32, csb: i32, beta: bool, C: usize, ldc: i32, work: usize): void {
  const Z = sizeof<T>(), NR = nr<T>();
  const rsA = <usize>rsa * sizeof<S>(), csA = <usize>csa * sizeof<S>(), rsB = <usize>rsb * Z, csB = <usize>csb * Z, lc = <usize>ldc * Z;
  const tmp = work;                      // MR x NR edge tile
  const pa = tmp + <usize>MR * EDGE;              // MC x KC
  const pb = pa + <usize>(MC * KC) * Z;  // KC x NC
  for (let j0 = 0; j0 < N; j0 += NC) {
    const nc = min(NC, N - j0);
    for (let k0 = 0; k0 < K; k0 += KC) {
      const kc = min(KC, K - k0), acc = beta || k0 > 0;
      for (let j = 0; j < nc; j += NR)
        packB<T, T>(kc, min(NR, nc - j), B + <usize>k0 * rsB + <usize>(j0 + j) * csB, rsB, csB, pb + <usize>(j * kc) * Z);
      for (let i0 = 0; i0 < M; i0 += MC) {
        const mc = min(MC, M - i0);
        for (let i = 0; i < mc; i += MR)
          packA<S, T>(kc, min(MR, mc - i), A + <usize>(i0 + i) * rsA + <usize>k0 * csA, rsA, csA, pa + <usize>(i * kc) * Z);
        for (let j = 0; j < nc; j += NR) {
          const w = min(NR, nc - j), bp = pb + <usize>(j * kc) * Z;
          for (let i = 0; i < mc; i += MR) {
            const h = min(MR, mc - i), ap = pa + <usize>(i * kc) * Z;
            const full = h == MR && w == NR;
            const c = C + <usize>(i0 + i) * lc + <usize>(j0 + j) * Z;
            // one inlined copy of the micro kernel: edge tiles go through tmp
            micro<T>(kc, ap, <usize>MR * Z, bp, full ? c : tmp, full ? lc : EDGE, alpha, full && acc);
            if (!full) add<T>(tmp, h, w, c, lc, acc);
          }
        }
        worked(<f64>mc * <f64>nc * kc);
      }
    }
  }
}
export function sgemm(M: i32, N: i32, K: i32, alpha: f32, A: usize, rsa: i32, csa: i32, B: usize, rsb: i32, csb: i32, beta: bool, C: usize, ldc: i32, work: usize): void {
  gemm<f32, f32>(M, N, K, alpha, A, rsa, csa, B, rsb, csb, beta, C, ldc, work);
}
export function dgemm(M: i32, N: i32, K: i32, alpha: f64, A: usize, rsa: i32, csa: i32, B: usize, rsb: i32, csb: i32, beta: bool, C: usize, ldc: i32, work: usize): void {
  gemm<f64, f64>(M, N, K, alpha, A, rsa, csa, B, rsb, csb, beta, C, ldc, work);
}
// bf16 matrix times f32 / f64 matrix
export function bsgemm(M: i32, N: i32, K: i32, alpha: f32, A: usize, rsa: i32, csa: i32, B: usize, rsb: i32, csb: i32, beta: bool, C: usize, ldc: i32, work: usize): void {
  gemm<u16, f32>(M, N, K, alpha, A, rsa, csa, B, rsb, csb, beta, C, ldc, work);
}
export function bdgemm(M: i32, N: i32, K: i32, alpha: f64, A: usize, rsa: i32, csa: i32, B: usize, rsb: i32, csb: i32, beta: bool, C: usize, ldc: i32, work: usize): void {
  gemm<u16, f64>(M, N, K, alpha, A, rsa, csa, B, rsb, csb, beta, C, ldc, work);
}
// f32 matrix times f64 matrix
export function fdgemm(M: i32, N: i32, K: i32, alpha: f64, A: usize, rsa: i32, csa: i32, B: usize, rsb: i32, csb: i32, beta: bool, C: usize, ldc: i32, work: usize): void {
  gemm<f32, f64>(M, N, K, alpha, A, rsa, csa, B, rsb, csb, beta, C, ldc, work);
}
// bytes of gemm's (and gram's) scratch
export function workBytes(): i32 { return MR * 32 + MC * KC * 8 + KC * (NC + 16) * 8; }
