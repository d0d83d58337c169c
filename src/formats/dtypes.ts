/** Element types of safetensors (reference implementation, 0.8 line) and what Offaxis can do with each. */

/**
 * float: decoded exactly. scale: exponents only (F8_E8M0), block scales by nature, never weights. packed: several numbers a byte,
 * decodable only with their scales.
 */
export type DtypeKind = 'float' | 'scale' | 'packed' | 'integer' | 'boolean' | 'complex';
export interface Dtype {
  name: string;
  /** per element */
  bits: number;
  kind: DtypeKind;
}

const TABLE: readonly [name: string, bits: number, kind: DtypeKind][] = [
  ['BOOL', 8, 'boolean'],
  ['F4', 4, 'packed'],
  ['F6_E2M3', 6, 'packed'],
  ['F6_E3M2', 6, 'packed'],
  ['U8', 8, 'integer'],
  ['I8', 8, 'integer'],
  ['F8_E5M2', 8, 'float'],
  ['F8_E4M3', 8, 'float'],
  ['F8_E8M0', 8, 'scale'],
  ['F8_E4M3FNUZ', 8, 'float'],
  ['F8_E5M2FNUZ', 8, 'float'],
  ['I16', 16, 'integer'],
  ['U16', 16, 'integer'],
  ['F16', 16, 'float'],
  ['BF16', 16, 'float'],
  ['I32', 32, 'integer'],
  ['U32', 32, 'integer'],
  ['F32', 32, 'float'],
  ['C64', 64, 'complex'],
  ['F64', 64, 'float'],
  ['I64', 64, 'integer'],
  ['U64', 64, 'integer'],
];
const DTYPES: ReadonlyMap<string, Dtype> = new Map(TABLE.map(([name, bits, kind]) => [name, { name, bits, kind }]));

/** undefined for a type that this version does not know: the tensor is then opaque. */
export function dtypeOf(name: string): Dtype | undefined {
  return DTYPES.get(name);
}

export function dtypeNames(): string[] {
  return [...DTYPES.keys()];
}

/** Weights that can be compared and decomposed. */
export function isFloating(name: string): boolean {
  return DTYPES.get(name)?.kind === 'float';
}
