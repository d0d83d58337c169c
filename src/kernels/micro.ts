// Register kernel and packing, the base of every product here. Everything lives in caller-provided memory: no allocation, no shadow stack.
//
// One source for both builds: the relaxed build (hardware FMA) has a register block of 6 rows by 2 vectors, the plain one
// (separate multiply and add, one more temporary) 4 rows by 2 vectors; larger blocks spill.

export const MR: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4; // rows of the register block
export const KC: i32 = 256; // depth of a packed panel
export const MC: i32 = 96;  // rows of A packed at once (a multiple of 6 and of 4)
export const NC: i32 = 384; // columns of B packed at once (a multiple of NR)

// columns of the register block: 2 vectors of 16 bytes
// @ts-ignore: decorator
@inline export function nr<T>(): i32 { return 2 * (16 / sizeof<T>()); }

// c + a * b: one rounding (relaxed, hardware FMA) or two
// @ts-ignore: decorator
@inline export function fma<T>(c: v128, a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, c);
  return v128.add<T>(c, v128.mul<T>(a, b));
}
// c - a * b
// @ts-ignore: decorator
@inline export function fnma<T>(c: v128, a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<T>(a, b, c);
  return v128.sub<T>(c, v128.mul<T>(a, b));
}
// @ts-ignore: decorator
@inline export function hsum(v: v128): f64 { return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1); }

// @ts-ignore: decorator
@inline function put<T>(p: usize, v: v128, al: v128, acc: bool): void {
  const t = v128.mul<T>(v, al);
  v128.store(p, acc ? v128.add<T>(v128.load(p), t) : t);
}

// C[MR, NR] (+)= alpha * A[kc, MR]' B[kc, NR]. Step k reads MR consecutive values at a + k*as and 32 bytes at b + 32k.
// A packed panel has as = MR * sizeof(T); as = a row stride reads MR columns of a row-major matrix in place.
// @ts-ignore: decorator
@inline export function micro<T>(kc: i32, a: usize, as: usize, b: usize, r: usize, ldc: usize, alpha: T, acc: bool): void {
  let x: v128 = i64x2.splat(0);
  let c00: v128 = i64x2.splat(0), c01: v128 = i64x2.splat(0);
  let c10: v128 = i64x2.splat(0), c11: v128 = i64x2.splat(0);
  let c20: v128 = i64x2.splat(0), c21: v128 = i64x2.splat(0);
  let c30: v128 = i64x2.splat(0), c31: v128 = i64x2.splat(0);
  let c40: v128 = i64x2.splat(0), c41: v128 = i64x2.splat(0);
  let c50: v128 = i64x2.splat(0), c51: v128 = i64x2.splat(0);
  for (let k = kc; k > 0; --k) {
    const b0 = v128.load(b, 0), b1 = v128.load(b, 16);
    x = v128.load_splat<T>(a, 0 * sizeof<T>()); c00 = fma<T>(c00, x, b0); c01 = fma<T>(c01, x, b1);
    x = v128.load_splat<T>(a, 1 * sizeof<T>()); c10 = fma<T>(c10, x, b0); c11 = fma<T>(c11, x, b1);
    x = v128.load_splat<T>(a, 2 * sizeof<T>()); c20 = fma<T>(c20, x, b0); c21 = fma<T>(c21, x, b1);
    x = v128.load_splat<T>(a, 3 * sizeof<T>()); c30 = fma<T>(c30, x, b0); c31 = fma<T>(c31, x, b1);
    if (ASC_FEATURE_RELAXED_SIMD) {
      x = v128.load_splat<T>(a, 4 * sizeof<T>()); c40 = fma<T>(c40, x, b0); c41 = fma<T>(c41, x, b1);
      x = v128.load_splat<T>(a, 5 * sizeof<T>()); c50 = fma<T>(c50, x, b0); c51 = fma<T>(c51, x, b1);
    }
    a += as; b += 32;
  }
  const al = v128.splat<T>(alpha);
  if (acc) {
    put<T>(r, c00, al, true); put<T>(r + 16, c01, al, true); r += ldc;
    put<T>(r, c10, al, true); put<T>(r + 16, c11, al, true); r += ldc;
    put<T>(r, c20, al, true); put<T>(r + 16, c21, al, true); r += ldc;
    put<T>(r, c30, al, true); put<T>(r + 16, c31, al, true);
    if (ASC_FEATURE_RELAXED_SIMD) {
      r += ldc; put<T>(r, c40, al, true); put<T>(r + 16, c41, al, true);
      r += ldc; put<T>(r, c50, al, true); put<T>(r + 16, c51, al, true);
    }
  } else {
    put<T>(r, c00, al, false); put<T>(r + 16, c01, al, false); r += ldc;
    put<T>(r, c10, al, false); put<T>(r + 16, c11, al, false); r += ldc;
    put<T>(r, c20, al, false); put<T>(r + 16, c21, al, false); r += ldc;
    put<T>(r, c30, al, false); put<T>(r + 16, c31, al, false);
    if (ASC_FEATURE_RELAXED_SIMD) {
      r += ldc; put<T>(r, c40, al, false); put<T>(r + 16, c41, al, false);
      r += ldc; put<T>(r, c50, al, false); put<T>(r + 16, c51, al, false);
    }
  }
}

export const EDGE: usize = 32; // bytes of a row of an edge tile
// An edge tile's h x w values to C, or on top of it.
// @ts-ignore: decorator
@inline export function add<T>(tile: usize, h: i32, w: i32, c: usize, lc: usize, acc: bool): void {
  for (let q = 0; q < h; ++q, c += lc, tile += EDGE)
    for (let r = 0; r < w; ++r) {
      const v = load<T>(tile + <usize>r * sizeof<T>()), p = c + <usize>r * sizeof<T>();
      store<T>(p, acc ? load<T>(p) + v : v);
    }
}

// Source elements: S is the storage type, u16 meaning bf16 (exact in f32), else T itself.
// @ts-ignore: decorator
@inline function ld<S, T>(p: usize): T {
  if (sizeof<S>() == 2) return <T>reinterpret<f32>(<u32>load<u16>(p) << 16);
  return <T>load<S>(p);
}
// four values as float32
// @ts-ignore: decorator
@inline function four<S>(p: usize): v128 { return sizeof<S>() == 2 ? i32x4.shl(v128.load16x4_u(p), 16) : v128.load(p); }
// one packed A panel: MR rows, kc columns; strides in bytes; h rows are real, the others zero
// @ts-ignore: decorator
@inline export function packA<S, T>(kc: i32, h: i32, s: usize, rs: usize, cs: usize, d: usize): void {
  if (h >= MR) {
    const r2 = rs * 2, r3 = rs * 3, r4 = rs * 4, r5 = rs * 5;
    if (sizeof<T>() == 8 && sizeof<S>() == 8 && cs == 8) { // rows are contiguous: transpose 2 x 2 blocks
      for (; kc >= 2; kc -= 2, s += 16, d += 2 * MR * sizeof<T>()) {
        const x0 = v128.load(s), x1 = v128.load(s + rs), x2 = v128.load(s + r2), x3 = v128.load(s + r3);
        v128.store(d, i64x2.shuffle(x0, x1, 0, 2)); v128.store(d, i64x2.shuffle(x2, x3, 0, 2), 16);
        v128.store(d, i64x2.shuffle(x0, x1, 1, 3), MR * 8); v128.store(d, i64x2.shuffle(x2, x3, 1, 3), MR * 8 + 16);
        if (MR == 6) {
          const x4 = v128.load(s + r4), x5 = v128.load(s + r5);
          v128.store(d, i64x2.shuffle(x4, x5, 0, 2), 32); v128.store(d, i64x2.shuffle(x4, x5, 1, 3), MR * 8 + 32);
        }
      }
    }
    if (sizeof<T>() == 8 && sizeof<S>() <= 4 && rs == sizeof<S>()) { // columns are contiguous
      // not the last one: they read two values beyond their six
      for (; kc > 1; --kc, s += cs, d += MR * sizeof<T>()) {
        const x = four<S>(s);
        v128.store(d, f64x2.promote_low_f32x4(x)); v128.store(d, f64x2.promote_low_f32x4(i64x2.shuffle(x, x, 1, 0)), 16);
        if (MR == 6) v128.store(d, f64x2.promote_low_f32x4(four<S>(s + 4 * sizeof<S>())), 32);
      }
    }
    if (sizeof<T>() == 4 && sizeof<S>() <= 4 && rs == sizeof<S>()) { // columns are contiguous
      for (; kc > 0; --kc, s += cs, d += MR * sizeof<T>()) {
        v128.store(d, four<S>(s));
        if (MR == 6) { store<T>(d, ld<S, T>(s + 4 * sizeof<S>()), 16); store<T>(d, ld<S, T>(s + 5 * sizeof<S>()), 20); }
      }
      return;
    }
    if (sizeof<T>() == 4 && sizeof<S>() <= 4 && cs == sizeof<S>()) { // rows are: transpose 4 x 4 blocks
      for (; kc >= 4; kc -= 4, s += 4 * sizeof<S>(), d += 4 * MR * sizeof<T>()) {
        const x0 = four<S>(s), x1 = four<S>(s + rs), x2 = four<S>(s + r2), x3 = four<S>(s + r3);
        const a = i32x4.shuffle(x0, x1, 0, 4, 1, 5), b = i32x4.shuffle(x0, x1, 2, 6, 3, 7);
        const c = i32x4.shuffle(x2, x3, 0, 4, 1, 5), e = i32x4.shuffle(x2, x3, 2, 6, 3, 7);
        v128.store(d, i64x2.shuffle(a, c, 0, 2)); v128.store(d, i64x2.shuffle(a, c, 1, 3), MR * 4);
        v128.store(d, i64x2.shuffle(b, e, 0, 2), MR * 8); v128.store(d, i64x2.shuffle(b, e, 1, 3), MR * 12);
        if (MR == 6) {
          const x4 = four<S>(s + r4), x5 = four<S>(s + r5);
          const f = i32x4.shuffle(x4, x5, 0, 4, 1, 5), g = i32x4.shuffle(x4, x5, 2, 6, 3, 7);
          v128.store64_lane(d, f, 0, 16); v128.store64_lane(d, f, 1, MR * 4 + 16);
          v128.store64_lane(d, g, 0, MR * 8 + 16); v128.store64_lane(d, g, 1, MR * 12 + 16);
        }
      }
    }
    for (let k = 0; k < kc; ++k) {
      store<T>(d, ld<S, T>(s), 0 * sizeof<T>()); store<T>(d, ld<S, T>(s + rs), 1 * sizeof<T>());
      store<T>(d, ld<S, T>(s + r2), 2 * sizeof<T>()); store<T>(d, ld<S, T>(s + r3), 3 * sizeof<T>());
      if (MR == 6) { store<T>(d, ld<S, T>(s + r4), 4 * sizeof<T>()); store<T>(d, ld<S, T>(s + r5), 5 * sizeof<T>()); }
      d += MR * sizeof<T>(); s += cs;
    }
  } else {
    for (let k = 0; k < kc; ++k) {
      for (let q = 0; q < MR; ++q) store<T>(d + <usize>q * sizeof<T>(), q < h ? ld<S, T>(s + <usize>q * rs) : <T>0);
      d += MR * sizeof<T>(); s += cs;
    }
  }
}
// one packed B panel: kc rows, NR columns; w columns are real, the others zero
// @ts-ignore: decorator
@inline export function packB<S, T>(kc: i32, w: i32, s: usize, rs: usize, cs: usize, d: usize): void {
  if (sizeof<S>() == sizeof<T>() && w >= nr<T>() && cs == sizeof<T>()) {
    for (let k = 0; k < kc; ++k) { v128.store(d, v128.load(s, 0), 0); v128.store(d, v128.load(s, 16), 16); d += 32; s += rs; }
  } else if (w >= nr<T>()) {
    for (let k = 0; k < kc; ++k) {
      for (let q = 0; q < nr<T>(); ++q) store<T>(d + <usize>q * sizeof<T>(), ld<S, T>(s + <usize>q * cs));
      d += 32; s += rs;
    }
  } else {
    for (let k = 0; k < kc; ++k) {
      for (let q = 0; q < nr<T>(); ++q) store<T>(d + <usize>q * sizeof<T>(), q < w ? ld<S, T>(s + <usize>q * cs) : <T>0);
      d += 32; s += rs;
    }
  }
}
