/**
 * What a call in a pickle makes: a tensor as a view of a storage, with strides (torch/_utils.py), one process's part of a distributed
 * tensor (torch/distributed/tensor), or something that is not read, with the reason.
 */
import { numberType } from '../../numbers/index.ts';
import { attribute, isCall, isCallOf, isDict, itemsOf, sizesOf, type PyCall, type PyValue } from '../pickle/values.ts';
import { dtypeOf, OTHER_BYTES, storageType } from './globals.ts';
import { boxOf } from './dtensor.ts';

/** A piece of memory that tensors are views of. */
export interface StorageId {
  key: string;
  /** type of its elements, and how many there are */
  dtype: string;
  elements: number;
  /** of a view into a larger storage (legacy files): its first element */
  first: number;
}
export interface TorchTensor {
  dtype: string;
  shape: number[];
  strides: number[];
  /** elements of `dtype` before its first one */
  first: number;
  storage: StorageId;
  /** of a distributed tensor */
  partOf?: { shape: number[]; at: number[] };
}
/** A tensor whose values are not read. */
export interface Unread {
  dtype: string;
  /** [] if it is not known */
  shape: number[];
  reason: string;
}
export type Found = { tensor: TorchTensor } | { unread: Unread };

/** `rank`: of the process that wrote the file, if its name says so. null if the value is not a tensor. */
export function tensorOf(value: PyValue, rank: number | null, depth = 0): Found | null {
  if (!isCall(value) || depth > 4) return null;
  const { callee, args } = value;
  const [first = null] = args;
  switch (callee.name.slice(callee.name.lastIndexOf('.') + 1)) {
    case '_rebuild_tensor':
      return view(args[0], args[1], args[2], args[3], null);
    case '_rebuild_tensor_v2':
      return bits(args[6]) ?? view(args[0], args[1], args[2], args[3], null);
    case '_rebuild_tensor_v3':
      return bits(args[7]) ?? view(args[0], args[1], args[2], args[3], args[6] ?? null);
    case '_rebuild_parameter':
    case '_rebuild_parameter_with_state':
    case '_rebuild_device_tensor_from_cpu_tensor':
      return tensorOf(first, rank, depth + 1);
    case '_rebuild_from_type':
    case '_rebuild_from_type_v2':
      return ofType(value, rank, depth);
    case '_rebuild_qtensor': {
      const found = view(args[0], args[1], args[2], args[3], null);
      return unread(found, "it is one of torch's own quantised tensors, whose values are not read");
    }
    case '_rebuild_sparse_tensor':
    case '_rebuild_sparse_csr_tensor': {
      const parts = itemsOf(args[1]) ?? [];
      const shape = sizesOf(parts.find((part) => isCallOf(part, 'torch.Size'))) ?? sizesOf(parts[2]) ?? [];
      const values = parts.map((part) => tensorOf(part, rank, depth + 1)).filter((part) => part !== null);
      const dtype = typeOf(values[1] ?? null);
      return { unread: { dtype, shape, reason: 'it is a sparse tensor, which is not read' } };
    }
    case '_rebuild_meta_tensor_no_storage': {
      const dtype = isGlobal(first) ? (dtypeOf(first.name) ?? '?') : '?';
      const reason = 'it was saved from the meta device and has no values';
      return { unread: { dtype, shape: sizesOf(args[1]) ?? [], reason } };
    }
    case '_rebuild_nested_tensor':
    case '_rebuild_wrapper_subclass':
    case '_rebuild_device_tensor_from_numpy':
    case '_rebuild_xla_tensor':
    case 'ShardedTensor': {
      const reason = `it is made by ${callee.name}, which is not read`;
      return { unread: { dtype: '?', shape: sizesOf(args[1]) ?? [], reason } };
    }
    case 'Parameter':
      return args.length > 0 ? tensorOf(first, rank, depth + 1) : null;
    default:
      return null;
  }
}

/** `_rebuild_from_type_v2(function, class, arguments, state)`: a subclass of Tensor. */
function ofType({ args }: PyCall, rank: number | null, depth: number): Found | null {
  const [callee = null, type = null, given = null, state = null] = args;
  if (!isGlobal(callee) || !isGlobal(type)) return null;
  const inner = itemsOf(given);
  if (!inner) return null;
  if (/\.DTensor$/.test(type.name)) {
    const local = tensorOf(attribute(state, '_local_tensor') ?? null, rank, depth + 1);
    if (!local || 'unread' in local) return local;
    const spec = attribute(state, '_spec') ?? null;
    const box = boxOf(spec, local.tensor.shape, rank);
    if (typeof box === 'string') {
      const shape = sizesOf(inner[2]) ?? local.tensor.shape;
      return { unread: { dtype: local.tensor.dtype, shape, reason: box } };
    }
    return { tensor: { ...local.tensor, partOf: box } };
  }
  const made = tensorOf({ kind: 'call', callee, args: inner, state: null }, rank, depth + 1);
  if (/^torch\.(Tensor|nn\.parameter\.(Parameter|Buffer))$/.test(type.name)) return made;
  return unread(made, `it is a ${type.name}, which is not read`);
}

function unread(found: Found | null, reason: string): Found {
  if (found && 'unread' in found) return found;
  const shape = found?.tensor.shape ?? [];
  return { unread: { dtype: typeOf(found), shape, reason } };
}
function typeOf(found: Found | null): string {
  if (!found) return '?';
  return 'tensor' in found ? found.tensor.dtype : found.unread.dtype;
}

/** Views that negate or conjugate say so beside: their storage holds other values than they do. */
function bits(value: PyValue | undefined): Found | null {
  if (!isDict(value)) return null;
  for (const key of ['neg', 'conj'])
    if (value.entries.get(key) === true) {
      const reason = `it is stored with its ${key} bit set, which is not read`;
      return { unread: { dtype: '?', shape: [], reason } };
    }
  return null;
}

const isGlobal = (value: PyValue | undefined): value is Extract<PyValue, { kind: 'global' }> =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && value.kind === 'global';

function view(
  storage: PyValue | undefined,
  first: PyValue | undefined,
  size: PyValue | undefined,
  stride: PyValue | undefined,
  type: PyValue,
): Found {
  const id = storageOf(storage);
  const shape = sizesOf(size);
  const strides = sizesOf(stride);
  const dtype = isGlobal(type) ? dtypeOf(type.name) : (id?.dtype ?? null);
  const broken = (reason: string): Found => ({ unread: { dtype: dtype ?? '?', shape: shape ?? [], reason } });
  if (!id) return broken('its storage is not described as torch describes one');
  if (!shape || !strides || strides.length !== shape.length)
    return broken('its shape and strides do not fit each other');
  if (typeof first !== 'number' || !Number.isSafeInteger(first) || first < 0)
    return broken('its place in the storage is not a whole number');
  if (dtype === null) return broken('its dtype is not known');
  if (elementBytes(dtype) === null) return broken(`its type ${dtype} is not read`);
  return { tensor: { dtype, shape, strides, first, storage: id } };
}

/** Bytes of an element; null for types that are not known, or not in whole bytes. */
export function elementBytes(dtype: string): number | null {
  const bits = numberType(dtype)?.bits ?? (OTHER_BYTES[dtype] ?? 0) * 8;
  return bits > 0 && bits % 8 === 0 ? bits / 8 : null;
}

/** `('storage', class, key, location, elements[, view])`; the oldest protocol has it as text. */
export function storageOf(value: PyValue | undefined): StorageId | null {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value.kind !== 'persistent')
    return null;
  const items = typeof value.id === 'string' ? idOfText(value.id) : itemsOf(value.id);
  if (items?.[0] !== 'storage') return null;
  const [, type, key, , elements, within] = items;
  const name = typeof type === 'string' ? type : isGlobal(type) ? type.name : null;
  const dtype = name === null ? null : (storageType(name) ?? dtypeOf(name));
  if (dtype === null || (typeof key !== 'string' && typeof key !== 'number')) return null;
  if (typeof elements !== 'number' || !Number.isSafeInteger(elements) || elements < 0) return null;
  const first = itemsOf(within ?? null)?.[1] ?? 0;
  if (typeof first !== 'number' || !Number.isSafeInteger(first) || first < 0) return null;
  return { key: String(key), dtype, elements, first };
}

/** Python's `str` of that tuple. */
function idOfText(text: string): PyValue[] | null {
  const match = /^\('storage', <class '([\w.]{1,80})'>, '(\w{1,40})', '[\w:]{1,40}', (\d{1,16})\)$/.exec(text);
  if (!match) return null;
  const [, type = '', key = '', elements = ''] = match;
  return ['storage', type, key, 'cpu', Number(elements)];
}
