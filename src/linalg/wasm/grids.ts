/** Grids and storage types as the kernels take them. */
import type { GridName, MatrixType } from '../backend.ts';

/** mantissa bits, exponent of the smallest normal value, largest finite value, and what lies beyond it */
export interface GridNumbers {
  p: number;
  emin: number;
  most: number;
  overflow: number;
}
const GRIDS: Readonly<Record<GridName | MatrixType, GridNumbers>> = {
  BF16: { p: 7, emin: -126, most: (2 - 2 ** -7) * 2 ** 127, overflow: Infinity },
  F16: { p: 10, emin: -14, most: 65504, overflow: Infinity },
  F8_E4M3: { p: 3, emin: -6, most: 448, overflow: NaN },
  F8_E5M2: { p: 2, emin: -14, most: 57344, overflow: Infinity },
  F8_E4M3FNUZ: { p: 3, emin: -7, most: 240, overflow: NaN },
  F8_E5M2FNUZ: { p: 2, emin: -15, most: 57344, overflow: NaN },
  F32: { p: 23, emin: -126, most: (2 - 2 ** -23) * 2 ** 127, overflow: Infinity },
  F64: { p: 52, emin: -1022, most: Number.MAX_VALUE, overflow: Infinity },
};
export function gridNumbers(name: GridName | MatrixType): GridNumbers {
  return GRIDS[name];
}
const TYPES: readonly MatrixType[] = ['BF16', 'F16', 'F32', 'F64'];
/** The kernels' number of a storage type. */
export function typeNumber(type: MatrixType): number {
  return TYPES.indexOf(type);
}
