/**
 * Figures of one matrix over those of noise of its size, and what may be said of several together. These are rules of display, not
 * tests: what is said of one matrix alone follows METRICS.md (src/metrics/verdict.ts).
 */
import { median } from '../metrics/median.ts';
import { energyRatio, energyVerdict, NSS_RESOLUTION, type EnergyVerdict, type Figures } from '../metrics/verdict.ts';
import type { Matrix } from './subject.ts';

type Value = number | null | undefined;
type Of = (matrix: Matrix) => Value;
type OfFigures = (matrix: Pick<Matrix, 'metrics'>) => Value;

/** Median of a figure over the matrices that have it. */
export const middle = (matrices: readonly Matrix[], of: Of): number | null => median(matrices.map(of));

const over = (value: Value, noise: Value): number | null => (value == null || !noise ? null : value / noise);

/** Degrees: mean angle between the main directions of base and tuned, of both sides. */
export function meanAngle({ angleUMean, angleVMean }: Figures): number | null {
  return angleUMean == null || angleVMean == null ? null : (angleUMean + angleVMean) / 2;
}
/** Degrees within which two angles are the same: each is known to 0.002. */
const ANGLE_RESOLUTION = 0.004;

/** Of the spectrum's shift; null also if a shift is too small to be more than a bound. */
export const shiftOverNoise: OfFigures = ({ metrics: { nss, twin } }) =>
  Math.min(nss ?? 0, twin?.nss ?? 0) < NSS_RESOLUTION ? null : over(nss, twin?.nss);
export const rankOverNoise: OfFigures = ({ metrics: { updateStableRank, twin } }) =>
  over(updateStableRank, twin?.updateStableRank);
export const angleOverNoise: OfFigures = ({ metrics }) => {
  const [angle, noise] = [meanAngle(metrics), metrics.twin ? meanAngle(metrics.twin) : null];
  return angle !== null && noise !== null && Math.abs(angle - noise) <= ANGLE_RESOLUTION ? 1 : over(angle, noise);
};
/** Energy in the main block, over that of a random direction, of the update and of its twin. */
export const timesRandom: OfFigures = ({ metrics }) => energyRatio(metrics);
export const noiseTimesRandom: OfFigures = ({ metrics: { twin } }) => (twin ? energyRatio(twin) : null);

/** The energy view of a matrix; "none" also if the base's main directions are not determined. */
export const pointsTo = ({ metrics }: Matrix): EnergyVerdict =>
  metrics.illDefined === true ? 'none' : energyVerdict(metrics);

/** The share of the matrices that has to lie on the side of which something is said. */
export const MOST = 0.75;
/** Factors about the noise that the median has to leave, of enough matrices and of few, and that each matrix of the side has to. */
export const CLEAR = { median: 1.25, ofFew: 1.5, each: 1.1 };
const FEW = 8;

/** 1 if the factors over noise are clear of it above, -1 below, 0 if they are not. */
export function clearOfNoise(factors: readonly Value[]): -1 | 0 | 1 {
  const values = factors.filter((factor) => factor != null);
  const typical = median(values);
  if (typical === null) return 0;
  const factor = values.length >= FEW ? CLEAR.median : CLEAR.ofFew;
  const most = MOST * values.length;
  if (typical > factor && values.filter((value) => value > CLEAR.each).length >= most) return 1;
  return typical < 1 / factor && values.filter((value) => value < 1 / CLEAR.each).length >= most ? -1 : 0;
}

/** Factors of which an update is called low-rank: the median's, and that of three quarters of the matrices. */
const LOW_RANK = { median: 1 / 2, each: 1 / 1.5 };

/** Few directions carry the update, beside noise of its size. */
export function isLowRank(matrices: readonly Matrix[]): boolean {
  const factors = matrices.map(rankOverNoise).filter((factor) => factor != null);
  const typical = median(factors);
  if (typical === null || typical >= LOW_RANK.median) return false;
  return factors.filter((factor) => factor < LOW_RANK.each).length >= MOST * factors.length;
}
