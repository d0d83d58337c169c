// Eigenvectors of a symmetric band matrix by inverse iteration: LU with partial pivoting of B - sigma I for each value.
//
// The factorisation keeps a window of b+1 rows, each shifted left by one as a column is eliminated, so that row loops are long
// and contiguous (2b values). Vectors whose values are closer than a cluster tolerance are orthogonalised against each other.
import { fnma } from './micro';
import { at, dot } from './vector';
import { worked } from './worked';

// row stride of U in values: 2b + 1, padded so that the last vector load stays inside
// @ts-ignore: decorator
@inline function rowLength(b: i32): i32 { return 2 * b + 4; }

export function bandVectorsBytes(n: i32, b: i32): i32 { return (n * rowLength(b) + n * b + n + 4 * b + 64 + n) * 8; }

// y[0..len) -= a x[0..len), len even
// @ts-ignore: decorator
@inline function axpy(y: usize, x: usize, len: i32, a: f64): void {
  const A = f64x2.splat(a);
  for (; len >= 2; len -= 2, x += 16, y += 16) v128.store(y, fnma<f64>(v128.load(y), A, v128.load(x)));
  if (len) store<f64>(y, load<f64>(y) - a * load<f64>(x));
}
// U rows, L multipliers (n x b), piv. tiny replaces a zero pivot.
function factor(S: usize, ld: i32, n: i32, b: i32, sigma: f64, tiny: f64, U: usize, L: usize, piv: usize): void {
  const w = rowLength(b), rb = <usize>w << 3;
  // fills row r: columns max(0, r-b) .. r+b of B - sigma I, first column of the window first
  for (let i = -b; i < n; ++i) {
    const r = i + b; // the row that enters at step i
    if (r < n) {
      const first = max(0, r - b);
      let p = U + <usize>r * rb;
      memory.fill(p, 0, rb);
      for (let c = first; c < r; ++c, p += 8) store<f64>(p, load<f64>(at(S, c * ld + r - c)));
      store<f64>(p, load<f64>(at(S, r * ld)) - sigma); p += 8;
      const right = min(b, n - 1 - r), q = at(S, r * ld);
      for (let d = 1; d <= right; ++d, p += 8) store<f64>(p, load<f64>(at(q, d)));
    }
    if (i < 0) continue;
    const last = min(i + b, n - 1), top = U + <usize>i * rb;
    let best = i, size = abs(load<f64>(top));
    for (let q = i + 1, p = top + rb; q <= last; ++q, p += rb) { const v = abs(load<f64>(p)); if (v > size) { size = v; best = q; } }
    store<i32>(piv + (<usize>i << 2), best);
    if (best != i)
      for (let p = top, q = U + <usize>best * rb, e = top + rb; p < e; p += 16, q += 16) { const t = v128.load(p); v128.store(p, v128.load(q)); v128.store(q, t); }
    if (size == 0) store<f64>(top, tiny);
    const inv = 1 / load<f64>(top), l = at(L, i * b);
    let q = i + 1, p = top + rb;
    for (; q + 1 <= last; q += 2, p += 2 * rb) {
      const r2 = p + rb, m0 = load<f64>(p) * inv, m1 = load<f64>(r2) * inv;
      store<f64>(at(l, q - i - 1), m0); store<f64>(at(l, q - i), m1);
      const A = f64x2.splat(m0), C = f64x2.splat(m1);
      for (let c: usize = 0, e: usize = <usize>b << 4; c < e; c += 16) {
        const t = v128.load(top + c, 8);
        const x = fnma<f64>(v128.load(p + c, 8), A, t), y = fnma<f64>(v128.load(r2 + c, 8), C, t);
        v128.store(p + c, x); v128.store(r2 + c, y);
      }
      store<f64>(at(p, 2 * b), 0); store<f64>(at(r2, 2 * b), 0);
    }
    if (q <= last) {
      const m0 = load<f64>(p) * inv; store<f64>(at(l, q - i - 1), m0);
      const A = f64x2.splat(m0);
      for (let c: usize = 0, e: usize = <usize>b << 4; c < e; c += 16) v128.store(p + c, fnma<f64>(v128.load(p + c, 8), A, v128.load(top + c, 8)));
      store<f64>(at(p, 2 * b), 0);
    }
  }
}
// x := U^-1 L^-1 x; x has 2b + 2 zeros behind its n values
function solve(n: i32, b: i32, U: usize, L: usize, piv: usize, x: usize): void {
  const rb = <usize>rowLength(b) << 3;
  for (let i = 0; i < n; ++i) {
    const q = load<i32>(piv + (<usize>i << 2)), y = load<f64>(at(x, q));
    if (q != i) { store<f64>(at(x, q), load<f64>(at(x, i))); store<f64>(at(x, i), y); }
    axpy(at(x, i + 1), at(L, i * b), min(b, n - 1 - i), y);
  }
  for (let i = n - 1; i >= 0; --i) {
    const u = U + <usize>i * rb, p = at(x, i);
    store<f64>(p, (load<f64>(p) - dot(u + 8, p + 8, 2 * b)) / load<f64>(u));
  }
}

// Rows k0..k1-1 of XT (ldx) get unit eigenvectors for lam[k0..k1) (any order, neighbours adjacent). norm: bound of |B|.
// Values closer than cluster * norm to their predecessor form a cluster. Returns the number of solves.
export function bandVectors(S: usize, ld: i32, n: i32, b: i32, lam: usize, k0: i32, k1: i32, XT: usize, ldx: i32, norm: f64, cluster: f64, work: usize): i32 {
  const eps: f64 = 2.220446049250313e-16;
  const U = work, L = at(U, n * rowLength(b)), piv = at(L, n * b), x = at(piv, n);
  let head = k0, sigma: f64 = 0, solves = 0;
  let seed: u32 = 12345;
  for (let i = k0; i < k1; ++i) {
    const v = load<f64>(at(lam, i));
    const near = i > k0 && abs(load<f64>(at(lam, i - 1)) - v) < cluster * norm;
    if (!near) head = i;
    // equal values get distinct shifts (descending order)
    sigma = i > k0 && sigma - v < 4 * eps * norm && v <= load<f64>(at(lam, i - 1)) && near ? sigma - 4 * eps * norm : v;
    factor(S, ld, n, b, sigma, eps * norm, U, L, piv);
    worked(<f64>n * (2 * b * b));
    for (let q = 0; q < n; ++q) { seed = seed * 1664525 + 1013904223; store<f64>(at(x, q), <f64>(<i32>seed) * 4.656612873077393e-10); }
    for (let q = n; q < n + 2 * b + 4; ++q) store<f64>(at(x, q), 0);
    let before = sqrt(dot(x, x, n));
    for (let it = 0; it < 6; ++it) {
      solve(n, b, U, L, piv, x); ++solves;
      worked(<f64>n * (3 * b) + <f64>n * (2 * (i - head)));
      const after = sqrt(dot(x, x, n)), growth = after / before;
      let f = 1 / after;
      for (let q = 0; q < n; ++q) store<f64>(at(x, q), load<f64>(at(x, q)) * f);
      for (let p = head; p < i; ++p) { const r = at(XT, p * ldx); axpy(x, r, n, dot(x, r, n)); }
      if (head < i) {
        f = 1 / sqrt(dot(x, x, n));
        for (let q = 0; q < n; ++q) store<f64>(at(x, q), load<f64>(at(x, q)) * f);
      }
      before = 1;
      // a unit start that grows to g leaves a residual of 1/g
      if (it > 0 && growth * norm * eps * <f64>n > 0.01) break;
    }
    memory.copy(at(XT, i * ldx), x, <usize>n << 3);
  }
  return solves;
}
