// Products of one matrix with many thin ones: the matrix is packed once, in float32, as the register kernel reads it: panels of MR rows, each
// [K][MR]. Packing it anew for every 8 columns would take as long as the product.
import { EDGE, KC, MC, MR, NC, add, fma, micro, nr, packA, packB } from './micro';
import { worked } from './worked';

/** Rows of a product, a whole number of register blocks. */
export function panelRows(M: i32): i32 { return (M + MR - 1) / MR * MR; }

// @ts-ignore: decorator
@inline function wide<S>(x: v128, y: v128): v128 {
  if (sizeof<S>() == 2) return i16x8.max_s(x, v128.and(y, i16x8.splat(0x7fff)));
  return sizeof<S>() == 4 ? f32x4.max(x, f32x4.abs(y)) : f64x2.max(x, f64x2.abs(y));
}
// @ts-ignore: decorator
@inline function magnitude<S>(p: usize): f64 {
  return sizeof<S>() == 2 ? <f64>reinterpret<f32>(<u32>(load<u16>(p) & 0x7fff) << 16) : abs<f64>(<f64>load<S>(p));
}
// @ts-ignore: decorator
@inline function largest<S>(p: usize, n: i32): f64 {
  const end = p + <usize>n * sizeof<S>();
  let x = i64x2.splat(0), most: f64 = 0;
  for (; p + 16 <= end; p += 16) x = wide<S>(x, v128.load(p));
  x = wide<S>(x, i64x2.shuffle(x, x, 1, 0));
  if (sizeof<S>() < 8) x = wide<S>(x, i32x4.shuffle(x, x, 1, 0, 3, 2));
  if (sizeof<S>() < 4) x = wide<S>(x, i16x8.shuffle(x, x, 1, 0, 3, 2, 5, 4, 7, 6));
  most = sizeof<S>() == 2 ? <f64>reinterpret<f32>(<u32>i16x8.extract_lane_u(x, 0) << 16) : sizeof<S>() == 4 ? <f64>f32x4.extract_lane(x, 0) : f64x2.extract_lane(x, 0);
  for (; p < end; p += sizeof<S>()) most = max(most, magnitude<S>(p));
  return most;
}
/** Largest absolute value of n finite weights. format: bytes a value, 2 = bf16. */
export function greatestWeight(format: i32, p: usize, n: i32): f64 {
  return format == 2 ? largest<u16>(p, n) : format == 4 ? largest<f32>(p, n) : largest<f64>(p, n);
}

// @ts-ignore: decorator
@inline function pack<S>(W: usize, M: i32, K: i32, rs: i32, cs: i32, first: i32, last: i32, scale: f32, out: usize): void {
  const r = <usize>rs * sizeof<S>(), c = <usize>cs * sizeof<S>();
  for (let i = first; i < last; i += MR) {
    const d = out + <usize>i * <usize>K * 4;
    packA<S, f32>(K, min(MR, M - i), W + <usize>i * r, r, c, d);
    if (scale != 1) for (let p = d, end = d + <usize>(MR * K) * 4; p < end; p += 4) store<f32>(p, load<f32>(p) * scale);
    if (i % MC == 0) worked(<f64>MC * K);
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

const PART: i32 = 252; // rows of A whose sums are kept apart: whole panels of either build

// Z [K, 8] += A' Y of one panel A [K][MR] and Y [MR, 8]
// @ts-ignore: decorator
@inline function spread(K: i32, a: usize, y: usize, z: usize): void {
  const y00 = v128.load(y), y01 = v128.load(y, 16), y10 = v128.load(y, 32), y11 = v128.load(y, 48);
  const y20 = v128.load(y, 64), y21 = v128.load(y, 80), y30 = v128.load(y, 96), y31 = v128.load(y, 112);
  let y40 = y00, y41 = y00, y50 = y00, y51 = y00;
  if (MR == 6) { y40 = v128.load(y, 128); y41 = v128.load(y, 144); y50 = v128.load(y, 160); y51 = v128.load(y, 176); }
  for (let k = K; k > 0; --k) {
    let z0 = v128.load(z), z1 = v128.load(z, 16), x = v128.load32_splat(a);
    z0 = fma<f32>(z0, x, y00); z1 = fma<f32>(z1, x, y01);
    x = v128.load32_splat(a, 4); z0 = fma<f32>(z0, x, y10); z1 = fma<f32>(z1, x, y11);
    x = v128.load32_splat(a, 8); z0 = fma<f32>(z0, x, y20); z1 = fma<f32>(z1, x, y21);
    x = v128.load32_splat(a, 12); z0 = fma<f32>(z0, x, y30); z1 = fma<f32>(z1, x, y31);
    if (MR == 6) {
      x = v128.load32_splat(a, 16); z0 = fma<f32>(z0, x, y40); z1 = fma<f32>(z1, x, y41);
      x = v128.load32_splat(a, 20); z0 = fma<f32>(z0, x, y50); z1 = fma<f32>(z1, x, y51);
    }
    v128.store(z, z0); v128.store(z, z1, 16);
    a += MR * 4; z += 32;
  }
}
/** Columns of X and Z below. */
export function gramProductColumns(): i32 { return nr<f32>(); }
/** Bytes of its scratch. */
export function gramProductBytes(K: i32): i32 { return MR * <i32>EDGE + K * 32 + 64; }
/**
 * Z = A'A X of the packed matrix A [M, K], float32, X and Z [K, 8] row-major: every panel is read from memory once and is used twice.
 * Sums are kept short, some 250 terms at a time: what float32 loses of a long one would have to be made good in float64.
 * Y: A X, [panelRows(M), 8] row-major, if it is not 0.
 */
export function gramProduct(panels: usize, M: i32, K: i32, X: usize, Z: usize, Y: usize, work: usize): void {
  const size = <usize>K << 5, tile = work, part = work + <usize>MR * EDGE;
  memory.fill(Z, 0, size);
  for (let i0 = 0; i0 < M; i0 += PART) {
    memory.fill(part, 0, size);
    for (let i = i0, end = min(M, i0 + PART); i < end; i += MR) {
      const a = panels + <usize>i * <usize>K * 4;
      for (let k = 0; k < K; k += KC) micro<f32>(min(KC, K - k), a + <usize>(k * MR) * 4, MR * 4, X + (<usize>k << 5), tile, EDGE, 1, k > 0);
      if (Y) memory.copy(Y + <usize>i * EDGE, tile, <usize>MR * EDGE);
      spread(K, a, tile, part);
    }
    for (let p: usize = 0; p < size; p += 16) v128.store(Z + p, f32x4.add(v128.load(Z + p), v128.load(part + p)));
    worked(<f64>(2 * PART) * 8 * K);
  }
}
// float32 values of one packed panel as float64, which changes none
// @ts-ignore: decorator
@inline function promote(n: i32, s: usize, d: usize): void {
  for (const end = s + <usize>n * 4; s < end; s += 8, d += 16) v128.store(d, f64x2.promote_low_f32x4(v128.load64_zero(s)));
}
/**
 * C [M, N] = alpha * packed matrix [M, K] times B [K, N], in float64 from the packed float32 values; strides in elements, those of C's columns
 * are 1. work: workBytes.
 */
export function panelProduct64(panels: usize, M: i32, K: i32, N: i32, alpha: f64, B: usize, rsb: i32, csb: i32, C: usize, ldc: i32, work: usize): void {
  const NR = nr<f64>(), rs = <usize>rsb << 3, cs = <usize>csb << 3, lc = <usize>ldc << 3;
  const tmp = work, pa = tmp + <usize>MR * EDGE, pb = pa + (<usize>(MR * KC) << 3);
  for (let j0 = 0; j0 < N; j0 += NC) {
    const nc = min(NC, N - j0);
    for (let k0 = 0; k0 < K; k0 += KC) {
      const kc = min(KC, K - k0);
      for (let j = 0; j < nc; j += NR)
        packB<f64, f64>(kc, min(NR, nc - j), B + <usize>k0 * rs + <usize>(j0 + j) * cs, rs, cs, pb + (<usize>(j * kc) << 3));
      for (let i = 0; i < M; i += MR) {
        const h = min(MR, M - i), row = C + <usize>i * lc + (<usize>j0 << 3);
        promote(MR * kc, panels + (<usize>i * <usize>K + <usize>(k0 * MR)) * 4, pa);
        for (let j = 0; j < nc; j += NR) {
          const w = min(NR, nc - j), full = h == MR && w == NR, c = row + (<usize>j << 3);
          micro<f64>(kc, pa, MR << 3, pb + (<usize>(j * kc) << 3), full ? c : tmp, full ? lc : EDGE, alpha, full && k0 > 0);
          if (!full) add<f64>(tmp, h, w, c, lc, k0 > 0);
        }
        if (i % MC == 0) worked(<f64>MC * <f64>nc * kc);
      }
    }
  }
}
