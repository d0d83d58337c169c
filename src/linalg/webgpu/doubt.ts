/**
 * Where float32 on the device is not enough for METRICS' tolerances. Measured against float64 on matrices of 48 to 1024, Gaussian and with
 * decaying spectra: the reduction's error in all values together is under 6e-8 of their norm, so that a change of 2e-6 is right to 0.5 %; and
 * it turns the leading subspaces as an update of up to 1e-6 of the base's norm would.
 */
import { INTRUDER_COSINE, type LeftOverlap } from '../intruders.ts';
import type { Recomputed } from '../../protocol/results.ts';

/** Root mean square error of a value, as a share of s_1: up to 2.9e-8. */
const ERROR = 3e-8;
/** Largest error of a value, likewise; 9e-8, and 2.8e-7 on matrices of exact low rank. */
const LARGEST_ERROR = 4e-7;
/** Values below this share of s_1 may be zeros that read as noise. */
const FLOOR = 1e-6;
/** Part of the change of a spectrum that the noise of such zeros may be. */
const NULL_SHARE = 0.01;
/** Below 2e-6 of the norm the change is flagged as unresolved; what is near is told apart by the CPU. */
const RESOLUTION = 2.2e-6;
/** norm_F of an update that turns the subspaces as the reduction's error does, over that of the matrix. */
const RELATIVE_NOISE = 1e-6;
/** METRICS: angles to 1 % or 0.002 degrees. */
const ANGLE_SHARE = 0.01;
const ANGLE_FLOOR = (0.0016 * Math.PI) / 180;
/** wedinBound to 2 %: the gap's error over it. */
const GAP_SHARE = 0.02;
/** (s_r - s_{r+1}) / s_1 under which masks and energies are ill-defined: METRICS. */
const ILL_DEFINED = 1e-5;
/**
 * Error of a cosine between two singular vectors: of rounding, up to 1e-6, and over the least gap beside their values as a share of s_1,
 * up to 6e-8. Four times that and more.
 */
export const COSINE_ERROR = 4e-6;
export const TURN_ERROR = 4e-7;

export interface DeviceSpectra {
  rows: number;
  columns: number;
  angleRank: number;
  maskRank: number;
  baseValues: Float64Array;
  tunedValues: Float64Array;
  updateValues: Float64Array;
  /** largest sine of the principal angles, 0 if there are none */
  largestSine: number;
  leftOverlap: LeftOverlap | null;
}

/** What of these is to be computed again in float64. W0 and D are not zero. */
export function doubts(spectra: DeviceSpectra): Recomputed[] {
  const found: Recomputed[] = [];
  if (isShiftNoisy(spectra)) found.push('nss');
  if (isRankUnsure(spectra)) found.push('rank');
  if (isGapNoisy(spectra)) found.push('gap');
  if (areAnglesNoisy(spectra)) found.push('angles');
  if (areIntrudersUnsure(spectra)) found.push('intruders');
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
  const nulls = baseValues.reduce((count, s) => count + (s < FLOOR * first ? 1 : 0), 0);
  return shift < RESOLUTION * norm || LARGEST_ERROR * first * Math.sqrt(nulls) > NULL_SHARE * shift;
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

/** Whether a cosine, or what the known directions leave, lies so close to its limit that the error may decide. */
function areIntrudersUnsure({ baseValues, tunedValues, leftOverlap }: DeviceSpectra): boolean {
  if (!leftOverlap) return false;
  const turn = (values: Float64Array, i: number): number => {
    const [above = Infinity, here = 0, below = 0] = [values[i - 1], values[i], values[i + 1]];
    return (TURN_ERROR * (values[0] ?? 0)) / Math.min(above - here, here - below);
  };
  return leftOverlap.largest.some((cosine, j) => {
    const own = COSINE_ERROR + turn(tunedValues, j);
    const error = own + turn(baseValues, leftOverlap.nearest[j] ?? 0);
    if (Math.abs(cosine - INTRUDER_COSINE) < error) return true;
    return cosine < INTRUDER_COSINE && Math.abs(1 - (leftOverlap.captured[j] ?? 0) - INTRUDER_COSINE ** 2) < 2 * own;
  });
}

function norm2(values: Float64Array): number {
  const first = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return first === 0 ? 0 : first * Math.sqrt(values.reduce((sum, x) => sum + (x / first) ** 2, 0));
}
