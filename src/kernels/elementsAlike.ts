// The streaming pass for two sides of one storage type, F16 on its own grid, F32 or F64 on the bf16 grid: the figures of elements.ts,
// in loops that know their type. A block passes three times, for each side's statistics and for the comparison, in the cache.
//
// S names the storage: i16 F16, f32, f64.
import { f16 } from './arrays';
import { bump, CHANGED, EQUAL_ABSOLUTE, EQUAL_BF16, EQUAL_RELATIVE, HIDDEN, HIDDEN_UPDATE, OFF_GRID, SIDE, UPDATE } from './elements';
import { round } from './grid';
import { at } from './vector';

const BLOCK: i32 = 2048; // weights

// @ts-ignore: decorator
@inline function value<S>(p: usize): f64 {
  if (sizeof<S>() == 2) return <f64>f16(load<u16>(p));
  return <f64>load<S>(p);
}
// equal bits: unchanged by every probe, NaN included
// @ts-ignore: decorator
@inline function identical<S>(a: usize, b: usize): bool {
  if (sizeof<S>() == 2) return load<u16>(a) == load<u16>(b);
  if (sizeof<S>() == 4) return load<u32>(a) == load<u32>(b);
  return load<u64>(a) == load<u64>(b);
}
// bf16 code of a finite or infinite f32, nearest even
// @ts-ignore: decorator
@inline function code16(x: f32): u32 { const b = reinterpret<u32>(x); return (b + 0x7fff + ((b >> 16) & 1)) >> 16; }
// whether two values that are not NaN have different bf16 codes
// @ts-ignore: decorator
@inline function differ16<S>(x: f64, y: f64): bool {
  if (sizeof<S>() == 8) {
    const most: f64 = 3.3895313892515355e38, g = round(abs(x), 7, -126, most), h = round(abs(y), 7, -126, most);
    return g != h || (g != 0 && (x < 0) != (y < 0));
  }
  const c = code16(<f32>x), d = code16(<f32>y);
  return c != d && ((c | d) & 0x7fff) != 0;
}

// whether a finite weight does not lie on the grid; the f16 grid holds every F16
// @ts-ignore: decorator
@inline function isOff<S>(a: usize): bool {
  if (sizeof<S>() == 2) return false;
  if (sizeof<S>() == 4) { const v = load<u32>(a); return (v & 0xffff) != 0 && (v & 0x7f800000) != 0x7f800000; }
  const m = abs(load<f64>(a));
  if (m >= 1.1754943508222875e-38 && m <= 3.3895313892515355e38) return (load<u64>(a) & 0x1fffffffffff) != 0;
  return m < Infinity && round(m, 7, -126, 3.3895313892515355e38) != m;
}

// @ts-ignore: decorator
@inline function statistics<S>(a: usize, n: i32, out: usize): void {
  const normal: f64 = sizeof<S>() == 2 ? 0.00006103515625 : sizeof<S>() == 4 ? 1.1754943508222875e-38 : 2.2250738585072014e-308;
  let sum: f64 = 0, squares: f64 = 0, low = load<f64>(at(out, 3)), high = load<f64>(at(out, 4));
  let zeros = 0, tiny = 0, nan = 0, inf = 0;
  for (const end = a + <usize>n * sizeof<S>(); a < end; a += sizeof<S>()) {
    const x = value<S>(a), m = abs(x);
    if (!(m < Infinity)) { if (m == Infinity) ++inf; else ++nan; continue; }
    sum += x; squares += x * x;
    if (x < low) low = x;
    if (x > high) high = x;
    if (m < normal) { if (m == 0) ++zeros; else ++tiny; }
  }
  bump(out, 0, n - nan - inf); bump(out, 1, sum); bump(out, 2, squares);
  store<f64>(at(out, 3), low); store<f64>(at(out, 4), high);
  bump(out, 5, zeros); bump(out, 6, nan); bump(out, 7, inf); bump(out, 8, tiny);
}
// cols: column counters of this run, or 0. Returns the number of changed weights.
// @ts-ignore: decorator
@inline function compare<S>(a: usize, b: usize, n: i32, eta: f64, tolerance: f64, cols: usize, out: usize): i32 {
  let equal = 0, relative = 0, absolute = 0, changed = 0, hidden = 0, off = 0, update: f64 = 0, unseen: f64 = 0;
  for (let i = 0; i < n; ++i, a += sizeof<S>(), b += sizeof<S>()) {
    if (isOff<S>(a)) ++off;
    if (identical<S>(a, b)) { ++equal; ++relative; ++absolute; continue; }
    const x = value<S>(a), y = value<S>(b), d = y - x;
    let moved = true;
    if (x != x && y != y) { ++equal; ++relative; ++absolute; moved = false; }
    else {
      const moved16 = x != x || y != y || differ16<S>(x, y);
      if (!moved16) ++equal;
      // on the f16 grid every other code but that of the other zero is a change
      moved = sizeof<S>() == 2 ? x != y : moved16;
      if (abs(x) < Infinity && abs(y) < Infinity) {
        update += d * d;
        if (!moved && d != 0) { ++hidden; unseen += d * d; }
        if (abs(d) <= eta * max(abs(x), abs(y))) ++relative;
        if (abs(d) <= tolerance) ++absolute;
      }
    }
    if (moved) {
      ++changed;
      if (cols) { const c = cols + (<usize>i << 1); store<u16>(c, load<u16>(c) + 1); }
    }
  }
  bump(out, EQUAL_BF16, equal); bump(out, EQUAL_RELATIVE, relative); bump(out, EQUAL_ABSOLUTE, absolute);
  bump(out, CHANGED, changed); bump(out, UPDATE, update);
  bump(out, HIDDEN, hidden); bump(out, HIDDEN_UPDATE, unseen); bump(out, OFF_GRID, off);
  return changed;
}
// @ts-ignore: decorator
@inline function run<S>(a: usize, b: usize, first: i32, n: i32, columns: i32, eta: f64, tolerance: f64, rows: usize, cols: usize, out: usize): void {
  let row = columns ? first / columns : 0, col = columns ? first % columns : 0;
  while (n > 0) {
    const m = min(columns ? min(n, columns - col) : n, BLOCK);
    statistics<S>(a, m, out);
    statistics<S>(b, m, at(out, SIDE));
    const changed = compare<S>(a, b, m, eta, tolerance, columns ? cols + (<usize>col << 1) : 0, out);
    if (columns) bump(rows, row, changed);
    a += <usize>m * sizeof<S>(); b += <usize>m * sizeof<S>(); n -= m; col += m;
    if (columns && col == columns) { col = 0; ++row; }
  }
}

/** As elementStats for F16 (type 1), F32 (2) and F64 (3). */
export function statsAlike(type: i32, a: usize, n: i32, out: usize): void {
  if (type == 1) statistics<i16>(a, n, out);
  else if (type == 2) statistics<f32>(a, n, out);
  else statistics<f64>(a, n, out);
}
/** As elementCompare: F16 (type 1) on the f16 grid, F32 (2) and F64 (3) on the bf16 grid. */
export function compareAlike(type: i32, a: usize, b: usize, first: i32, n: i32, columns: i32, eta: f64, tolerance: f64, rows: usize, cols: usize, out: usize): void {
  if (type == 1) run<i16>(a, b, first, n, columns, eta, tolerance, rows, cols, out);
  else if (type == 2) run<f32>(a, b, first, n, columns, eta, tolerance, rows, cols, out);
  else run<f64>(a, b, first, n, columns, eta, tolerance, rows, cols, out);
}
