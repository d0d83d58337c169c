// Exact selection of the N largest or smallest absolute values, ties to the lowest index: radix selection over the bit patterns
// (for finite values the order of absolute values is the order of their bits without the sign), then one marking pass.

import { worked } from './worked';

const RUN: i32 = 1 << 16; // values between two calls of `worked`

// @ts-ignore: decorator
@inline function magnitude<S>(p: usize): u64 {
  if (sizeof<S>() == 2) return <u64>(load<u16>(p) & 0x7fff);
  if (sizeof<S>() == 4) return <u64>(load<u32>(p) & 0x7fffffff);
  return load<u64>(p) & 0x7fffffffffffffff;
}
// @ts-ignore: decorator
@inline function digits<S>(p: usize, n: i32, shift: i32, above: i32, prefix: u64, hist: usize): void {
  for (; n > 0; n -= RUN, worked(RUN))
    for (const end = p + <usize>min(n, RUN) * sizeof<S>(); p < end; p += sizeof<S>()) {
      const b = magnitude<S>(p);
      if (above < 64 && (b >> above) != prefix) continue;
      const h = hist + (<usize>((b >> shift) & 0xffff) << 2);
      store<u32>(h, load<u32>(h) + 1);
    }
}
/**
 * Adds to hist (65536 u32) how many of n values have each 16-bit digit at bit `shift`, among those whose bits from `above` on equal
 * prefix (above = 64: all). format: bytes a value, 2 = bf16 or f16 codes.
 */
export function countDigits(format: i32, p: usize, n: i32, shift: i32, above: i32, prefix: u64, hist: usize): void {
  if (format == 2) digits<u16>(p, n, shift, above, prefix, hist);
  else if (format == 4) digits<f32>(p, n, shift, above, prefix, hist);
  else digits<f64>(p, n, shift, above, prefix, hist);
}
// All bits set in each of 8 values of 2 or 4 bytes at p whose magnitude is beyond the threshold, as bytes.
// @ts-ignore: decorator
@inline function beyond<S>(p: usize, t: v128, largest: bool): v128 {
  if (sizeof<S>() == 2) {
    const x = v128.and(v128.load(p), i16x8.splat(0x7fff)), hit = largest ? i16x8.gt_s(x, t) : i16x8.lt_s(x, t);
    return i8x16.narrow_i16x8_s(hit, hit);
  }
  const m = i32x4.splat(0x7fffffff), x = v128.and(v128.load(p), m), y = v128.and(v128.load(p, 16), m);
  const hit = i16x8.narrow_i32x4_s(largest ? i32x4.gt_s(x, t) : i32x4.lt_s(x, t), largest ? i32x4.gt_s(y, t) : i32x4.lt_s(y, t));
  return i8x16.narrow_i16x8_s(hit, hit);
}
// @ts-ignore: decorator
@inline function equals<S>(p: usize, t: v128): bool {
  if (sizeof<S>() == 2) return v128.any_true(i16x8.eq(v128.and(v128.load(p), i16x8.splat(0x7fff)), t));
  const m = i32x4.splat(0x7fffffff);
  return v128.any_true(v128.or(i32x4.eq(v128.and(v128.load(p), m), t), i32x4.eq(v128.and(v128.load(p, 16), m), t)));
}
// @ts-ignore: decorator
@inline function mark<S>(p: usize, n: i32, threshold: u64, largest: bool, ties: i32, flag: u8, mask: usize): i32 {
  const t = sizeof<S>() == 2 ? i16x8.splat(<i16>threshold) : i32x4.splat(<i32>threshold), flags = i8x16.splat(<i8>flag);
  for (; n > 0; n -= RUN, worked(RUN))
    for (const end = p + <usize>min(n, RUN) * sizeof<S>(); p < end; ) {
      if (sizeof<S>() < 8 && end - p >= 8 * sizeof<S>() && (ties == 0 || !equals<S>(p, t))) {
        const marked = v128.or(v128.load64_zero(mask), v128.and(beyond<S>(p, t, largest), flags));
        v128.store64_lane(mask, marked, 0);
        p += 8 * sizeof<S>(); mask += 8;
        continue;
      }
      const b = magnitude<S>(p);
      let hit = largest ? b > threshold : b < threshold;
      if (b == threshold && ties > 0) { hit = true; --ties; }
      store<u8>(mask, load<u8>(mask) | (hit ? flag : 0));
      p += sizeof<S>(); ++mask;
    }
  return ties;
}
/**
 * Sets flag in the mask byte of every value beyond the threshold (bits), and of the first `ties` values that equal it. Returns the
 * ties left for the values that follow.
 */
export function markBeyond(format: i32, p: usize, n: i32, threshold: u64, largest: bool, ties: i32, flag: u8, mask: usize): i32 {
  if (format == 2) return mark<u16>(p, n, threshold, largest, ties, flag, mask);
  if (format == 4) return mark<f32>(p, n, threshold, largest, ties, flag, mask);
  return mark<f64>(p, n, threshold, largest, ties, flag, mask);
}
/**
 * Indices of the float32 values whose absolute value lies in low .. high, to out (u32), ascending; no more than `most` of them are written.
 * Returns how many there are, or more than `most`.
 */
export function collectWithin(p: usize, n: i32, low: f32, high: f32, out: usize, most: i32): i32 {
  const a = f32x4.splat(low), b = f32x4.splat(high);
  let found = 0, i = 0;
  for (; n - i >= 4 && found <= most; i += 4, p += 16) {
    const x = f32x4.abs(v128.load(p));
    if (v128.any_true(v128.and(f32x4.ge(x, a), f32x4.le(x, b))))
      for (let k = 0; k < 4; ++k) {
        const v = abs<f32>(load<f32>(p + (<usize>k << 2)));
        if (v < low || v > high) continue;
        if (found < most) store<u32>(out + (<usize>found << 2), i + k);
        ++found;
      }
    if (i % RUN == 0) worked(RUN);
  }
  for (; i < n && found <= most; ++i, p += 4) {
    const v = abs<f32>(load<f32>(p));
    if (v < low || v > high) continue;
    if (found < most) store<u32>(out + (<usize>found << 2), i);
    ++found;
  }
  return found;
}
