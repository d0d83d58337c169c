/** The power law that WeightWatcher fits to the tail of the eigenvalues l = s^2 of W'W. */

/** Under this many eigenvalues no fit is reported. */
const FEWEST = 10;

export interface PowerLawFit {
  alpha: number;
  xmin: number;
  /** Kolmogorov-Smirnov distance */
  distance: number;
  /** alpha * log10(l_max) */
  alphaHat: number;
  /** log10(sum l^alpha), over every eigenvalue given, by log-sum-exp */
  logAlphaNorm: number;
}

/**
 * `eigenvalues`: l > 0, descending. For each candidate x = l_i but the largest, over the N values >= x: a = 1 + N / sum ln(l_j / x) and
 * D = max over j = 0..N-1 of |1 - (l_j / x)^(1 - a) - j / N|, l ascending. Candidates whose log sum is 0 are skipped; the least D wins,
 * ties to the smallest x. Null under ten values, or if no candidate is left. O(n^2).
 */
export function fitPowerLaw(eigenvalues: Float64Array): PowerLawFit | null {
  const n = eigenvalues.length;
  if (n < FEWEST) return null;
  const values = eigenvalues.toReversed();
  const logs = values.map(Math.log);
  const at = (i: number): number => logs[i] ?? 0;
  let best: { alpha: number; xmin: number; distance: number } | null = null;
  for (let i = 0; i < n - 1; i++) {
    if (i > 0 && values[i] === values[i - 1]) continue; // the same x again
    const count = n - i;
    let sum = 0;
    for (let j = i; j < n; j++) sum += at(j) - at(i);
    if (sum === 0) continue;
    const alpha = 1 + count / sum;
    const limit = best?.distance ?? Infinity;
    let distance = 0;
    for (let j = 0; j < count && distance < limit; j++)
      distance = Math.max(distance, Math.abs(1 - Math.exp((1 - alpha) * (at(i + j) - at(i))) - j / count));
    if (distance < limit) best = { alpha, xmin: values[i] ?? 0, distance };
  }
  if (!best) return null;
  const { alpha } = best;
  const top = alpha * at(n - 1);
  const scaled = logs.reduce((sum, log) => sum + Math.exp(alpha * log - top), 0);
  return { ...best, alphaHat: top / Math.LN10, logAlphaNorm: (top + Math.log(scaled)) / Math.LN10 };
}
