/** How the leading left singular vectors of a tuned matrix lie in those of its base: what intruder dimensions are counted from (METRICS.md, F). */

/** As many leading vectors of W1 are looked at. */
export const INTRUDER_VECTORS = 10;
/** A leading vector of W1 is an intruder if its cosine with every one of W0 is under this. */
export const INTRUDER_COSINE = 0.5;

/** Of the leading min(10, k) left singular vectors u of W1, by the leading k left singular vectors u_i of W0. Float64, in order. */
export interface LeftOverlap {
  /** max_i abs(u_i' u) */
  largest: Float64Array;
  /** the i of that */
  nearest: Uint32Array;
  /** sum_i (u_i' u)^2 */
  captured: Float64Array;
}

/** From U0' U1, [k, k] with `stride` numbers from row to row; unit columns on both sides. */
export function leftOverlap(overlap: ArrayLike<number>, k: number, stride: number): LeftOverlap {
  const count = Math.min(INTRUDER_VECTORS, k);
  const found: LeftOverlap = {
    largest: new Float64Array(count),
    nearest: new Uint32Array(count),
    captured: new Float64Array(count),
  };
  for (let j = 0; j < count; j++)
    for (let i = 0; i < k; i++) {
      const x = Math.abs(overlap[i * stride + j] as number);
      found.captured[j] = (found.captured[j] as number) + x * x;
      if (x <= (found.largest[j] as number)) continue;
      found.largest[j] = x;
      found.nearest[j] = i;
    }
  return found;
}
