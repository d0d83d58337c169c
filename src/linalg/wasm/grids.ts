/** Grids and storage types as the kernels take them. */
import { largestOf, layoutOf, leastExponent, overflowOf, type GridName, type MatrixType } from '../../numbers/index.ts';

/** mantissa bits, exponent of the smallest normal value, largest finite value, and what lies beyond it */
export interface GridNumbers {
  p: number;
  emin: number;
  most: number;
  overflow: number;
}
export function gridNumbers(name: GridName | MatrixType): GridNumbers {
  const layout = layoutOf(name);
  return {
    p: layout.mantissaBits,
    emin: leastExponent(layout),
    most: largestOf(layout),
    overflow: overflowOf(layout),
  };
}
const TYPES: readonly MatrixType[] = ['BF16', 'F16', 'F32', 'F64'];
/** The kernels' number of a storage type. */
export function typeNumber(type: MatrixType): number {
  return TYPES.indexOf(type);
}
