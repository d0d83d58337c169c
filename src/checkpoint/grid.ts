/** The grid on which the changes between two storage types are counted. */
import { isByteFloat, isFloating, type GridName, type GridSpec } from '../numbers/index.ts';

/**
 * bf16 for BF16, F32 and F64; f16 if both sides are F16; the F8 type if one side is that type. If the two types differ both are first
 * rounded to the grid. null if no rounding null is defined: BF16 against F16, two different F8 types, types that are not floats.
 */
export function gridOf(baseDtype: string, tunedDtype: string): GridSpec | null {
  const types = [...new Set([baseDtype, tunedDtype])];
  if (!types.every(isFloating)) return null;
  const roundFirst = types.length > 1;
  const [float8, other] = types.filter(isByteFloat);
  if (other !== undefined) return null;
  if (float8 !== undefined) return { grid: float8 as GridName, onGrid: true, roundFirst };
  if (!roundFirst) {
    const onGrid = baseDtype === 'BF16' || baseDtype === 'F16';
    return { grid: baseDtype === 'F16' ? 'F16' : 'BF16', onGrid, roundFirst };
  }
  if (types.includes('BF16') && types.includes('F16')) return null;
  return { grid: 'BF16', onGrid: true, roundFirst };
}
