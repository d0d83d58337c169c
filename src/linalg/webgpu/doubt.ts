/**
 * Where float32 on the device is not enough for METRICS' tolerances. The reduction's backward error moves a singular value by ERROR s_1 or
 * less, like noise, and turns the vectors as an update of RELATIVE_NOISE times the base's norm would.
 */
import type { Recomputed } from '../../protocol/results.ts';

/** Root mean square error of a value, as a share of s_1; measured up to 1.5e-8 on matrices of 33 to 1024. */
const ERROR = 2e-8;
/** Largest error of a value, likewise; measured up to 2.8e-7, on matrices of exact low rank. */
const LARGEST_ERROR = 4e-7;
/** Values below this share of s_1 may be zeros that read as noise. */
const FLOOR = 1e-6;
/** The change of a spectrum is off by 1/200 where it is this many times its noise: they add as squares. */
const TIMES_NOISE = 10;
/** Below 2e-6 of the norm the change is flagged as unresolved; what is near is told apart by the CPU. */
const RESOLUTION = 2.2e-6;
/** norm_F of the reduction's error over that of the matrix. */
const RELATIVE_NOISE = 2e-7;
/** METRICS: angles to 1 % or 0.002 degrees; half of it for the noise. */
const ANGLE_SHARE = 0.005;
const ANGLE_FLOOR = (0.001 * Math.PI) / 180;
/** wedinBound to 2 %: the gap's error over it. */
const GAP_SHARE = 0.02;
/** (s_r - s_{r+1}) / s_1 under which masks and energies are ill-defined: METRICS. */
const ILL_DEFINED = 1e-5;

export interface DeviceSpectra {
  rows: number;
  columns: number;
  angleRank: number;
  maskRank: number;
  baseValues: Float64Array;
  tunedValues: Float64Array;
  updateValues: Float64Array;
  /** largest sine of the principal angles, 0 where there are none */
  largestSine: number;
}

/** What of these is to be computed again in float64. W0 and D are not zero. */
export function doubts(spectra: DeviceSpectra): Recomputed[] {
  const found: Recomputed[] = [];
  if (isShiftNoisy(spectra)) found.push('nss');
  if (isRankUnsure(spectra)) found.push('rank');
  if (isGapNoisy(spectra)) found.push('gap');
  if (areAnglesNoisy(spectra)) found.push('angles');
  return found;
}

/** Values as good as 0 read as noise, each the same way: their error does not average out. */
export function hasNull(values: Float64Array): boolean {
  return (values.at(-1) ?? 0) < FLOOR * (values[0] ?? 0);
}

function isShiftNoisy({ baseValues, tunedValues }: DeviceSpectra): boolean {
  const first = Math.max(baseValues[0] ?? 0, tunedValues[0] ?? 0);
  const norm = norm2(baseValues);
  const shift = norm2(baseValues.map((s, i) => s - (tunedValues[i] ?? 0)));
  const noise = ERROR * first * Math.sqrt(2 * baseValues.length);
  const nulls = baseValues.reduce((count, s) => count + (s < FLOOR * first ? 1 : 0), 0);
  return (
    shift < RESOLUTION * norm ||
    shift < TIMES_NOISE * noise ||
    LARGEST_ERROR * first * Math.sqrt(nulls) > shift / (10 * TIMES_NOISE)
  );
}

/** Whether a value beside the threshold decides a null, or two of them a rank. */
function isRankUnsure(spectra: DeviceSpectra): boolean {
  const { rows, columns, baseValues, tunedValues, updateValues, angleRank, maskRank } = spectra;
  const unsure = (values: Float64Array, deciding: readonly number[]): boolean => {
    const first = values[0] ?? 0;
    const threshold = Math.max(rows, columns) * 2 ** -23 * first;
    const near = (s: number | undefined): boolean => Math.abs((s ?? 0) - threshold) < LARGEST_ERROR * first;
    return deciding.some((i) => near(values[i])) || values.reduce((count, s) => count + (near(s) ? 1 : 0), 0) > 1;
  };
  const last = baseValues.length - 1;
  const first = baseValues[0] ?? 0;
  const separation = ((baseValues[maskRank - 1] ?? 0) - (baseValues[maskRank] ?? 0)) / first;
  return (
    unsure(baseValues, [last, angleRank - 1, maskRank - 1]) ||
    unsure(tunedValues, [last, angleRank - 1]) ||
    unsure(updateValues, []) ||
    Math.abs(separation - ILL_DEFINED) < LARGEST_ERROR
  );
}

function isGapNoisy({ baseValues, tunedValues, angleRank: k }: DeviceSpectra): boolean {
  const at = (values: Float64Array, i: number): number => values[i - 1] ?? 0;
  const gap = Math.max(at(baseValues, k) - at(tunedValues, k + 1), at(tunedValues, k) - at(baseValues, k + 1));
  return Math.abs(gap) * GAP_SHARE < 4 * ERROR * Math.max(at(baseValues, 1), at(tunedValues, 1));
}

/** The noise turns the subspaces by about the same share of what the update does. */
function areAnglesNoisy({ baseValues, updateValues, largestSine }: DeviceSpectra): boolean {
  const share = (RELATIVE_NOISE * norm2(baseValues)) / norm2(updateValues);
  return share > ANGLE_SHARE && share * Math.asin(Math.min(1, largestSine)) > ANGLE_FLOOR;
}

function norm2(values: Float64Array): number {
  const first = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return first === 0 ? 0 : first * Math.sqrt(values.reduce((sum, x) => sum + (x / first) ** 2, 0));
}
