/** Entries of a header from the tensors of a pickle and the places of their storages in a file. */
import type { Header, HeaderEntry } from '../format.ts';
import { quoted, type ProblemList } from '../problems.ts';
import { SAVE_STATE } from './archive.ts';
import { elementBytes, type TorchTensor } from './tensor.ts';
import type { Walked } from './walk.ts';
import { elementCount } from '../../protocol/lists.ts';

/** The bytes of a storage. */
export interface StoragePlace {
  /** first byte in the file */
  offset: number;
  bytes: number;
}
/** Of a storage that is not there: why. */
export type Locate = (key: string) => StoragePlace | string;

export function headerOf(
  { tensors, notes, tooDeep }: Walked,
  locate: Locate,
  { fileBytes, headerBytes }: { fileBytes: number; headerBytes: number },
  problems: ProblemList,
): Header {
  const entries = new Map<string, HeaderEntry>();
  for (const { name, found, isState } of tensors) {
    if (entries.has(name)) {
      problems.add('error', 'duplicate-key', 'two tensors have this name; the first is used.', SAVE_STATE, {
        tensor: name,
      });
      continue;
    }
    const state = isState ? ({ isState: true } as const) : {};
    if ('unread' in found) {
      const { dtype, shape, reason } = found.unread;
      problems.add('warning', 'tensor-not-read', `${reason}.`, SAVE_STATE, { tensor: name });
      entries.set(name, { name, dtype, shape, sizeBytes: 0, offset: null, ...state });
      continue;
    }
    const entry = entryOf(name, found.tensor, locate, fileBytes);
    if (typeof entry === 'string') {
      problems.add('error', 'tensor-not-read', `${entry}.`, 'Download or copy the file again.', { tensor: name });
      const { dtype, shape } = found.tensor;
      entries.set(name, { name, dtype, shape, sizeBytes: 0, offset: null, ...state });
    } else entries.set(name, { ...entry, ...state });
  }
  if (tooDeep)
    problems.add('warning', 'nested-too-deep', 'what lies deeper in it than 32 dicts is not shown.', SAVE_STATE);
  if (entries.size === 0 && !problems.hasErrors)
    problems.add('error', 'no-tensors', 'it holds no tensors.', 'Choose the file with the weights.');
  return { entries, metadata: notes, headerBytes, problems: problems.list() };
}

/** A text says why its data cannot be read. */
export function entryOf(name: string, tensor: TorchTensor, locate: Locate, fileBytes: number): HeaderEntry | string {
  const { dtype, shape, strides, storage, partOf } = tensor;
  const width = elementBytes(dtype) ?? 1;
  const count = elementCount(shape);
  if (!Number.isSafeInteger(count * width)) return `its shape [${shape.join(', ')}] is larger than any file`;
  const place = locate(storage.key);
  if (typeof place === 'string') return place;
  const from = tensor.first * width + storage.first * (elementBytes(storage.dtype) ?? 1);
  // Of the last element, which lies furthest as no stride is negative.
  const last = shape.reduce((sum, side, axis) => sum + (side - 1) * (strides[axis] as number), 0);
  const end = count === 0 ? from : from + (last + 1) * width;
  if (!(end <= place.bytes))
    return `it reaches to byte ${end} of its storage ${quoted(storage.key)}, which has ${place.bytes}`;
  if (count * width > fileBytes)
    return `its ${count} elements are fewer numbers repeated (a stride of 0), more of them than the file has bytes`;
  const offset = place.offset + from;
  const entry: HeaderEntry = { name, dtype, shape, sizeBytes: count * width, offset, ...(partOf ? { partOf } : {}) };
  if (isPacked(shape, strides)) return entry;
  const at = shape.map(() => 0);
  return { ...entry, layout: { shape, boxes: [{ offset, shape, at, strides }] } };
}

/** Row by row, without gaps. */
function isPacked(shape: readonly number[], strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let next = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const side = shape[axis] as number;
    if (side !== 1 && strides[axis] !== next) return false;
    next *= side;
  }
  return true;
}
