/** The grid on which the changes of a pair are counted (METRICS: Storage). */
import { isByteFloat, isFloating, type GridName, type GridSpec } from '../numbers/index.ts';

/**
 * f16 if the tuned side is F16, the F8 type if it is F8, else bf16: the base is cast to the tuned side's type. null if that is not a
 * floating type.
 */
export function gridOf(tunedType: string): GridSpec | null {
  if (!isFloating(tunedType)) return null;
  const grid: GridName = tunedType === 'F16' || isByteFloat(tunedType) ? (tunedType as GridName) : 'BF16';
  return { grid, onGrid: tunedType === grid };
}
