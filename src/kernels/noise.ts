// The noise twin's generator, and W0 + t G cast to a storage type (METRICS: The noise twin).
import { round, stored } from './grid';

const GAMMA: u64 = 0x9E3779B97F4A7C15;

// the finaliser of SplitMix64
// @ts-ignore: decorator
@inline function mix(z: u64): u64 {
  z ^= z >> 30; z *= 0xBF58476D1CE4E5B9;
  z ^= z >> 27; z *= 0x94D049BB133111EB;
  return z ^ (z >> 31);
}
// sum of a word's four 16-bit quarters
// @ts-ignore: decorator
@inline function quarters(w: u64): i32 { return <i32>((w & 0xffff) + ((w >> 16) & 0xffff) + ((w >> 32) & 0xffff) + (w >> 48)); }

/** 65536 G_i (i32) of the weights i = first .. first + n - 1 of a matrix. */
export function noise(seed: u64, first: u64, n: i32, out: usize): void {
  let z = seed + (3 * first + 1) * GAMMA;
  for (const end = out + (<usize>n << 2); out < end; out += 4) {
    let sum = quarters(mix(z)); z += GAMMA;
    sum += quarters(mix(z)); z += GAMMA;
    sum += quarters(mix(z)); z += GAMMA;
    store<i32>(out, sum - 393210); // 6 * 65535
  }
}
// f16 code of a value on the f16 grid, infinity included
// @ts-ignore: decorator
@inline function code16(x: f64): u16 {
  const m = abs(x), sign: u32 = x < 0 ? 0x8000 : 0;
  if (m >= 65536) return <u16>(sign | 0x7c00);
  if (m < 0.00006103515625) return <u16>(sign | <u32>(m * 16777216));
  const bits = reinterpret<u64>(m);
  return <u16>(sign | <u32>(((bits >> 52) - 1008) << 10) | <u32>((bits >> 42) & 0x3ff));
}
/**
 * t G added to n weights of a storage type and put on its grid (p, emin, most as in grid.ts; p = 52: f64 as it comes), on bf16 by way of
 * f32 as frameworks cast float64. `noise`: from the function above. Returns the sum of squares of what the weights have moved by. The codes go to out, unless that is 0.
 */
export function addNoise(type: i32, a: usize, noise: usize, n: i32, t: f64, p: i32, emin: i32, most: f64, out: usize): f64 {
  const size: usize = type < 2 ? 2 : type == 2 ? 4 : 8, step = t / 65536;
  let sum: f64 = 0;
  for (let i = 0; i < n; ++i, a += size, noise += 4) {
    const x = stored(type, a);
    let y = x + step * <f64>load<i32>(noise);
    if (type == 0) y = <f64><f32>y;
    const r = p == 52 ? y : copysign(round(abs(y), p, emin, most), y), d = r - x;
    sum += d * d;
    if (out) {
      if (type == 0) store<u16>(out, <u16>(reinterpret<u32>(<f32>r) >> 16));
      else if (type == 1) store<u16>(out, code16(r));
      else if (type == 2) store<f32>(out, <f32>r);
      else store<f64>(out, r);
      out += size;
    }
  }
  return sum;
}
