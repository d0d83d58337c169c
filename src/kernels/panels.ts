// Products of one matrix with many thin ones: the matrix is packed once, in float32, as the register kernel reads it. Packing it anew for
// every 16 columns would take as long as the product.
import { KC, MC, MR, micro, nr, packA, packB } from './micro';
import { worked } from './worked';

/** Rows of a product, a whole number of register blocks. */
export function panelRows(M: i32): i32 { return (M + MR - 1) / MR * MR; }

// @ts-ignore: decorator
@inline function largest<S>(p: usize, n: i32): f64 {
  let most: f64 = 0;
  for (const end = p + <usize>n * sizeof<S>(); p < end; p += sizeof<S>()) {
    const x = sizeof<S>() == 2 ? <f64>reinterpret<f32>(<u32>(load<u16>(p) & 0x7fff) << 16) : abs<f64>(<f64>load<S>(p));
    if (x > most) most = x;
  }
  return most;
}
/** Largest absolute value of n finite weights. format: bytes a value, 2 = bf16. */
export function greatestWeight(format: i32, p: usize, n: i32): f64 {
  return format == 2 ? largest<u16>(p, n) : format == 4 ? largest<f32>(p, n) : largest<f64>(p, n);
}

// @ts-ignore: decorator
@inline function pack<S>(W: usize, M: i32, K: i32, rs: i32, cs: i32, first: i32, last: i32, scale: f32, out: usize): void {
  const r = <usize>rs * sizeof<S>(), c = <usize>cs * sizeof<S>(), rows = panelRows(M);
  for (let k0 = 0; k0 < K; k0 += KC) {
    const kc = min(KC, K - k0), block = out + <usize>k0 * <usize>rows * 4;
    for (let i = first; i < last; i += MR) {
      const d = block + <usize>i * <usize>kc * 4;
      packA<S, f32>(kc, min(MR, M - i), W + <usize>i * r + <usize>k0 * c, r, c, d);
      if (scale != 1) for (let p = d, end = d + <usize>(MR * kc) * 4; p < end; p += 4) store<f32>(p, load<f32>(p) * scale);
      if (i % MC == 0) worked(<f64>MC * kc);
    }
  }
}
/**
 * Rows first .. last - 1 (multiples of the register block, or M) of scale * W to `out` (panelRows(M) * K float32 in all). Element (i, k) lies
 * at W + (i * rs + k * cs), in elements; format: bytes a value, 2 = bf16.
 */
export function packPanels(format: i32, W: usize, M: i32, K: i32, rs: i32, cs: i32, first: i32, last: i32, scale: f32, out: usize): void {
  if (format == 2) pack<u16>(W, M, K, rs, cs, first, last, scale, out);
  else if (format == 4) pack<f32>(W, M, K, rs, cs, first, last, scale, out);
  else pack<f64>(W, M, K, rs, cs, first, last, scale, out);
}
/**
 * C [M, N] = packed matrix [M, K] times B [K, N], float32, both row-major without gaps; N a multiple of 8, C with room for panelRows(M)
 * rows. work: workBytes.
 */
export function panelProduct(panels: usize, M: i32, K: i32, N: i32, B: usize, C: usize, work: usize): void {
  const rows = panelRows(M), NR = nr<f32>(), ld = <usize>N * 4;
  for (let k0 = 0; k0 < K; k0 += KC) {
    const kc = min(KC, K - k0), block = panels + <usize>k0 * <usize>rows * 4;
    for (let j = 0; j < N; j += NR) packB<f32, f32>(kc, NR, B + <usize>k0 * ld + <usize>j * 4, ld, 4, work + <usize>(j * kc) * 4);
    for (let i = 0; i < rows; i += MR) {
      for (let j = 0; j < N; j += NR)
        micro<f32>(kc, block + <usize>i * <usize>kc * 4, MR * 4, work + <usize>(j * kc) * 4, C + <usize>i * ld + <usize>j * 4, ld, 1, k0 > 0);
      if (i % MC == 0) worked(<f64>MC * <f64>N * kc);
    }
  }
}
