// Blocked two-sided Householder reduction of a symmetric matrix (lower half, f64) to a band of width b.
//
// Panel j: columns j..j+b-1 below row s = j+b are reduced to R by Q = I - V T V'. With Y = A V T, M = T'V'Y, W = Y - V M / 2
// the trailing block becomes A - V W' - W V'. A is swept once a panel: the next panel's columns are updated first (the strip), so
// that its reflectors are known when the sweep starts; a tile then gets the pending rank-2b update and serves the next product
// at once: W_I += A_IJ V_J and, since only the lower half is stored, W_J += A_IJ' V_I. Operands are packed once a panel.
import { gemm } from './gemm';
import { MR, KC, MC, NC, fma, fnma, hsum, micro, packA, packB } from './micro';
import { at, dot, triangle } from './vector';
import { worked } from './worked';

const TB: i32 = 96; // tile of the symmetric product: 73 KB, stays in L2 for its two uses

// x and two more columns at once: y -= (tau x'y) x
// @ts-ignore: decorator
@inline function reflect2(x: usize, y: usize, z: usize, n: i32, tau: f64): void {
  let a = f64x2.splat(0), c = a, d = a, e = a, p = x, q = y, r = z, k = n;
  for (; k >= 4; k -= 4, p += 32, q += 32, r += 32) {
    const u = v128.load(p), v = v128.load(p, 16);
    a = fma<f64>(a, u, v128.load(q)); c = fma<f64>(c, v, v128.load(q, 16));
    d = fma<f64>(d, u, v128.load(r)); e = fma<f64>(e, v, v128.load(r, 16));
  }
  let s = hsum(f64x2.add(a, c)), t = hsum(f64x2.add(d, e));
  for (; k > 0; --k, p += 8, q += 8, r += 8) { s += load<f64>(p) * load<f64>(q); t += load<f64>(p) * load<f64>(r); }
  s *= tau; t *= tau;
  const S = f64x2.splat(s), T = f64x2.splat(t);
  for (k = n; k >= 2; k -= 2, x += 16, y += 16, z += 16) {
    const u = v128.load(x);
    v128.store(y, fnma<f64>(v128.load(y), S, u)); v128.store(z, fnma<f64>(v128.load(z), T, u));
  }
  if (k) { store<f64>(y, load<f64>(y) - s * load<f64>(x)); store<f64>(z, load<f64>(z) - t * load<f64>(x)); }
}

// Householder QR of the panel held in rows j..j+b-1 of VT, from column j+b on (so each matrix column is contiguous).
// R goes to the band S, the reflectors (unit first entry, zeros before) stay in VT, tau[j..].
function panel(VT: usize, ldv: i32, n: i32, j: i32, b: i32, tau: usize, S: usize, lds: i32): void {
  const N = n - j - b, base = at(VT, j * ldv + j + b), row = <usize>ldv << 3;
  for (let c = 0; c < b; ++c) {
    const len = N - c;
    let t: f64 = 0;
    if (len > 0) {
      const p = base + <usize>c * row + (<usize>c << 3), alpha = load<f64>(p);
      let beta = alpha;
      const xx = len > 1 ? dot(p + 8, p + 8, len - 1) : 0;
      if (xx > 0) {
        beta = sqrt(alpha * alpha + xx); if (alpha > 0) beta = -beta;
        t = (beta - alpha) / beta;
        const f = 1 / (alpha - beta);
        for (let i = 1; i < len; ++i) store<f64>(at(p, i), load<f64>(at(p, i)) * f);
        store<f64>(p, 1);
        let k = c + 1, y = p + row;
        for (; k + 1 < b; k += 2, y += 2 * row) reflect2(p, y, y + row, len, t);
        if (k < b) reflect2(p, y, at(VT, n * ldv), len, t); // odd one out: the partner is a scratch row behind VT
      }
      store<f64>(at(S, (j + c) * lds + b), beta);
    }
    store<f64>(at(tau, j + c), t);
  }
  for (let c = 0; c < b; ++c) {
    const p = base + <usize>c * row, top = min(c, N);
    for (let i = 0; i < top; ++i) { store<f64>(at(S, (j + c) * lds + b + i - c), load<f64>(at(p, i))); store<f64>(at(p, i), 0); }
    if (c < N && load<f64>(at(tau, j + c)) == 0) memory.fill(at(p, c), 0, <usize>(N - c) << 3);
  }
}
// A (N x N, lower half) -= X Y' if pending (2b columns, packed); W (ld b) := A V.
// Vp: panels of 4 columns, each [np][4].
function sweep(A: usize, ld: i32, N: i32, b: i32, pending: bool, Xp: usize, Yp: usize, Vp: usize, np: i32, W: usize, work: usize): void {
  const la = <usize>ld << 3, lw = <usize>b << 3, tile = work, pa = work + TB * TB * 8, vs = <usize>np << 5, nb = b >> 2;
  const xs = <usize>(2 * b * MR) << 3, ys = <usize>b << 6;
  memory.fill(W, 0, <usize>np * lw);
  for (let i0 = 0; i0 < N; i0 += TB) {
    const h = min(TB, N - i0);
    for (let j0 = 0; j0 <= i0; j0 += TB) {
      const a = A + <usize>i0 * la + (<usize>j0 << 3), below = j0 < i0;
      for (let i = 0; i < h; i += MR) {
        const r = a + <usize>i * la;
        if (pending) {
          const end = below ? TB : min(TB, i + MR), x = Xp + <usize>((i0 + i) / MR) * xs;
          for (let j = 0, y = Yp + <usize>(j0 >> 2) * ys; j < end; j += 4, y += ys) micro<f64>(2 * b, x, MR * 8, y, r + (<usize>j << 3), la, -1, true);
        }
        if (below) {
          packA<f64, f64>(TB, h - i, r, la, 8, pa);
          for (let c = 0; c < nb; ++c)
            micro<f64>(TB, pa, MR * 8, Vp + <usize>c * vs + (<usize>j0 << 5), W + <usize>(i0 + i) * lw + (<usize>c << 5), lw, 1, true);
        }
      }
      // the transposed use; for the diagonal tile, mirrored into a full square first, the only one
      let p = a, lp = la;
      if (!below) {
        if (h < TB) memory.fill(tile, 0, TB * TB * 8);
        for (let i = 0; i < h; ++i)
          for (let j = 0; j <= i; ++j) {
            const v = load<f64>(a + <usize>i * la + (<usize>j << 3));
            store<f64>(at(tile, i * TB + j), v); store<f64>(at(tile, j * TB + i), v);
          }
        p = tile; lp = TB * 8;
      }
      for (let j = 0, w = below ? TB : h; j < w; j += MR)
        for (let c = 0; c < nb; ++c)
          micro<f64>(h, p + (<usize>j << 3), lp, Vp + <usize>c * vs + (<usize>i0 << 5), W + <usize>(j0 + j) * lw + (<usize>c << 5), lw, 1, true);
      worked(<f64>h * TB * (4 * b));
    }
  }
}

/** Bytes of bandReduce's scratch. */
export function bandReduceBytes(n: i32, b: i32): i32 {
  return ((n + TB) * b * 7 + 4 * b * b + TB * TB + MR * KC + MC * KC + KC * (NC + 16) + 256) * 8;
}
/**
 * A: lower half, n + 8 rows allocated, ld >= n + 12 (edge tiles spill; ld * 8 should not be a multiple of 4096), destroyed.
 * VT: (n + 1) x ldv, gets reflector i in row i; tau: n; S: lower band n x lds, lds >= b + 2 (see bandTail). b: a multiple of 4.
 */
export function bandReduce(A: usize, ld: i32, n: i32, b: i32, VT: usize, ldv: i32, tau: usize, S: usize, lds: i32, work: usize): void {
  const np = n + TB, wide = <usize>(np * b) << 3, lw = <usize>b << 3, la = <usize>ld << 3, lv = <usize>ldv << 3;
  const Vp = work, Y = Vp + wide, Xp = Y + wide, Yp = Xp + 2 * wide, W = Yp + 2 * wide;
  const Gm = W + wide, Tm = Gm + lw * b, Mm = Tm + lw * b, M2 = Mm + lw * b, scratch = M2 + lw * b;
  memory.fill(VT, 0, <usize>(n + 1) * lv); memory.fill(tau, 0, <usize>n << 3); memory.fill(S, 0, <usize>(n * lds) << 3);
  let j = 0;
  for (; n - j - b > 0; j += b) {
    const s = j + b, N = n - s, V = at(VT, j * ldv + s), At = A + <usize>s * la + (<usize>s << 3);
    for (let c = 0; c < b; ++c) for (let i = c; i < b; ++i) store<f64>(at(S, (j + c) * lds + i - c), load<f64>(A + <usize>(j + i) * la + (<usize>(j + c) << 3)));
    for (let i = 0; i < N; ++i) {
      let p = A + <usize>(s + i) * la + (<usize>j << 3), q = at(V, i);
      for (let c = 0; c < b; ++c, p += 8, q += lv) store<f64>(q, load<f64>(p));
    }
    panel(VT, ldv, n, j, b, tau, S, lds);
    worked(<f64>N * (b * b));
    for (let c = 0; c < b; c += 4) packB<f64, f64>(N, 4, V + <usize>c * lv, 8, lv, Vp + (<usize>(c * np) << 3));
    if (j > 0) { // the pending update, rows from s on
      const P = at(VT, (j - b) * ldv + s), Q = Y + <usize>b * lw;
      for (let i = 0, d = Xp; i < N; i += MR, d += <usize>(2 * b * MR) << 3) {
        packA<f64, f64>(b, N - i, at(P, i), 8, lv, d);
        packA<f64, f64>(b, N - i, Q + <usize>i * lw, lw, 8, d + (<usize>(b * MR) << 3));
      }
      for (let i = 0, d = Yp; i < N + MR; i += 4, d += <usize>b << 6) { // a few zero panels behind the edge
        packB<f64, f64>(b, N - i, Q + <usize>i * lw, 8, lw, d);
        packB<f64, f64>(b, N - i, at(P, i), lv, 8, d + (<usize>b << 5));
      }
    }
    sweep(At, ld, N, b, j > 0, Xp, Yp, Vp, np, W, scratch);
    gemm<f64, f64>(b, b, N, 1, V, ldv, 1, V, 1, ldv, false, Gm, b, scratch);
    triangle<f64>(Tm, Gm, b, at(tau, j));
    gemm<f64, f64>(N, b, b, 1, W, b, 1, Tm, b, 1, false, Y, b, scratch);        // Y = A V T
    gemm<f64, f64>(b, b, N, 1, V, ldv, 1, Y, b, 1, false, Mm, b, scratch);
    gemm<f64, f64>(b, b, b, 1, Tm, 1, b, Mm, b, 1, false, M2, b, scratch);      // T'V'Y
    gemm<f64, f64>(N, b, b, -0.5, V, 1, ldv, M2, b, 1, true, Y, b, scratch);    // W
    const w = min(b, N);                                                        // the strip
    gemm<f64, f64>(N, w, b, -1, V, 1, ldv, Y, 1, b, true, At, ld, scratch);
    gemm<f64, f64>(N, w, b, -1, Y, b, 1, V, ldv, 1, true, At, ld, scratch);
  }
  for (let c = j; c < n; ++c) for (let i = c; i < n; ++i) store<f64>(at(S, c * lds + i - c), load<f64>(A + <usize>i * la + (<usize>c << 3)));
}
