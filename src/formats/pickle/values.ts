/** What a pickle stands for here: plain values, and calls that are written down and never made. */

/** A name of a Python function or class. */
export interface PyGlobal {
  readonly kind: 'global';
  /** "torch._utils._rebuild_tensor_v2" */
  readonly name: string;
}
/** A call of a global with arguments (REDUCE, NEWOBJ), and what was set on its result afterwards. Nothing is ever called. */
export interface PyCall {
  readonly kind: 'call';
  readonly callee: PyGlobal;
  readonly args: readonly PyValue[];
  /** by BUILD */
  state: PyValue;
}
/** What the writer keeps outside of the pickle, by its id: the storage of a tensor. */
export interface PyPersistent {
  readonly kind: 'persistent';
  readonly id: PyValue;
}
export interface PyList {
  readonly kind: 'list' | 'tuple' | 'set';
  readonly items: PyValue[];
}
/** A dict of any class. Keys that are objects count by identity. */
export interface PyDict {
  readonly kind: 'dict';
  readonly entries: Map<PyValue, PyValue>;
}
export type PyValue =
  null | boolean | number | bigint | string | Uint8Array | PyGlobal | PyCall | PyPersistent | PyList | PyDict;

export const isDict = (value: PyValue | undefined): value is PyDict => kindOf(value) === 'dict';
export const isCall = (value: PyValue | undefined): value is PyCall => kindOf(value) === 'call';
/** A call of one of these names. */
export const isCallOf = (value: PyValue | undefined, ...names: string[]): value is PyCall =>
  isCall(value) && names.includes(value.callee.name);

/** Of a list, a tuple, a set, or a `torch.Size`; null of anything else. */
export function itemsOf(value: PyValue | undefined): readonly PyValue[] | null {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return null;
  if (value.kind === 'list' || value.kind === 'tuple' || value.kind === 'set') return value.items;
  return isCallOf(value, 'torch.Size') ? itemsOf(value.args[0] ?? EMPTY) : null;
}
const EMPTY: PyList = { kind: 'tuple', items: [] };

/** A list of whole numbers from 0 to 2^53 - 1 (a shape, strides, offsets); null of anything else. */
export function sizesOf(value: PyValue | undefined): number[] | null {
  const items = itemsOf(value);
  if (!items) return null;
  const sizes = items.filter((item): item is number => typeof item === 'number' && Number.isSafeInteger(item));
  return sizes.length === items.length && sizes.every((size) => size >= 0) ? sizes : null;
}

/** An attribute that BUILD has set on an object, in its dict or its slots; or an entry of a dict, or of such a state by itself. */
export function attribute(value: PyValue | undefined, name: string): PyValue | undefined {
  const state = isCall(value) ? value.state : value;
  if (isDict(state)) return state.entries.get(name);
  // (dict or None, slots)
  for (const part of itemsOf(state) ?? []) if (isDict(part) && part.entries.has(name)) return part.entries.get(name);
  return undefined;
}

function kindOf(value: PyValue | undefined): string | null {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) ? value.kind : null;
}
