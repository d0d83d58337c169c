// The streaming pass, any storage type: statistics of both sides and how many weights changed, one value at a time in f64.
//
// `out` is a record of f64 slots that every call adds to (named below); bf16 against bf16 has a
// faster way in elements16, other types against themselves in elementsAlike. This one is for two types.
import { round, stored } from './grid';
import { at } from './vector';

export const SIDE: i32 = 9; // slots a side: finite, sum, sum of squares, min, max, zeros, NaN, infinite, subnormal
export const EQUAL_BF16: i32 = 18;
export const EQUAL_RELATIVE: i32 = 19;
export const EQUAL_ABSOLUTE: i32 = 20;
export const CHANGED: i32 = 21;
export const UPDATE: i32 = 22; // sum of (w1 - w0)^2
export const HIDDEN: i32 = 23; // weights whose values differ, though their codes on the grid are equal
export const HIDDEN_UPDATE: i32 = 24; // sum of (w1 - w0)^2 over these
export const OFF_GRID: i32 = 25; // weights of the base that do not lie on the grid
export const SLOTS: i32 = 26;

// @ts-ignore: decorator
@inline export function bump(out: usize, slot: i32, by: f64): void { store<f64>(at(out, slot), load<f64>(at(out, slot)) + by); }

/** An empty record. */
export function clearElements(out: usize): void {
  memory.fill(out, 0, SLOTS << 3);
  for (let side = 0; side < 2; ++side) { store<f64>(at(out, side * SIDE + 3), Infinity); store<f64>(at(out, side * SIDE + 4), -Infinity); }
}
// smallest normal value of a storage type
// @ts-ignore: decorator
@inline function smallestNormal(type: i32): f64 { return type == 1 ? 0.00006103515625 : type == 3 ? 2.2250738585072014e-308 : 1.1754943508222875e-38; }
// @ts-ignore: decorator
@inline export function tally(out: usize, x: f64, normal: f64): void {
  if (x != x) { bump(out, 6, 1); return; }
  const m = abs(x);
  if (m == Infinity) { bump(out, 7, 1); return; }
  bump(out, 0, 1); bump(out, 1, x); bump(out, 2, x * x);
  if (x < load<f64>(at(out, 3))) store<f64>(at(out, 3), x);
  if (x > load<f64>(at(out, 4))) store<f64>(at(out, 4), x);
  if (m == 0) bump(out, 5, 1); else if (m < normal) bump(out, 8, 1);
}
// values compare equal if both are NaN; +0 = -0
// @ts-ignore: decorator
@inline function same(x: f64, y: f64): bool { return x == y || (x != x && y != y); }
// x on a grid; NaN and infinities stay
// @ts-ignore: decorator
@inline function onto(x: f64, p: i32, emin: i32, most: f64, overflow: f64): f64 {
  const m = abs(x), r = m < Infinity ? round(m, p, emin, most) : m;
  return r == Infinity ? copysign(overflow, x) : copysign(r, x);
}
// x on bf16
// @ts-ignore: decorator
@inline function onto16(x: f64): f64 { return onto(x, 7, -126, 3.3895313892515355e38, Infinity); }

/**
 * Weights first .. first + n - 1 of a tensor with rows of `columns` (0: no rows), at a and b. Adds to the record, to rows (f64, by
 * row) and to cols (u16, by column). Grid (p, emin, most) as in grid.ts, overflow: infinity, or NaN if the grid has none.
 */
export function elementCompare(typeA: i32, a: usize, typeB: i32, b: usize, first: i32, n: i32, columns: i32, p: i32, emin: i32, most: f64, overflow: f64, eta: f64, tolerance: f64, rows: usize, cols: usize, out: usize): void {
  const sizeA: usize = typeA < 2 ? 2 : typeA == 2 ? 4 : 8, sizeB: usize = typeB < 2 ? 2 : typeB == 2 ? 4 : 8;
  const bf16 = p == 7, normalA = smallestNormal(typeA), normalB = smallestNormal(typeB);
  let row = columns ? first / columns : 0, col = columns ? first % columns : 0;
  let equal16: i32 = 0, relative: i32 = 0, absolute: i32 = 0, changed: i32 = 0, hidden: i32 = 0, off: i32 = 0, update: f64 = 0, unseen: f64 = 0;
  for (; n > 0; --n, a += sizeA, b += sizeB) {
    const x = stored(typeA, a), y = stored(typeB, b);
    const g = onto(x, p, emin, most, overflow), h = onto(y, p, emin, most, overflow);
    if (g != x && abs(x) < Infinity) ++off;
    tally(out, x, normalA); tally(at(out, SIDE), y, normalB);
    const differ = !same(g, h);
    if (bf16 ? !differ : same(onto16(x), onto16(y))) ++equal16;
    const d = y - x;
    if (abs(d) < Infinity) {
      update += d * d;
      if (abs(d) <= eta * max(abs(x), abs(y))) ++relative;
      if (abs(d) <= tolerance) ++absolute;
    } else if (same(x, y)) { ++relative; ++absolute; }
    if (!differ && !same(x, y)) { ++hidden; if (abs(d) < Infinity) unseen += d * d; }
    if (differ) {
      ++changed;
      if (columns) {
        bump(rows, row, 1);
        const c = cols + (<usize>col << 1);
        store<u16>(c, load<u16>(c) + 1);
      }
    }
    if (columns && ++col == columns) { col = 0; ++row; }
  }
  bump(out, EQUAL_BF16, equal16); bump(out, EQUAL_RELATIVE, relative); bump(out, EQUAL_ABSOLUTE, absolute);
  bump(out, CHANGED, changed); bump(out, UPDATE, update);
  bump(out, HIDDEN, hidden); bump(out, HIDDEN_UPDATE, unseen); bump(out, OFF_GRID, off);
}
/** Adds n u16 counters to f64 ones and clears them. */
export function flushCounters(cols: usize, total: usize, n: i32): void {
  for (let i = 0; i < n; ++i, cols += 2) { bump(total, i, <f64>load<u16>(cols)); store<u16>(cols, 0); }
}
// bin of x among 64 equal ones from low to high, the last one closed
// @ts-ignore: decorator
@inline function bin(x: f64, low: f64, high: f64): i32 { return !(high > low) ? 63 : max(0, min(63, <i32>floor((x - low) / (high - low) * 64))); }
/** Adds the finite values among n to 64 bins (f64 counts) from low to high. */
export function elementHistogram(type: i32, a: usize, n: i32, low: f64, high: f64, bins: usize): void {
  const size: usize = type < 2 ? 2 : type == 2 ? 4 : 8;
  for (; n > 0; --n, a += size) {
    const x = stored(type, a);
    if (abs(x) < Infinity) bump(bins, bin(x, low, high), 1);
  }
}
