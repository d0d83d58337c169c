// The streaming pass, bf16 against bf16: eight codes at a time, two passes over blocks that stay in the first-level cache.
//
// Pass 1 works on codes: signed and unsigned maxima give the extrema of both signs and show NaN and infinities, the least magnitude
// shows zeros and subnormals. Pass 2 makes the sums and the counters of changed weights, in f32 by fours if the range allows it. A block with anything that is not
// finite goes to the one-at-a-time way of elements.ts.
import { elementCompare, bump, SIDE, EQUAL_BF16, EQUAL_RELATIVE, EQUAL_ABSOLUTE, CHANGED, UPDATE } from './elements';
import { fma, hsum } from './micro';
import { at } from './vector';

const BLOCK: i32 = 4096; // codes; 16-bit lane counters cannot overflow in it
// magnitudes (codes) within which squares, those of differences too, stay in the range of f32: 2^-40, 2^61
const SMALL_SINGLE: i32 = 0x2b80;
const LARGE_SINGLE: i32 = 0x5e00;

// low / high four codes as f32: the code is the upper half of the f32 word. The lane numbers must be the canonical
// interleave (vpunpcklwd / vpunpckhwd): V8 lowers any other pattern to two pshufb and an or
// @ts-ignore: decorator
@inline function lo32(v: v128): v128 { return i8x16.shuffle(i16x8.splat(0), v, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23); }
// @ts-ignore: decorator
@inline function hi32(v: v128): v128 { return i8x16.shuffle(i16x8.splat(0), v, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31); }
// @ts-ignore: decorator
@inline function plo(v: v128): v128 { return f64x2.promote_low_f32x4(v); }
// @ts-ignore: decorator
@inline function phi(v: v128): v128 { return f64x2.promote_low_f32x4(i64x2.shuffle(v, v, 1, 1)); }
// @ts-ignore: decorator
@inline function sum16(v: v128): i32 {
  const t = i32x4.extadd_pairwise_i16x8_u(v);
  return i32x4.extract_lane(t, 0) + i32x4.extract_lane(t, 1) + i32x4.extract_lane(t, 2) + i32x4.extract_lane(t, 3);
}
// greatest unsigned lane
// @ts-ignore: decorator
@inline function top16(v: v128): i32 {
  let r: i32 = 0;
  r = max(i16x8.extract_lane_u(v, 0), i16x8.extract_lane_u(v, 1)); r = max(r, max(<i32>i16x8.extract_lane_u(v, 2), <i32>i16x8.extract_lane_u(v, 3)));
  r = max(r, max(<i32>i16x8.extract_lane_u(v, 4), <i32>i16x8.extract_lane_u(v, 5)));
  return max(r, max(<i32>i16x8.extract_lane_u(v, 6), <i32>i16x8.extract_lane_u(v, 7)));
}
// @ts-ignore: decorator
@inline function valueOf(code: i32): f64 { return <f64>reinterpret<f32>(<u32>code << 16); }
// @ts-ignore: decorator
@inline function keep(out: usize, low: f64, high: f64): void {
  if (low < load<f64>(at(out, 3))) store<f64>(at(out, 3), low);
  if (high > load<f64>(at(out, 4))) store<f64>(at(out, 4), high);
}
// extrema of a block of one sign or with zeros in the way: codes as ordered integers
function extremaOneSign(a: usize, n: i32, out: usize): void {
  let low = i16x8.splat(0x7fff), high = i16x8.splat(-0x8000);
  for (const end = a + (<usize>n << 1); a < end; a += 16) {
    const v = v128.load(a), k = v128.xor(v, i16x8.shr_u(i16x8.shr_s(v, 15), 1));
    low = i16x8.min_s(low, k); high = i16x8.max_s(high, k);
  }
  const flip = i16x8.splat(-0x8000); // signed order as unsigned order
  const most = top16(v128.xor(high, flip)) - 0x8000, least = 0x7fff - top16(v128.xor(low, i16x8.splat(0x7fff)));
  keep(out, valueOf(least < 0 ? 0x8000 | (-1 - least) : least), valueOf(most < 0 ? 0x8000 | (-1 - most) : most));
}
function countTiny(a: usize, n: i32, out: usize): void {
  let zeros = i16x8.splat(0), tiny = zeros;
  const m7 = i16x8.splat(0x7fff), none = zeros, normal = i16x8.splat(0x80);
  for (const end = a + (<usize>n << 1); a < end; a += 16) {
    const m = v128.and(v128.load(a), m7);
    zeros = i16x8.sub(zeros, i16x8.eq(m, none)); tiny = i16x8.sub(tiny, i16x8.lt_u(m, normal));
  }
  const z = sum16(zeros);
  bump(out, 5, z); bump(out, 8, sum16(tiny) - z);
}
// pass 1 for one side; false if something is not finite (nothing recorded then)
// @ts-ignore: decorator
@inline function finish(a: usize, n: i32, high: v128, low: v128, least: v128, record: bool, out: usize): bool {
  const flip = i16x8.splat(-0x8000), ones = i16x8.splat(-1);
  const positive = top16(v128.xor(high, flip)) - 0x8000, negative = top16(low), small = 0xffff - top16(v128.xor(least, ones));
  if (positive >= 0x7f80 || negative >= 0xff80) return false;
  if (!record) return true;
  if (positive <= 0 || negative <= 0x8000) extremaOneSign(a, n, out);
  else keep(out, valueOf(negative), valueOf(positive));
  if (small < 0x80) countTiny(a, n, out);
  bump(out, 0, n);
  return true;
}

// Pass 1 for both sides. 0: something is not finite, nothing recorded; 1: recorded, squares may leave the range of f32; 2: recorded.
// @ts-ignore: decorator
@inline function scan(a: usize, b: usize, n: i32, out: usize): i32 {
  const zero = i16x8.splat(0), m7 = i16x8.splat(0x7fff);
  let high = i16x8.splat(-0x8000), low = zero, least = i16x8.splat(-1), highB = high, lowB = low, leastB = least;
  for (let p = a, q = b, end = a + (<usize>n << 1); p < end; p += 16, q += 16) {
    const x = v128.load(p), y = v128.load(q);
    high = i16x8.max_s(high, x); low = i16x8.max_u(low, x); least = i16x8.min_u(least, v128.and(x, m7));
    highB = i16x8.max_s(highB, y); lowB = i16x8.max_u(lowB, y); leastB = i16x8.min_u(leastB, v128.and(y, m7));
  }
  const side = at(out, SIDE);
  if (!finish(b, n, highB, lowB, leastB, false, side) || !finish(a, n, high, low, least, true, out)) return 0;
  finish(b, n, highB, lowB, leastB, true, side);
  const small = 0xffff - top16(v128.xor(i16x8.min_u(least, leastB), i16x8.splat(-1)));
  const large = top16(i16x8.max_u(v128.and(low, m7), v128.and(lowB, m7))), positive = top16(i16x8.max_s(i16x8.max_s(high, highB), zero));
  return small >= SMALL_SINGLE && max(large, positive) < LARGE_SINGLE ? 2 : 1;
}
// Pass 2 in f64. n: a multiple of 8; cols: column counters or 0. Returns the number of changed weights.
function exactSums(a: usize, b: usize, n: i32, tolerance: f64, cols: usize, out: usize): i32 {
  const zero = i16x8.splat(0), m7 = i16x8.splat(0x7fff), end = a + (<usize>n << 1), side = at(out, SIDE);
  const limit = f64x2.splat(tolerance);
  let s0 = zero, s1 = zero, q0 = zero, q1 = zero;                 // base
  let t0 = zero, t1 = zero, r0 = zero, r1 = zero;                 // tuned
  let d0 = zero, d1 = zero, c0 = zero, c1 = zero, count = zero;   // difference
  let equal: i32 = 0;
  const step: usize = cols ? 16 : 0;
  let es0 = zero, es1 = zero, eq0 = zero, eq1 = zero;             // where eight codes are equal: both sides at once
  for (; a < end; a += 16, b += 16, cols += step) {
    const x = v128.load(a), y = v128.load(b), xl = lo32(x), xh = hi32(x);
    const x0 = plo(xl), x1 = phi(xl), x2 = plo(xh), x3 = phi(xh);
    if (v128.any_true(v128.xor(x, y))) {
      s0 = f64x2.add(s0, f64x2.add(x0, x2)); s1 = f64x2.add(s1, f64x2.add(x1, x3));
      q0 = fma<f64>(fma<f64>(q0, x0, x0), x2, x2); q1 = fma<f64>(fma<f64>(q1, x1, x1), x3, x3);
      const yl = lo32(y), yh = hi32(y), y0 = plo(yl), y1 = phi(yl), y2 = plo(yh), y3 = phi(yh);
      t0 = f64x2.add(t0, f64x2.add(y0, y2)); t1 = f64x2.add(t1, f64x2.add(y1, y3));
      r0 = fma<f64>(fma<f64>(r0, y0, y0), y2, y2); r1 = fma<f64>(fma<f64>(r1, y1, y1), y3, y3);
      const e0 = f64x2.sub(y0, x0), e1 = f64x2.sub(y1, x1), e2 = f64x2.sub(y2, x2), e3 = f64x2.sub(y3, x3);
      d0 = fma<f64>(fma<f64>(d0, e0, e0), e2, e2); d1 = fma<f64>(fma<f64>(d1, e1, e1), e3, e3);
      c0 = i64x2.add(c0, i64x2.add(f64x2.le(f64x2.abs(e0), limit), f64x2.le(f64x2.abs(e2), limit)));
      c1 = i64x2.add(c1, i64x2.add(f64x2.le(f64x2.abs(e1), limit), f64x2.le(f64x2.abs(e3), limit)));
      // differs, and not both zero; true lanes are -1
      const ne = v128.andnot(i16x8.ne(x, y), i16x8.eq(v128.and(v128.or(x, y), m7), zero));
      count = i16x8.sub(count, ne);
      if (cols) { v128.store(cols, i16x8.sub(v128.load(cols), ne)); }
    } else {
      equal += 8;
      es0 = f64x2.add(es0, f64x2.add(x0, x2)); es1 = f64x2.add(es1, f64x2.add(x1, x3));
      eq0 = fma<f64>(fma<f64>(eq0, x0, x0), x2, x2); eq1 = fma<f64>(fma<f64>(eq1, x1, x1), x3, x3);
    }
  }
  const changed = sum16(count), shared = hsum(f64x2.add(es0, es1)), squares = hsum(f64x2.add(eq0, eq1)), within = i64x2.add(c0, c1);
  bump(out, 1, hsum(f64x2.add(s0, s1)) + shared); bump(out, 2, hsum(f64x2.add(q0, q1)) + squares);
  bump(side, 1, hsum(f64x2.add(t0, t1)) + shared); bump(side, 2, hsum(f64x2.add(r0, r1)) + squares);
  bump(out, UPDATE, hsum(f64x2.add(d0, d1)));
  bump(out, EQUAL_ABSOLUTE, <f64>(equal - <i32>i64x2.extract_lane(within, 0) - <i32>i64x2.extract_lane(within, 1)));
  bump(out, CHANGED, changed); bump(out, EQUAL_BF16, n - changed); bump(out, EQUAL_RELATIVE, n - changed);
  return changed;
}
// sum of four squares
// @ts-ignore: decorator
@inline function squares(a: v128, b: v128, c: v128, d: v128): v128 {
  return fma<f32>(fma<f32>(fma<f32>(f32x4.mul(a, a), b, b), c, c), d, d);
}
// @ts-ignore: decorator
@inline function sum4(a: v128, b: v128, c: v128, d: v128): v128 { return f32x4.add(f32x4.add(a, b), f32x4.add(c, d)); }
// c + the four lanes of v, two by two
// @ts-ignore: decorator
@inline function gather(c: v128, v: v128): v128 { return f64x2.add(c, f64x2.add(plo(v), phi(v))); }
/*
 * Pass 2 with four values, or squares, added in f32 before they go to f64. A bf16 value has 8 digits: sums of four are exact unless
 * their exponents lie 14 apart, squares are exact and their sums off by 2^-23, differences exact unless exponents lie 16 apart. n: a
 * multiple of 16. Returns -1 without having recorded anything if the absolute probe cannot be decided in f32.
 */
function fastSums(a: usize, b: usize, n: i32, tolerance: f64, cols: usize, out: usize): i32 {
  const zero = i16x8.splat(0), step: usize = cols ? 32 : 0, begin = cols;
  // the largest f32 not above the tolerance: rounding keeps order, so only a difference that equals it can be on either side
  let single = <f32>tolerance;
  if (<f64>single > tolerance) single = reinterpret<f32>(reinterpret<u32>(single) - 1);
  const limit = f32x4.splat(single);
  let s = zero, q = zero, t = zero, r = zero, d = zero, within = zero, edge = zero, count = zero, c = cols, equal: i32 = 0;
  for (const end = a + (<usize>n << 1); a < end; a += 32, b += 32, c += step) {
    const x = v128.load(a), X = v128.load(a, 16), y = v128.load(b), Y = v128.load(b, 16);
    const x0 = lo32(x), x1 = hi32(x), x2 = lo32(X), x3 = hi32(X), sx = sum4(x0, x1, x2, x3), qx = squares(x0, x1, x2, x3);
    s = gather(s, sx); q = gather(q, qx);
    if (!v128.any_true(v128.or(v128.xor(x, y), v128.xor(X, Y)))) {
      t = gather(t, sx); r = gather(r, qx); equal += 16;
      continue;
    }
    const y0 = lo32(y), y1 = hi32(y), y2 = lo32(Y), y3 = hi32(Y);
    t = gather(t, sum4(y0, y1, y2, y3)); r = gather(r, squares(y0, y1, y2, y3));
    const e0 = f32x4.abs(f32x4.sub(y0, x0)), e1 = f32x4.abs(f32x4.sub(y1, x1)), e2 = f32x4.abs(f32x4.sub(y2, x2)), e3 = f32x4.abs(f32x4.sub(y3, x3));
    d = gather(d, squares(e0, e1, e2, e3));
    within = i32x4.add(within, i32x4.add(i32x4.add(f32x4.le(e0, limit), f32x4.le(e1, limit)), i32x4.add(f32x4.le(e2, limit), f32x4.le(e3, limit))));
    edge = v128.or(v128.or(v128.or(edge, f32x4.eq(e0, limit)), f32x4.eq(e1, limit)), v128.or(f32x4.eq(e2, limit), f32x4.eq(e3, limit)));
    const ne = i16x8.ne(x, y), NE = i16x8.ne(X, Y); // no zeros here, so other codes are other values
    count = i16x8.sub(i16x8.sub(count, ne), NE);
    if (cols) { v128.store(c, i16x8.sub(v128.load(c), ne)); v128.store(c, i16x8.sub(v128.load(c, 16), NE), 16); }
  }
  if (single != 0 && v128.any_true(edge)) {
    if (cols) { // take the column counts back
      const back = <usize>n << 1;
      a -= back; b -= back;
      for (let p: usize = 0; p < back; p += 16) v128.store(begin + p, i16x8.add(v128.load(begin + p), i16x8.ne(v128.load(a + p), v128.load(b + p))));
    }
    return -1;
  }
  const changed = sum16(count), side = at(out, SIDE);
  const inside = i32x4.neg(within);
  bump(out, 1, hsum(s)); bump(out, 2, hsum(q)); bump(side, 1, hsum(t)); bump(side, 2, hsum(r)); bump(out, UPDATE, hsum(d));
  bump(out, EQUAL_ABSOLUTE, <f64>(equal + i32x4.extract_lane(inside, 0) + i32x4.extract_lane(inside, 1) + i32x4.extract_lane(inside, 2) + i32x4.extract_lane(inside, 3)));
  bump(out, CHANGED, changed); bump(out, EQUAL_BF16, n - changed); bump(out, EQUAL_RELATIVE, n - changed);
  return changed;
}
// A block of a multiple of 8 codes, at most BLOCK. Returns the number of changed weights, -1 if something is not finite.
function block(a: usize, b: usize, n: i32, tolerance: f64, cols: usize, single: bool, out: usize): i32 {
  const range = scan(a, b, n, out);
  if (range == 0) return -1;
  const changed = single && range == 2 && (n & 15) == 0 ? fastSums(a, b, n, tolerance, cols, out) : -1;
  return changed >= 0 ? changed : exactSums(a, b, n, tolerance, cols, out);
}
/**
 * As elementCompare for two bf16 arrays on the bf16 grid. eta must be under 2^-9 and tolerance not negative: then two finite codes
 * pass the relative probe exactly if they are equal. single: squares may be summed by fours in f32, which leaves the sums of
 * squares off by a few 1e-9.
 */
export function compare16(a: usize, b: usize, first: i32, n: i32, columns: i32, eta: f64, tolerance: f64, rows: usize, cols: usize, single: bool, out: usize): void {
  let row = columns ? first / columns : 0, col = columns ? first % columns : 0;
  while (n > 0) {
    let m = columns ? min(n, columns - col) : n;
    if (m > BLOCK) m = BLOCK;
    if (m >= 16) m &= ~15; else if (m >= 8) m = 8;
    const changed = m < 8 ? -1 : block(a, b, m, tolerance, columns ? cols + (<usize>col << 1) : 0, single, out);
    if (changed < 0) elementCompare(0, a, 0, b, columns ? row * columns + col : 0, m, columns, 7, -126, 3.3895313892515355e38, Infinity, eta, tolerance, rows, cols, out);
    else if (columns) bump(rows, row, changed);
    a += <usize>m << 1; b += <usize>m << 1; n -= m; col += m;
    if (columns && col == columns) { col = 0; ++row; }
  }
}
