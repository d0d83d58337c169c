/** Section A, spectral: what the singular values of one matrix say. */
import type { SpectrumMetrics } from '../protocol/results.ts';
import { fitPowerLaw } from './powerLaw.ts';

/** Numerical-rank threshold tol(W) = max(m, n) * 2^-23 * s_1(W). */
export function rankTolerance(largest: number, rows: number, columns: number): number {
  return Math.max(rows, columns) * 2 ** -23 * largest;
}

/** #{ s_i > tol }; 0 for a zero matrix. */
export function numericalRank(values: Float64Array, rows: number, columns: number): number {
  const tolerance = rankTolerance(values[0] ?? 0, rows, columns);
  return values.filter((s) => s > tolerance).length;
}

/** sqrt(sum s_i^2), scaled by s_1 so that no square over- or underflows. */
export function frobeniusNorm(values: Float64Array): number {
  const largest = values[0] ?? 0;
  return largest === 0 ? 0 : largest * Math.sqrt(values.reduce((sum, s) => sum + (s / largest) ** 2, 0));
}

/** sum s_i^2 / s_1^2; 0 for a zero matrix. */
export function stableRank(values: Float64Array): number {
  const largest = values[0] ?? 0;
  return largest === 0 ? 0 : values.reduce((sum, s) => sum + (s / largest) ** 2, 0);
}

/** exp(-sum p_i ln p_i), p_i = s_i / sum s, 0 ln 0 = 0 (Roy and Vetterli 2007); 0 for a zero matrix. */
export function effectiveRank(values: Float64Array): number {
  const total = values.reduce((sum, s) => sum + s, 0);
  if (total === 0) return 0;
  const entropy = values.reduce((sum, s) => (s > 0 ? sum - (s / total) * Math.log(s / total) : sum), 0);
  return Math.exp(entropy);
}

/** Least k whose leading k values hold `share` of sum s^2; 0 for a zero matrix. */
export function energyRank(values: Float64Array, share: number): number {
  const largest = values[0] ?? 0;
  if (largest === 0) return 0;
  const total = stableRank(values);
  let held = 0;
  for (const [i, s] of values.entries()) {
    held += (s / largest) ** 2;
    if (held >= share * total) return i + 1;
  }
  return values.length;
}

/**
 * Marchenko-Pastur edge on the scale of s: sqrt(e), e = variance * (sqrt m + sqrt n)^2 with the whole variance of the entries, spikes
 * included. One matrix in ten of pure noise has a value above it.
 */
export function marchenkoPasturEdge(variance: number, rows: number, columns: number): number {
  return Math.sqrt(variance) * (Math.sqrt(rows) + Math.sqrt(columns));
}

/** #{ s_i > edge }. */
export function outlierCount(values: Float64Array, rows: number, columns: number, variance: number): number {
  const edge = marchenkoPasturEdge(variance, rows, columns);
  return values.filter((s) => s > edge).length;
}

/**
 * All of section A's spectral figures. `values`: the q singular values, descending, null where the matrix is not finite (then every
 * figure is null); `variance`: population variance of the entries. A zero matrix: norms, ranks and counts 0, everything else null.
 */
export function spectrumMetrics(
  values: Float64Array | null,
  rows: number,
  columns: number,
  variance: number | null,
): SpectrumMetrics {
  if (values === null) return EMPTY;
  const largest = values[0] ?? 0;
  const least = values.at(-1) ?? 0;
  const tolerance = rankTolerance(largest, rows, columns);
  const fit = fitPowerLaw(values.filter((s) => s > tolerance).map((s) => s * s));
  return {
    spectralNorm: largest,
    frobeniusNorm: frobeniusNorm(values),
    stableRank: stableRank(values),
    effectiveRank: effectiveRank(values),
    numericalRank: numericalRank(values, rows, columns),
    conditionNumber: least > tolerance ? largest / least : null,
    energyRank90: energyRank(values, 0.9),
    energyRank99: energyRank(values, 0.99),
    powerLawAlpha: fit?.alpha ?? null,
    powerLawXmin: fit?.xmin ?? null,
    powerLawD: fit?.distance ?? null,
    alphaHat: fit?.alphaHat ?? null,
    logAlphaNorm: fit?.logAlphaNorm ?? null,
    mpSoftRank:
      variance === null || largest === 0 ? null : (marchenkoPasturEdge(variance, rows, columns) / largest) ** 2,
    outlierCount: variance === null ? null : outlierCount(values, rows, columns, variance),
  };
}

const EMPTY: Readonly<SpectrumMetrics> = {
  spectralNorm: null,
  frobeniusNorm: null,
  stableRank: null,
  effectiveRank: null,
  numericalRank: null,
  conditionNumber: null,
  energyRank90: null,
  energyRank99: null,
  powerLawAlpha: null,
  powerLawXmin: null,
  powerLawD: null,
  alphaHat: null,
  logAlphaNorm: null,
  mpSoftRank: null,
  outlierCount: null,
};
