// Small pieces that several kernels share: addressing, dot products, the triangle of a block reflector.
import { fma, hsum } from './micro';

/** Address of value i of an f64 array. */
// @ts-ignore: decorator
@inline export function at(p: usize, i: i32): usize { return p + (<usize>i << 3); }

// @ts-ignore: decorator
@inline export function dot(x: usize, y: usize, n: i32): f64 {
  let a = f64x2.splat(0), c = a, d = a, e = a;
  for (; n >= 8; n -= 8, x += 64, y += 64) {
    a = fma<f64>(a, v128.load(x), v128.load(y)); c = fma<f64>(c, v128.load(x, 16), v128.load(y, 16));
    d = fma<f64>(d, v128.load(x, 32), v128.load(y, 32)); e = fma<f64>(e, v128.load(x, 48), v128.load(y, 48));
  }
  let r = hsum(f64x2.add(f64x2.add(a, c), f64x2.add(d, e)));
  for (; n > 0; --n, x += 8, y += 8) r += load<f64>(x) * load<f64>(y);
  return r;
}
// T of I - V T V' (upper triangular, row-major, ld g) from G = V'V and tau
// @ts-ignore: decorator
@inline export function triangle<T>(Tm: usize, G: usize, g: i32, tau: usize): void {
  const Z = sizeof<T>();
  for (let i = 0; i < g; ++i) {
    const t = load<f64>(at(tau, i));
    for (let r = 0; r < i; ++r) {
      let a: f64 = 0;
      for (let q = r; q < i; ++q) a += <f64>load<T>(Tm + <usize>(r * g + q) * Z) * <f64>load<T>(G + <usize>(q * g + i) * Z);
      store<T>(Tm + <usize>(r * g + i) * Z, <T>(-t * a));
      store<T>(Tm + <usize>(i * g + r) * Z, <T>0);
    }
    store<T>(Tm + <usize>(i * g + i) * Z, <T>t);
  }
}

