/** The complementary error function and the normal tail, accurate relative to their value far into the tail. */

/** Below this the series for erf loses at most two digits to 1 - erf; above it the continued fraction converges in few terms. */
const SERIES_LIMIT = 1.5;
/** erfc is under the smallest subnormal double beyond this. */
const UNDERFLOW = 27.3;

/** exp(-x^2) with the rounding error of x^2 carried: x = head + rest, head of 24 bits, so that head^2 is exact. */
function expMinusSquare(x: number): number {
  const head = Math.fround(x);
  return Math.exp(-head * head) * Math.exp((head - x) * (head + x));
}

/**
 * erfc(x) = 2/sqrt(pi) * integral of exp(-u^2) over u > x. For |x| < 1.5 from erf(x) = 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!!,
 * whose terms have one sign (DLMF 7.6.2), beyond from the continued fraction (DLMF 7.9.1). Relative error below 1e-14.
 */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x < 0) return 2 - erfc(-x);
  if (x > UNDERFLOW) return 0;
  if (x < SERIES_LIMIT) {
    let term = x;
    let sum = x;
    for (let n = 1; term > sum * 2 ** -54; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * expMinusSquare(x) * sum;
  }
  // x + (1/2)/(x + 1/(x + (3/2)/(x + ...))), from the bottom; the depth for 2^-54 falls with x^2
  let fraction = x;
  for (let n = 10 + Math.ceil(180 / (x * x)); n > 0; n--) fraction = x + n / 2 / fraction;
  return expMinusSquare(x) / (fraction * Math.sqrt(Math.PI));
}

/** Q(x) = P(N(0,1) > x) = erfc(x / sqrt 2) / 2. */
export function normalTail(x: number): number {
  return erfc(x * Math.SQRT1_2) / 2;
}

/** Integral of Q over (x, infinity): phi(x) - x Q(x). */
export function normalTailIntegral(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI) - x * normalTail(x);
}
