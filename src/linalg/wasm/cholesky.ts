/** Cholesky factors of small Gram matrices, by which a block of vectors becomes orthonormal in a few products. */

/**
 * G = R'R, R upper triangular, of a Gram matrix of order n, row-major. `least`: the smallest square of a pivot over its column's, 0 if a
 * column lies in the span of those before it. `lost`: those columns, by a pivot of at most `negligible` of theirs; their rows of R are 0.
 */
export function cholesky(
  G: Float64Array,
  n: number,
  negligible = 0,
): { R: Float64Array; least: number; lost: readonly number[] } {
  const R = new Float64Array(n * n);
  const lost: number[] = [];
  let least = 1;
  for (let i = 0; i < n; i++) {
    const whole = G[i * n + i] as number;
    let pivot = whole;
    for (let k = 0; k < i; k++) pivot -= (R[k * n + i] as number) ** 2;
    if (!(pivot > negligible * whole)) {
      lost.push(i);
      continue;
    }
    least = Math.min(least, pivot / whole);
    const root = Math.sqrt(pivot);
    R[i * n + i] = root;
    for (let j = i + 1; j < n; j++) {
      let sum = G[i * n + j] as number;
      for (let k = 0; k < i; k++) sum -= (R[k * n + i] as number) * (R[k * n + j] as number);
      R[i * n + j] = sum / root;
    }
  }
  return { R, least: lost.length > 0 ? 0 : least, lost };
}

/** The inverse of an upper triangular matrix; pivots of 0 are taken for 1. */
export function inverseOf(R: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    inverse[j * n + j] = 1 / ((R[j * n + j] as number) || 1);
    for (let i = j - 1; i >= 0; i--) {
      let sum = 0;
      for (let k = i + 1; k <= j; k++) sum += (R[i * n + k] as number) * (inverse[k * n + j] as number);
      inverse[i * n + j] = -sum / ((R[i * n + i] as number) || 1);
    }
  }
  return inverse;
}
