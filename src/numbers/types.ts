/**
 * The number types: those of safetensors (reference implementation, 0.8 line), one row each. Whatever else the product knows about a
 * type (its largest value, its grid, how it is decoded, shown and exported) is derived from its row.
 */

/**
 * float: decoded exactly. scale: exponents only (F8_E8M0), block scales by nature, never weights. packed: several numbers a byte,
 * decodable only with their scales.
 */
export type NumberKind = 'float' | 'scale' | 'packed' | 'integer' | 'boolean' | 'complex';

/**
 * What stands beside the finite values. ieee: an exponent of all ones is infinity, or NaN with a mantissa. fn: the code of all ones is
 * NaN, no infinity. fnuz: the code of -0 is NaN, no infinity. finite: neither. scale: no sign and no zero, the code of all ones is NaN.
 */
export type SpecialRule = 'ieee' | 'fn' | 'fnuz' | 'finite' | 'scale';

/** A binary float: a sign bit, then the exponent field, then the mantissa field (a scale has no sign). */
export interface FloatLayout {
  exponentBits: number;
  mantissaBits: number;
  bias: number;
  special: SpecialRule;
}
export interface NumberType {
  name: string;
  /** per element */
  bits: number;
  kind: NumberKind;
  /** of one component if the type is complex; null for integers and booleans */
  float: FloatLayout | null;
  /** NumPy's code of the type in little-endian order, as an .npy header has it; null if NumPy has no such type */
  npy: string | null;
}

const float = (exponentBits: number, mantissaBits: number, bias: number, special: SpecialRule): FloatLayout => ({
  exponentBits,
  mantissaBits,
  bias,
  special,
});

const TABLE = [
  { name: 'BOOL', bits: 8, kind: 'boolean', float: null, npy: '|b1' },
  { name: 'F4', bits: 4, kind: 'packed', float: float(2, 1, 1, 'finite'), npy: null },
  { name: 'F6_E2M3', bits: 6, kind: 'packed', float: float(2, 3, 1, 'finite'), npy: null },
  { name: 'F6_E3M2', bits: 6, kind: 'packed', float: float(3, 2, 3, 'finite'), npy: null },
  { name: 'U8', bits: 8, kind: 'integer', float: null, npy: '|u1' },
  { name: 'I8', bits: 8, kind: 'integer', float: null, npy: '|i1' },
  { name: 'F8_E5M2', bits: 8, kind: 'float', float: float(5, 2, 15, 'ieee'), npy: null },
  { name: 'F8_E4M3', bits: 8, kind: 'float', float: float(4, 3, 7, 'fn'), npy: null },
  { name: 'F8_E8M0', bits: 8, kind: 'scale', float: float(8, 0, 127, 'scale'), npy: null },
  { name: 'F8_E4M3FNUZ', bits: 8, kind: 'float', float: float(4, 3, 8, 'fnuz'), npy: null },
  { name: 'F8_E5M2FNUZ', bits: 8, kind: 'float', float: float(5, 2, 16, 'fnuz'), npy: null },
  { name: 'I16', bits: 16, kind: 'integer', float: null, npy: '<i2' },
  { name: 'U16', bits: 16, kind: 'integer', float: null, npy: '<u2' },
  { name: 'F16', bits: 16, kind: 'float', float: float(5, 10, 15, 'ieee'), npy: '<f2' },
  { name: 'BF16', bits: 16, kind: 'float', float: float(8, 7, 127, 'ieee'), npy: null },
  { name: 'I32', bits: 32, kind: 'integer', float: null, npy: '<i4' },
  { name: 'U32', bits: 32, kind: 'integer', float: null, npy: '<u4' },
  { name: 'F32', bits: 32, kind: 'float', float: float(8, 23, 127, 'ieee'), npy: '<f4' },
  { name: 'C64', bits: 64, kind: 'complex', float: float(8, 23, 127, 'ieee'), npy: '<c8' },
  { name: 'F64', bits: 64, kind: 'float', float: float(11, 52, 1023, 'ieee'), npy: '<f8' },
  { name: 'I64', bits: 64, kind: 'integer', float: null, npy: '<i8' },
  { name: 'U64', bits: 64, kind: 'integer', float: null, npy: '<u8' },
] as const satisfies readonly NumberType[];

type Row = (typeof TABLE)[number];
export type TypeName = Row['name'];
export type FloatName = Extract<Row, { kind: 'float' }>['name'];
/** Types that the backends take as they are; the 8-bit floats are decoded exactly to F32 before. */
export type MatrixType = Extract<Row, { kind: 'float'; bits: 16 | 32 | 64 }>['name'];
/** Types coarse enough that an update is lost or kept by their rounding: the grids on which changes are counted. */
export type GridName = Extract<Row, { kind: 'float'; bits: 8 | 16 }>['name'];

const TYPES: ReadonlyMap<string, NumberType> = new Map(TABLE.map((row) => [row.name, row]));

/** undefined for a type that this version does not know: the tensor is then opaque. */
export function numberType(name: string): NumberType | undefined {
  return TYPES.get(name);
}

export function typeNames(): string[] {
  return [...TYPES.keys()];
}

/** Weights that can be compared and decomposed. */
export function isFloating(name: string): name is FloatName {
  return TYPES.get(name)?.kind === 'float';
}

/** Floats and scales of a byte: decoded through a table of their 256 values. */
export function isByteFloat(name: string): boolean {
  const type = TYPES.get(name);
  return type?.bits === 8 && type.float !== null;
}

/** Floats that a backend takes as they are stored. */
export function isMatrixType(name: string): name is MatrixType {
  return isFloating(name) && !isByteFloat(name);
}

/** Bytes of an element of a type with whole bytes. */
export function bytesOf(name: Exclude<TypeName, 'F4' | 'F6_E2M3' | 'F6_E3M2'>): number {
  return (TYPES.get(name) as NumberType).bits / 8;
}

/** Sign, exponent and mantissa of a float. */
export function layoutOf(name: FloatName): FloatLayout {
  return (TYPES.get(name) as { float: FloatLayout }).float;
}

/** Exponent of the smallest normal value. */
export const leastExponent = ({ bias }: FloatLayout): number => 1 - bias;

/** Magnitudes below this, other than 0, are subnormal; 0 for types that have none. */
export function smallestNormal(name: string): number {
  const layout = TYPES.get(name)?.float;
  return !layout || layout.special === 'scale' ? 0 : 2 ** leastExponent(layout);
}

/** The largest finite value: the largest code that is not taken by the rule for NaN and infinity. */
export function largestOf({ exponentBits, mantissaBits, bias, special }: FloatLayout): number {
  const top = 2 ** exponentBits - 1 - bias;
  const full = 2 - 2 ** -mantissaBits;
  switch (special) {
    case 'ieee':
      return full * 2 ** (top - 1);
    case 'fn':
      return (full - 2 ** -mantissaBits) * 2 ** top;
    case 'fnuz':
    case 'finite':
      return full * 2 ** top;
    case 'scale':
      return 2 ** (top - 1);
  }
}

/** What a value beyond the largest finite one becomes after rounding: infinity, or NaN if the type has none. */
export function overflowOf({ special }: FloatLayout): number {
  return special === 'ieee' ? Infinity : NaN;
}

/** The code of +infinity of an "ieee" type; every greater one without its sign is NaN. */
export function infinityCode({ exponentBits, mantissaBits }: FloatLayout): number {
  return (2 ** exponentBits - 1) * 2 ** mantissaBits;
}

const NUMPY_KINDS: Readonly<Record<string, string>> = { b: 'bool', u: 'uint', i: 'int', f: 'float', c: 'complex' };
/** NumPy's name of the type that holds each value of `name` exactly; null if it has none for it (the values are then float32s). */
export function numpyName(name: string): string | null {
  const type = TYPES.get(name);
  if (!type || type.npy === null) return null;
  const kind = NUMPY_KINDS[type.npy.charAt(1)] ?? '';
  return type.kind === 'boolean' ? kind : `${kind}${type.bits}`;
}
