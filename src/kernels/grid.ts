// Rounding to a floating-point grid and the rounding classes of the null.
//
// A grid is given by its mantissa bits p, the exponent emin of its smallest normal value and its largest finite value: bf16 has
// (7, -126, 0x7f7f), f16 (10, -14, 65504). A class is 2 (exponent field) + (1 if the mantissa field is 0): within it the
// distances to the two boundaries of the rounding cell are the same for values on the grid. Off the grid the place inside the cell
// counts too: POSITIONS of them, from the side toward zero.
import { f16, value } from './arrays';

const POSITIONS: i32 = 64; // CELL_POSITIONS of src/linalg/backend.ts

// @ts-ignore: decorator
@inline function power(e: i32): f64 { return reinterpret<f64>(<u64>(e + 1023) << 52); }
// @ts-ignore: decorator
@inline function exponent(x: f64): i32 { return <i32>((reinterpret<u64>(x) >> 52) & 0x7ff) - 1023; }

// Nearest grid value of x >= 0, ties to even; infinity beyond the largest finite value
// @ts-ignore: decorator
@inline export function round(x: f64, p: i32, emin: i32, most: f64): f64 {
  const s = max(exponent(x), emin) - p;
  if (s > 900) return Infinity;
  const r = nearest<f64>(x * power(-s)) * power(s);
  return r > most ? Infinity : r;
}
// @ts-ignore: decorator
@inline function classOf(r: f64, emin: i32): i32 {
  if (r == 0) return 1;
  const e = exponent(r);
  if (e < emin) return 0;
  return (e - emin + 1) * 2 + ((reinterpret<u64>(r) & 0xfffffffffffff) == 0 ? 1 : 0);
}
// @ts-ignore: decorator
@inline function positionOf(x: f64, r: f64, p: i32, emin: i32): i32 {
  const e = max(exponent(r), emin), away = 0.5 * power(e - p);
  const toward = e > emin && (reinterpret<u64>(r) & 0xfffffffffffff) == 0 ? 0.5 * away : away;
  return max(0, min(POSITIONS - 1, <i32>floor((x - r + toward) / (toward + away) * POSITIONS)));
}

/**
 * Counts of n weights: hist (u32) at ((mask byte & 3) * classes + class) * 2 + (1 if the grid codes differ), for W0 != 0.
 * classes is classCount on the grid, classCount * POSITIONS off it. Both sides hold one format (bytes a value, 2 = bf16 codes).
 * Returns the number of zeros of W0.
 */
export function countClasses(format: i32, a: usize, b: usize, mask: usize, n: i32, p: i32, emin: i32, most: f64, onGrid: bool, classes: i32, hist: usize): i32 {
  if (format == 2 && onGrid && p == 7) return countCodes(a, b, mask, n, hist);
  if (format == 2) return count<u16>(a, b, mask, n, p, emin, most, onGrid, classes, hist);
  if (format == 4) return count<f32>(a, b, mask, n, p, emin, most, onGrid, classes, hist);
  return count<f64>(a, b, mask, n, p, emin, most, onGrid, classes, hist);
}
// @ts-ignore: decorator
@inline function count<S>(a: usize, b: usize, mask: usize, n: i32, p: i32, emin: i32, most: f64, onGrid: bool, classes: i32, hist: usize): i32 {
  let zeros = 0;
  for (let i = 0; i < n; ++i, a += sizeof<S>(), b += sizeof<S>(), ++mask) {
    const u = value<S>(a), v = value<S>(b), x = abs(u);
    if (x == 0) { ++zeros; continue; }
    const r = round(x, p, emin, most), s = round(abs(v), p, emin, most);
    const differ = r != s || (r != 0 && (u < 0) != (v < 0)) ? 1 : 0, on = min(r, most);
    let c = classOf(on, emin);
    if (!onGrid) c = c * POSITIONS + positionOf(x, on, p, emin);
    const h = hist + (<usize>((<i32>(load<u8>(mask) & 3) * classes + c) * 2 + differ) << 2);
    store<u32>(h, load<u32>(h) + 1);
  }
  return zeros;
}
// bf16 codes on the bf16 grid
function countCodes(a: usize, b: usize, mask: usize, n: i32, hist: usize): i32 {
  let zeros = 0;
  for (const end = a + (<usize>n << 1); a < end; a += 2, b += 2, ++mask) {
    const x: i32 = load<u16>(a), y: i32 = load<u16>(b), m = x & 0x7fff;
    if (m == 0) { ++zeros; continue; }
    const c = ((m >> 7) << 1) + ((m & 127) == 0 ? 1 : 0);
    const h = hist + (<usize>(((<i32>(load<u8>(mask) & 3) << 9) + c) * 2 + (x != y ? 1 : 0)) << 2);
    store<u32>(h, load<u32>(h) + 1);
  }
  return zeros;
}

// storage types: 0 BF16, 1 F16, 2 F32, 3 F64
// @ts-ignore: decorator
@inline export function stored(type: i32, p: usize): f64 {
  if (type == 0) return <f64>reinterpret<f32>(<u32>load<u16>(p) << 16);
  if (type == 1) return <f64>f16(load<u16>(p));
  if (type == 2) return <f64>load<f32>(p);
  return load<f64>(p);
}
