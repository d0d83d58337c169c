/** What may be said of one matrix in one word. */
import type { UpdateMetrics, Verdict } from '../protocol/results.ts';

/** How far from a null, in units of the attainable range, an overlap must lie before anything is said. */
export const VERDICT_POSITION = 0.2;
export const VERDICT_Z = 3;
/** An energy within this factor of isotropic is "near isotropic": a display rule, far outside the 8 % that rounding moves. */
export const ENERGY_FACTOR = 1.5;

type MaskFigures = Partial<
  Pick<
    UpdateMetrics,
    'principalOverlap' | 'principalNull' | 'principalPosition' | 'principalPositionStep' | 'principalZ'
  >
>;

/**
 * The mask view: "off" only where position < -0.2 against both nulls and z < -3, "on" only where position > 0.2 against both and z > 3,
 * otherwise "noise" (as noise: the absence of a verdict). "none" where there is no overlap or no null.
 */
export function maskVerdict(figures: MaskFigures): Verdict {
  const { principalOverlap, principalNull, principalPosition, principalPositionStep, principalZ } = figures;
  if (principalOverlap == null || principalNull == null) return 'none';
  if (principalPosition == null || principalPositionStep == null || principalZ == null) return 'noise';
  const least = Math.min(principalPosition, principalPositionStep);
  const greatest = Math.max(principalPosition, principalPositionStep);
  if (greatest < -VERDICT_POSITION && principalZ < -VERDICT_Z) return 'off';
  if (least > VERDICT_POSITION && principalZ > VERDICT_Z) return 'on';
  return 'noise';
}

/**
 * The energy view, from the joint energy over its isotropic baseline: "on" (read "toward principal"; there is no test behind it) above
 * 1.5, "off" below 1/1.5, "noise" (near isotropic) between, "none" without an energy.
 */
export function energyVerdict(figures: Partial<Pick<UpdateMetrics, 'jointEnergy' | 'jointEnergyBaseline'>>): Verdict {
  const { jointEnergy, jointEnergyBaseline } = figures;
  if (jointEnergy == null || !jointEnergyBaseline) return 'none';
  const ratio = jointEnergy / jointEnergyBaseline;
  if (ratio > ENERGY_FACTOR) return 'on';
  return ratio < 1 / ENERGY_FACTOR ? 'off' : 'noise';
}
