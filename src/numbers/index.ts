/** Number types: their table, decoding, and the grids of their rounding. Imports nothing, so that pages may use it too. */
export {
  codeTable,
  codeValue,
  decodeCodes,
  decodeFloat8,
  decodeFloats,
  encodeCodes,
  halfToFloatBits,
} from './decode.ts';
export { GGML_TYPES, ggmlBlocks, type GgmlType } from './ggml.ts';
export { carrierOf, castCodes, floatToBf16Code, floatToHalfCode } from './cast.ts';
export {
  CELL_POSITIONS,
  cellCount,
  cellGaps,
  classCount,
  Grid,
  hasPositions,
  type CellGaps,
  type GridSpec,
} from './grid.ts';
export {
  bytesOf,
  infinityCode,
  isByteFloat,
  isFloating,
  isMatrixType,
  largestOf,
  layoutOf,
  leastExponent,
  numberType,
  numpyName,
  overflowOf,
  smallestNormal,
  typeNames,
  type FloatLayout,
  type FloatName,
  type GridName,
  type MatrixType,
  type NumberKind,
  type NumberType,
  type SpecialRule,
  type TypeName,
} from './types.ts';
export { byteRange, codesOf, componentsOf, numbersOf, undecodable } from './values.ts';
