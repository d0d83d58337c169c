/**
 * Principal angles between the leading k left (U) and right (V) singular subspaces of W0 and W1, degrees: the largest, and the mean over
 * all k. 0 without an update; null if a side has no subspace of that size (s_k <= tol).
 */
import { updateFigure, type UpdateSource } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { angle } from '../tolerance.ts';

/** From sines and cosines, each ascending in angle: asin below 45 degrees, acos above (the cosine form alone has a floor). */
export function angleDegrees(angles: { sines: Float64Array; cosines: Float64Array }): Float64Array {
  return angles.sines.map((sine, i) => {
    const radians = sine < Math.SQRT1_2 ? Math.asin(sine) : Math.acos(Math.min(1, angles.cosines[i] ?? 0));
    return (radians * 180) / Math.PI;
  });
}

type Side = 'U' | 'V';
/** Both sides have a subspace, or neither. */
function summary({ pair, moved }: UpdateSource, side: Side, of: (degrees: Float64Array) => number): number | null {
  if (!pair || pair.baseValues[0] === 0) return null;
  if (!moved) return 0;
  const { anglesU, anglesV } = moved;
  return anglesU && anglesV ? of(angleDegrees(side === 'U' ? anglesU : anglesV)) : null;
}
const largest = (degrees: Float64Array): number => degrees.reduce((a, b) => Math.max(a, b), 0);
const mean = (degrees: Float64Array): number => degrees.reduce((a, b) => a + b, 0) / degrees.length;

const common = {
  kind: 'number',
  nullable: true,
  group: 'shift',
  whole: true,
  unit: 'degrees',
  range: [0, 90],
  scale: { kind: 'lin', lo: 0, hi: 90, unit: '°' },
  tolerance: angle,
} as const;
const sideFigures = <const S extends Side>(side: S) =>
  [
    updateFigure({
      ...common,
      id: `angle${side}Max` as const,
      label: side === 'U' ? say('Largest left angle') : say('Largest right angle'),
      sentence:
        side === 'U'
          ? say('Largest principal angle between the leading k left subspaces, degrees.')
          : say('Largest principal angle between the leading k right subspaces, degrees.'),
      compute: (source: UpdateSource) => summary(source, side, largest),
    }),
    updateFigure({
      ...common,
      id: `angle${side}Mean` as const,
      label: side === 'U' ? say('Mean left angle') : say('Mean right angle'),
      sentence:
        side === 'U'
          ? say('Mean of the k principal angles between the left subspaces, degrees.')
          : say('Mean of the k principal angles between the right subspaces, degrees.'),
      compute: (source: UpdateSource) => summary(source, side, mean),
    }),
  ] as const;
export const ANGLES = [...sideFigures('U'), ...sideFigures('V')] as const;
