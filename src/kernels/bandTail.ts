// Symmetric band -> tridiagonal (Givens, values only) -> eigenvalues, f64.
// S: lower band storage, S[j*ld + d] = a(j+d, j), d = 0..b (+1 for the bulge), ld >= b + 2. Pointers are bytes, ld in elements.
import { fma, fnma } from './micro';
import { worked } from './worked';

// @ts-ignore: decorator
@inline function D(p: usize): f64 { return load<f64>(p); }

// rotation in the plane (p, p+1)
// @ts-ignore: decorator
@inline function rot(S: usize, ld: i32, n: i32, b: i32, p: i32, c: f64, s: f64, jlo: i32): void {
  const q = p + 1;
  const cp = S + (<usize>(p * ld) << 3), cq = S + (<usize>(q * ld) << 3);
  const app = load<f64>(cp), apq = load<f64>(cp, 8), aqq = load<f64>(cq);
  store<f64>(cp, c * c * app + 2 * c * s * apq + s * s * aqq);
  store<f64>(cq, s * s * app - 2 * c * s * apq + c * c * aqq);
  store<f64>(cp, c * s * (aqq - app) + (c * c - s * s) * apq, 8);
  // columns p and q below the diagonal: contiguous
  let cnt = min(n - 1, q + b) - q, x = cp + 16, y = cq + 8;
  const C = f64x2.splat(c);
  let Z = f64x2.splat(s);
  for (; cnt >= 2; cnt -= 2, x += 16, y += 16) {
    const u = v128.load(x), v = v128.load(y);
    v128.store(x, fma<f64>(f64x2.mul(C, u), Z, v));
    v128.store(y, fnma<f64>(f64x2.mul(C, v), Z, u));
  }
  for (; cnt > 0; --cnt, x += 8, y += 8) {
    const u = D(x), v = D(y);
    store<f64>(x, c * u + s * v); store<f64>(y, c * v - s * u);
  }
  // rows p and q left of the diagonal: the pair (p, q) is contiguous in each column, columns are ld-1 apart
  let r = S + (<usize>(jlo * ld + (p - jlo)) << 3);
  const step = <usize>(ld - 1) << 3;
  Z = f64x2.replace_lane(Z, 1, -s);
  for (let j = jlo; j < p; ++j, r += step) {
    const u = v128.load(r);
    v128.store(r, fma<f64>(f64x2.mul(C, u), Z, i64x2.shuffle(u, u, 1, 0)));
  }
}

/** Band to tridiagonal: diagonal to d, subdiagonal to e (n each). The band is destroyed. */
export function bandToTridiagonal(S: usize, ld: i32, n: i32, b: i32, d: usize, e: usize): void {
  for (let k = 0; k < n - 2; ++k) {
    for (let r = min(b, n - 1 - k); r >= 2; --r) {
      let col = k, row = k + r;
      while (row < n) { // chase the bulge down
        const p = row - 1, cc = S + (<usize>(col * ld) << 3), fp = cc + (<usize>(p - col) << 3);
        const f = D(fp), g = load<f64>(fp, 8);
        if (g == 0) break;
        const h = sqrt(f * f + g * g);
        rot(S, ld, n, b, p, f / h, g / h, col);
        store<f64>(fp, h); store<f64>(fp, 0, 8);
        col = p; row += b;
      }
    }
    worked(<f64>(n - k) * (3 * b));
  }
  for (let i = 0; i < n; ++i) {
    const q = S + (<usize>(i * ld) << 3);
    store<f64>(d + (<usize>i << 3), D(q)); store<f64>(e + (<usize>i << 3), i < n - 1 ? load<f64>(q, 8) : 0);
  }
}

/**
 * Eigenvalues of a tridiagonal matrix by the rational QL of Pal, Walker and Kahan (LAPACK's dsterf); d becomes the values in no
 * order, e is destroyed. Returns 0, or 1 + index of the value that did not converge.
 */
export function tridiagonalValues(n: i32, dp: usize, ep: usize): i32 {
  const eps: f64 = 2.220446049250313e-16;
  for (let i = 0; i < n - 1; ++i) { const q = ep + (<usize>i << 3), v = D(q); store<f64>(q, v * v); }
  store<f64>(ep + (<usize>(n - 1) << 3), 0);
  // an absolute floor far under the accuracy of the values: without it a rank-deficient matrix (d = 0) never converges
  let top: f64 = 0;
  for (let i = 0; i < n; ++i) top = max(top, max(abs(D(dp + (<usize>i << 3))), sqrt(D(ep + (<usize>i << 3)))));
  const floor = top * top * eps * eps * 1e-4;
  for (let l = 0; l < n; ++l) {
    const dl = dp + (<usize>l << 3), el = ep + (<usize>l << 3);
    for (let it = 0; ; ++it) {
      let m = l;
      for (; m < n - 1; ++m) {
        const o = <usize>m << 3;
        if (D(ep + o) <= eps * eps * abs(D(dp + o) * load<f64>(dp + o, 8)) + floor) { store<f64>(ep + o, 0); break; }
      }
      if (m == l) break;
      if (it == 100) return l + 1;
      const rte = sqrt(D(el));
      let sg = (load<f64>(dl, 8) - D(dl)) / (2 * rte), r = sqrt(sg * sg + 1);
      sg = D(dl) - rte / (sg + (sg >= 0 ? r : -r));
      let c: f64 = 1, s: f64 = 0, gam = D(dp + (<usize>m << 3)) - sg, p = gam * gam;
      for (let i = m - 1; i >= l; --i) {
        const o = <usize>i << 3, bb = D(ep + o);
        r = p + bb;
        if (i != m - 1) store<f64>(ep + o, s * r, 8);
        const oc = c; c = p / r; s = bb / r;
        const og = gam, al = D(dp + o);
        gam = c * (al - sg) - s * og;
        store<f64>(dp + o, og + (al - gam), 8);
        p = c != 0 ? gam * gam / c : oc * bb;
      }
      store<f64>(el, s * p); store<f64>(dl, sg + gam);
      worked(<f64>(m - l) * 8);
    }
  }
  return 0;
}
