/** How far spectrum and leading subspaces moved (PNT 4.1; ISO, arXiv 2607.19331). */
import { frobeniusNorm, rankTolerance } from './spectrum.ts';

/** norm2(s(W1) - s(W0)), all q values. */
export function spectrumShift(baseValues: Float64Array, tunedValues: Float64Array): number {
  return Math.hypot(...chunked(baseValues.map((s, i) => (tunedValues[i] ?? 0) - s)));
}

/** Math.hypot over partial hypots: a spread of 16,384 arguments is near the limit of a call. */
function chunked(values: Float64Array): number[] {
  const parts: number[] = [];
  for (let i = 0; i < values.length; i += 1024) parts.push(Math.hypot(...values.subarray(i, i + 1024)));
  return parts;
}

/** Normalized spectral shift, norm2(s(W1) - s(W0)) / norm2(s(W0)); null for a zero base. At most the relative update (Mirsky). */
export function normalizedSpectralShift(baseValues: Float64Array, tunedValues: Float64Array): number | null {
  const norm = frobeniusNorm(baseValues);
  return norm === 0 ? null : spectrumShift(baseValues, tunedValues) / norm;
}

/** NSS below this is under what the accuracy of the spectra can tell from 0. */
export const NSS_RESOLUTION = 2e-6;

/**
 * Principal angles in degrees, ascending, from the sine form: sines s((I - U0 U0') U1) ascending paired with the cosines s(U0' U1)
 * descending, asin wherever the sine is below sqrt(1/2), else acos. The cosine form alone cannot tell small angles from 0.
 */
export function angleDegrees(angles: { sines: Float64Array; cosines: Float64Array }): Float64Array {
  return angles.sines.map((sine, i) => {
    const radians = sine < Math.SQRT1_2 ? Math.asin(sine) : Math.acos(Math.min(1, angles.cosines[i] ?? 0));
    return (radians * 180) / Math.PI;
  });
}

/** Greatest and mean angle, degrees. */
export function angleSummary(degrees: Float64Array): { max: number; mean: number } {
  return {
    max: degrees.reduce((a, b) => Math.max(a, b), 0),
    mean: degrees.reduce((a, b) => a + b, 0) / degrees.length,
  };
}

/** Whether there is a leading k-dimensional subspace: s_k above the numerical-rank threshold. */
export function hasSubspace(values: Float64Array, k: number, rows: number, columns: number): boolean {
  return (values[k - 1] ?? 0) > rankTolerance(values[0] ?? 0, rows, columns);
}

/** max(s_k(W0) - s_{k+1}(W1), s_k(W1) - s_{k+1}(W0)), s_{q+1} = 0. */
export function subspaceGap(baseValues: Float64Array, tunedValues: Float64Array, k: number): number {
  const at = (values: Float64Array, i: number): number => values[i - 1] ?? 0;
  return Math.max(at(baseValues, k) - at(tunedValues, k + 1), at(tunedValues, k) - at(baseValues, k + 1));
}

/** Wedin's bound on the sine of the largest angle: norm_2(D) / gap; null when the gap is not positive. Vacuous when null or >= 1. */
export function wedinBound(updateSpectralNorm: number, gap: number): { bound: number | null; vacuous: boolean } {
  const bound = gap > 0 ? updateSpectralNorm / gap : null;
  return { bound, vacuous: bound === null || bound >= 1 };
}
