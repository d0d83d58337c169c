/** The grid on which the changes between two storage types are counted. */
import type { GridName, GridSpec } from '../linalg/backend.ts';

const FLOAT8_GRIDS: readonly GridName[] = ['F8_E4M3', 'F8_E5M2', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ'];

/**
 * bf16 for BF16, F32 and F64; f16 where both sides are F16; the F8 type where one side is that type. Where the two types differ both are
 * first rounded to the grid. null where no rounding null is defined: BF16 against F16, two different F8 types, types that are no floats.
 */
export function gridOf(baseDtype: string, tunedDtype: string): GridSpec | null {
  const float8 = FLOAT8_GRIDS.filter((grid) => grid === baseDtype || grid === tunedDtype);
  const wide = (dtype: string): boolean => ['BF16', 'F16', 'F32', 'F64'].includes(dtype);
  if (!(wide(baseDtype) || float8.length > 0) || float8.length > 1) return null;
  if (!wide(tunedDtype) && !float8.some((grid) => grid === tunedDtype)) return null;
  if (!wide(baseDtype) && !float8.some((grid) => grid === baseDtype)) return null;
  const same = baseDtype === tunedDtype;
  if (float8[0]) return { grid: float8[0], onGrid: true, roundFirst: !same };
  if (same)
    return {
      grid: baseDtype === 'F16' ? 'F16' : 'BF16',
      onGrid: baseDtype === 'BF16' || baseDtype === 'F16',
      roundFirst: false,
    };
  const pair = [baseDtype, tunedDtype];
  if (pair.includes('BF16') && pair.includes('F16')) return null;
  return { grid: 'BF16', onGrid: true, roundFirst: true };
}
