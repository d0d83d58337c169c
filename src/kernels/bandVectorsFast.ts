// Inverse iteration for two eigenvalues at once, one in each f64 lane: B - sigma I = L D L' without pivoting.
//
// Four times fewer operations than the pivoted LU and no data-dependent branch, hence full vectors. It is NOT backward stable: a
// leading block of B may have an eigenvalue close to sigma (usual for the few largest, well separated ones), and then the vector
// is wrong. So the true residual |B x - lambda x| is returned for every vector and the caller repeats the bad ones with
// bandVectors. b = 8 or 16.
import { fma, fnma } from './micro';
import { at } from './vector';
import { worked } from './worked';

// @ts-ignore: decorator
@inline function v2(p: usize, i: i32): usize { return p + (<usize>i << 4); }
// vectors in a row of L (and of G = L D): d = 0..b, then zeros so that blocks of 8 may run over
// @ts-ignore: decorator
@inline function row(b: i32): i32 { return b + 16; }
export function bandVectorsFastBytes(n: i32, b: i32): i32 { return ((n + b) * row(b) * 2 + 2 * n + 4 * b + 64) * 16; }

// acc[q] -= G[i-p][p] L[i-p][p+d0+q] over p = 1..pmax, q = 0..7; the sums start from column i of B (d = d0+q), the shift at d = 0
// @ts-ignore: decorator
@inline function block(S: usize, L: usize, G: usize, i: i32, d0: i32, pmax: i32, rb: usize, shift: v128, c: usize): void {
  let a0 = v128.load64_splat(S), a1 = v128.load64_splat(S, 8), a2 = v128.load64_splat(S, 16), a3 = v128.load64_splat(S, 24);
  let a4 = v128.load64_splat(S, 32), a5 = v128.load64_splat(S, 40), a6 = v128.load64_splat(S, 48), a7 = v128.load64_splat(S, 56);
  if (d0 == 0) a0 = f64x2.sub(a0, shift);
  let l = v2(L + <usize>(i - 1) * rb, 1 + d0), g = v2(G + <usize>(i - 1) * rb, 1);
  const back = rb - 16; // row i-p-1, column p+1
  for (let p = min(pmax, i); p > 0; --p, l -= back, g -= back) {
    const f = v128.load(g);
    a0 = fnma<f64>(a0, f, v128.load(l)); a1 = fnma<f64>(a1, f, v128.load(l, 16)); a2 = fnma<f64>(a2, f, v128.load(l, 32)); a3 = fnma<f64>(a3, f, v128.load(l, 48));
    a4 = fnma<f64>(a4, f, v128.load(l, 64)); a5 = fnma<f64>(a5, f, v128.load(l, 80)); a6 = fnma<f64>(a6, f, v128.load(l, 96)); a7 = fnma<f64>(a7, f, v128.load(l, 112));
  }
  v128.store(c, a0); v128.store(c, a1, 16); v128.store(c, a2, 32); v128.store(c, a3, 48);
  v128.store(c, a4, 64); v128.store(c, a5, 80); v128.store(c, a6, 96); v128.store(c, a7, 112);
}
// One pair of values: x (n vectors, lane = value) and the squared residuals in res (2 f64)
function pair(S: usize, ld: i32, n: i32, b: i32, l0: f64, l1: f64, tiny: f64, L: usize, G: usize, D: usize, x: usize, seed: u32): u32 {
  const rb = <usize>row(b) << 4, shift = f64x2.replace_lane(f64x2.splat(l0), 1, l1), one = f64x2.splat(1), small = f64x2.splat(tiny), zero = f64x2.splat(0);
  for (let i = 0; i < n; ++i) {
    const g = G + <usize>i * rb, l = L + <usize>i * rb, s = at(S, i * ld);
    for (let d0 = 0; d0 < b; d0 += 8) block(at(s, d0), L, G, i, d0, b - d0, rb, shift, v2(g, d0));
    v128.store(v2(g, b), v128.load64_splat(at(s, b)));
    let d = v128.load(g);
    d = v128.bitselect(small, d, f64x2.lt(f64x2.abs(d), small));
    const inv = f64x2.div(one, d);
    v128.store(v2(D, i), inv);
    for (let k = 1; k <= b; ++k) v128.store(v2(l, k), f64x2.mul(v128.load(v2(g, k)), inv));
  }
  // start: a random right-hand side behind L, so the first iteration needs the back substitution only
  for (let i = 0; i < n; ++i) {
    seed = seed * 1664525 + 1013904223; const u = <f64>(<i32>seed) * 4.656612873077393e-10;
    seed = seed * 1664525 + 1013904223; const v = <f64>(<i32>seed) * 4.656612873077393e-10;
    v128.store(v2(x, i), f64x2.replace_lane(f64x2.splat(u), 1, v));
  }
  for (let i = n; i < n + b + 1; ++i) v128.store(v2(x, i), zero);
  for (let it = 0; it < 2; ++it) {
    if (it > 0)
      for (let i = 0; i < n; ++i) {
        const l = L + <usize>i * rb, p = v2(x, i), y = v128.load(p);
        for (let k = 1; k <= b; ++k) { const q = v2(p, k); v128.store(q, fnma<f64>(v128.load(q), v128.load(v2(l, k)), y)); }
      }
    for (let i = n; i < n + b + 1; ++i) v128.store(v2(x, i), zero);
    let norm = zero;
    for (let i = n - 1; i >= 0; --i) {
      const l = L + <usize>i * rb, p = v2(x, i);
      let s = f64x2.mul(v128.load(p), v128.load(v2(D, i))), t = zero, u = zero, w = zero;
      for (let k = b; k > 0; k -= 4) {
        t = fnma<f64>(t, v128.load(v2(l, k)), v128.load(v2(p, k))); u = fnma<f64>(u, v128.load(v2(l, k - 1)), v128.load(v2(p, k - 1)));
        w = fnma<f64>(w, v128.load(v2(l, k - 2)), v128.load(v2(p, k - 2))); s = fnma<f64>(s, v128.load(v2(l, k - 3)), v128.load(v2(p, k - 3)));
      }
      s = f64x2.add(f64x2.add(t, u), f64x2.add(w, s));
      v128.store(p, s); norm = fma<f64>(norm, s, s);
    }
    const f = f64x2.div(one, f64x2.sqrt(norm));
    for (let i = 0; i < n; ++i) v128.store(v2(x, i), f64x2.mul(v128.load(v2(x, i)), f));
  }
  return seed;
}
// Rows k0..k1-1 of XT get unit vectors for lam[k0..k1), res[k0..k1) their residuals |B x - lambda x| (NaN if it broke down).
export function bandVectorsFast(S: usize, ld: i32, n: i32, b: i32, lam: usize, k0: i32, k1: i32, XT: usize, ldx: i32, norm: f64, res: usize, work: usize): void {
  const all = <usize>((n + b) * row(b)) << 4;
  const L = work, G = L + all, D = G + all, x = v2(D, n) + 16 * <usize>b; // b zeros before x: the residual looks back
  memory.fill(L, 0, 2 * all);
  let seed: u32 = 2463534242;
  for (let i = k0; i < k1; i += 2) {
    const j = min(i + 1, k1 - 1), l0 = load<f64>(at(lam, i)), l1 = load<f64>(at(lam, j));
    seed = pair(S, ld, n, b, l0, l1, 2.220446049250313e-16 * norm, L, G, D, x, seed);
    // residual: r[c] = sum over d of B[c+d, c] x[c+d] + B[c, c-d] x[c-d]
    const shift = f64x2.replace_lane(f64x2.splat(l0), 1, l1);
    let sum = f64x2.splat(0);
    for (let c = 0; c < n; ++c) {
      const s = at(S, c * ld), p = v2(x, c);
      let r = f64x2.mul(f64x2.sub(v128.load64_splat(s), shift), v128.load(p)), t = f64x2.splat(0);
      for (let d = 1; d <= b; ++d) r = fma<f64>(r, v128.load64_splat(at(s, d)), v128.load(v2(p, d)));
      for (let d = min(b, c); d > 0; --d) t = fma<f64>(t, v128.load64_splat(at(S, (c - d) * ld + d)), v128.load(p - (<usize>d << 4)));
      r = f64x2.add(r, t); sum = fma<f64>(sum, r, r);
    }
    store<f64>(at(res, j), sqrt(f64x2.extract_lane(sum, 1))); store<f64>(at(res, i), sqrt(f64x2.extract_lane(sum, 0)));
    worked(<f64>n * (b * b + 10 * b));
    const a = at(XT, i * ldx), e = at(XT, j * ldx);
    for (let c = 0; c < n; ++c) { const v = v128.load(v2(x, c)); store<f64>(at(e, c), f64x2.extract_lane(v, 1)); store<f64>(at(a, c), f64x2.extract_lane(v, 0)); }
  }
}
