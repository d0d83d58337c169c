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
// @ts-ignore: decorator
@inline function mark<S>(p: usize, n: i32, threshold: u64, largest: bool, ties: i32, flag: u8, mask: usize): i32 {
  for (; n > 0; n -= RUN, worked(RUN))
    for (const end = p + <usize>min(n, RUN) * sizeof<S>(); p < end; p += sizeof<S>(), ++mask) {
      const b = magnitude<S>(p);
      let hit = largest ? b > threshold : b < threshold;
      if (b == threshold && ties > 0) { hit = true; --ties; }
      store<u8>(mask, load<u8>(mask) | (hit ? flag : 0));
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
