// Conversions and simple passes over arrays: types, transposes, scaling, differences.
import { at } from './vector';

// @ts-ignore: decorator
@inline export function f16(h: u32): f32 {
  const s = (h & 0x8000) << 16, e = (h >> 10) & 31, f = h & 0x3ff;
  if (e == 31) return reinterpret<f32>(s | 0x7f800000 | (f << 13));
  if (e == 0) { const v = <f32>f * 5.960464477539063e-8; return s ? -v : v; }
  return reinterpret<f32>(s | ((e + 112) << 23) | (f << 13));
}
/** n f16 codes to f32, exactly. */
export function f16ToF32(src: usize, dst: usize, n: i32): void {
  for (const end = src + (<usize>n << 1); src < end; src += 2, dst += 4) store<f32>(dst, f16(load<u16>(src)));
}
/** X[n, k] (f32, row stride ldx) from k rows of XT (f64, row stride ldt): transposed and rounded. */
export function turn32(XT: usize, ldt: i32, n: i32, k: i32, X: usize, ldx: i32): void { turn<f32>(XT, ldt, n, k, X, ldx); }
/** The same to f64. */
export function turn64(XT: usize, ldt: i32, n: i32, k: i32, X: usize, ldx: i32): void { turn<f64>(XT, ldt, n, k, X, ldx); }
// @ts-ignore: decorator
@inline function turn<T>(XT: usize, ldt: i32, n: i32, k: i32, X: usize, ldx: i32): void {
  for (let j0 = 0; j0 < k; j0 += 16)
    for (let i = 0; i < n; ++i) {
      const e = min(k, j0 + 16);
      for (let j = j0; j < e; ++j) store<T>(X + <usize>(i * ldx + j) * sizeof<T>(), <T>load<f64>(at(XT, j * ldt + i)));
    }
}
/** X[n, k] (f64, row stride ldx) to Y (f32, row stride ldy). */
export function demote(X: usize, ldx: i32, n: i32, k: i32, Y: usize, ldy: i32): void {
  for (let i = 0; i < n; ++i) {
    const y = Y + (<usize>(i * ldy) << 2), x = at(X, i * ldx);
    for (let j = 0; j < k; ++j) store<f32>(y + (<usize>j << 2), <f32>load<f64>(at(x, j)));
  }
}
/** Columns of X[n, k] scaled by the f64 factors f. */
export function scale32(X: usize, ldx: i32, n: i32, k: i32, f: usize): void {
  for (let i = 0; i < n; ++i)
    for (let j = 0, p = X + (<usize>(i * ldx) << 2); j < k; ++j, p += 4) store<f32>(p, load<f32>(p) * <f32>load<f64>(at(f, j)));
}
/** The same in f64, from X to Y. */
export function scale64(X: usize, ldx: i32, n: i32, k: i32, f: usize, Y: usize, ldy: i32): void {
  for (let i = 0; i < n; ++i)
    for (let j = 0, p = at(X, i * ldx), y = at(Y, i * ldy); j < k; ++j, p += 8, y += 8) store<f64>(y, load<f64>(p) * load<f64>(at(f, j)));
}
/** Sum of squares of n f64 values. */
export function sumSquares64(p: usize, n: i32): f64 {
  let s: f64 = 0;
  for (const end = p + (<usize>n << 3); p < end; p += 8) { const x = load<f64>(p); s += x * x; }
  return s;
}

/** Sum of the squares of n float32 values, in float64. */
export function sumSquares32(p: usize, n: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0, k = n;
  for (; k >= 4; k -= 4, p += 16) {
    const x = f64x2.promote_low_f32x4(v128.load64_zero(p)), y = f64x2.promote_low_f32x4(v128.load64_zero(p, 8));
    s0 = f64x2.add(s0, f64x2.mul(x, x)); s1 = f64x2.add(s1, f64x2.mul(y, y));
  }
  s0 = f64x2.add(s0, s1);
  let s = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
  for (; k > 0; --k, p += 4) { const x = <f64>load<f32>(p); s += x * x; }
  return s;
}

// @ts-ignore: decorator
@inline export function value<S>(p: usize): f64 {
  if (sizeof<S>() == 2) return <f64>reinterpret<f32>(<u32>load<u16>(p) << 16);
  return <f64>load<S>(p);
}
// @ts-ignore: decorator
@inline function rows<S>(W: usize, K: i32, q: i32, sk: i32, si: i32, A: usize, lda: i32): void {
  for (let i = 0; i < q; ++i)
    for (let k = 0, p = W + <usize>(i * si) * sizeof<S>(), a = at(A, i * lda); k < K; ++k, p += <usize>sk * sizeof<S>(), a += 8) store<f64>(a, value<S>(p));
}
/** Row i of A (f64, K values, row stride lda) gets element (k, i) of W, strides in elements as in gram. format: bytes a value, 2 = bf16. */
export function toRows(format: i32, W: usize, K: i32, q: i32, sk: i32, si: i32, A: usize, lda: i32): void {
  if (format == 2) rows<u16>(W, K, q, sk, si, A, lda);
  else if (format == 4) rows<f32>(W, K, q, sk, si, A, lda);
  else rows<f64>(W, K, q, sk, si, A, lda);
}
// @ts-ignore: decorator
@inline function difference<S, T>(a: usize, b: usize, n: i32, scale: f64, d: usize): i32 {
  let any = false, most: f64 = 0;
  for (let i = 0; i < n; ++i, a += sizeof<S>(), b += sizeof<S>(), d += sizeof<T>()) {
    const v = value<S>(b) - value<S>(a);
    if (v != 0) any = true;
    const t = <T>(v * scale);
    most = max(most, abs(<f64>t));
    store<T>(d, t);
  }
  return (any ? 1 : 0) | (most == Infinity ? 2 : 0);
}
/**
 * d := scale (b - a) over n values of one format; d is f32 for bf16 and f32 formats, else f64. Returns 1 when any is not zero, plus 2
 * when any is infinite. In f32 an element is off by 2^-24 of itself at most, where its two sides lie more than 2^17 (bf16) or 2 (f32) apart; scale, a power of two,
 * keeps it in range.
 */
export function subtract(format: i32, a: usize, b: usize, n: i32, scale: f64, d: usize): i32 {
  if (format == 2) return difference<u16, f32>(a, b, n, scale, d);
  if (format == 4) return difference<f32, f32>(a, b, n, scale, d);
  return difference<f64, f64>(a, b, n, scale, d);
}
/** x := scale x over n f64 values. */
export function multiply(x: usize, n: i32, scale: f64): void {
  for (const end = x + (<usize>n << 3); x < end; x += 8) store<f64>(x, load<f64>(x) * scale);
}
/** Greatest absolute value of n f64 values. */
export function absMax(p: usize, n: i32): f64 {
  let m: f64 = 0;
  for (const end = p + (<usize>n << 3); p < end; p += 8) m = max(m, abs(load<f64>(p)));
  return m;
}
