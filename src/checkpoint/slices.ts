/**
 * Tensors that processes saved in parts: every file has the names of whole tensors with a box of each, and says where the box begins.
 * Torch's distributed checkpoints in safetensors say so in their metadata (`torch.distributed.checkpoint.hf_storage`), PyTorch's files of
 * distributed tensors (FSDP of verl, SkyRL) in each tensor.
 */
import { boxesFault, type HeaderEntry, type ProblemList } from '../formats/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { pushTo, elementCount } from '../protocol/lists.ts';
import type { Assembled, PlacedBox } from './boxes.ts';
import { rowOf } from './rows.ts';
import type { Shard } from './shardRows.ts';

const KEY = 'DCP_SHARDING_INFO';
const CONSOLIDATE =
  'Open the folder with the files of all processes, or consolidate them first (torch.distributed.checkpoint, consolidate_safetensors_files).';
const ALL_FILES = 'Open the folder with the files of all processes.';

export interface SlicedRows {
  tensors: Map<string, TensorRow>;
  /** how those that are put together are read */
  sliced: Map<string, Assembled>;
  /** every tensor is whole */
  whole: boolean;
}
/** One file's box of a tensor. */
interface Part {
  entry: HeaderEntry;
  file: string;
  at: readonly number[];
}

/** null if no header speaks of slices. `alone`: one file by itself, which is a slice whatever else lies beside it. */
export function slicedRows(shards: readonly Shard[], alone: boolean, problems: ProblemList): SlicedRows | null {
  const found = new Map<string, Part[]>();
  let stated: 'metadata' | 'tensors' | null = null;
  for (const { file, header } of shards) {
    const info = infoOf(header?.metadata.get(KEY));
    if (info) stated ??= 'metadata';
    for (const entry of header?.entries.values() ?? []) {
      if (entry.partOf) stated ??= 'tensors';
      const at = entry.partOf?.at ?? info?.get(entry.name) ?? entry.shape.map(() => 0);
      pushTo(found, entry.name, { entry, file, at });
    }
  }
  if (stated === null) return null;
  const tensors = new Map<string, TensorRow>();
  const sliced = new Map<string, Assembled>();
  let partial = 0;
  for (const [name, parts] of found) {
    const [first] = parts;
    if (!first) continue;
    // A file by itself may hold the whole of what it says that it has a part of: of one process, or not divided.
    const joined = alone && stated === 'metadata' ? null : joinedOf(parts);
    const whole = first.entry.partOf?.shape;
    if (joined && (joined.boxes.length > 1 || joined.boxes[0]?.strides)) {
      const sizeBytes = elementCount(joined.shape) * joined.elementBytes;
      const { partOf: _, layout: __, ...entry } = first.entry;
      tensors.set(name, rowOf({ ...entry, shape: [...joined.shape], sizeBytes }, first.file));
      sliced.set(name, joined);
    } else if (joined) {
      const [box] = joined.boxes;
      const holder = parts.find(({ file }) => file === box?.file) ?? first;
      tensors.set(name, rowOf(holder.entry, holder.file));
    } else {
      partial++;
      // Of one process alone the slice is shown; of several that lack some, the whole, which cannot be read.
      if (alone || !whole) tensors.set(name, rowOf(first.entry, first.file));
      else tensors.set(name, rowOf({ ...first.entry, shape: [...whole], sizeBytes: 0, offset: null }, first.file));
    }
  }
  // The metadata do not say how large the whole is: one file may end where another begins.
  if (stated === 'metadata' && sliced.size === 0) partial = tensors.size;
  report(shards, { alone, stated, partial, all: tensors.size, assembled: sliced.size }, problems);
  return { tensors, sliced, whole: partial === 0 };
}

function report(
  shards: readonly Shard[],
  {
    alone,
    stated,
    partial,
    all,
    assembled,
  }: { alone: boolean; stated: 'metadata' | 'tensors'; partial: number; all: number; assembled: number },
  problems: ProblemList,
): void {
  const where = stated === 'metadata' ? KEY : 'DTensor';
  const advice = stated === 'metadata' ? CONSOLIDATE : ALL_FILES;
  if (alone && partial > 0) {
    const text = `it holds one process's slice of each tensor (${where}), not the whole model: shapes and parameters are the slice's.`;
    problems.add('warning', 'dcp-slice', text, advice);
  } else if (partial > 0) {
    const shown =
      stated === 'metadata'
        ? 'shapes and parameters are those of the first'
        : 'they are listed, and their values are not read';
    const text = `${partial} of ${all} tensors are not whole: of the slices that processes saved (${where}) some are missing, and ${shown}.`;
    problems.add('warning', 'dcp-slice', text, advice);
  } else if (assembled > 0) {
    const text = `${assembled} tensors were put together from the slices in ${shards.length} files (${where}).`;
    problems.add('info', 'dcp-assembled', text, '');
  }
}

/** Name to offsets; null if the metadata do not say, or not in the form that Torch writes. */
function infoOf(text: string | undefined): Map<string, number[]> | null {
  if (text === undefined) return null;
  const info = new Map<string, number[]>();
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return info;
    for (const [name, value] of Object.entries(parsed)) {
      const offsets: unknown = (value as { saved_offsets?: unknown } | null)?.saved_offsets;
      if (!Array.isArray(offsets)) continue;
      const at = offsets.map(Number);
      if (at.every((one) => Number.isSafeInteger(one) && one >= 0)) info.set(name, at);
    }
  } catch {
    // Said as slices of which nothing is known.
  }
  return info;
}

/** The tensor that the parts make up; null if they do not fill it, or not as boxes of whole bytes. Parts that stand twice count once. */
function joinedOf(all: readonly Part[]): Assembled | null {
  // Rows that do not divide evenly leave the last processes none.
  const held = all.filter(({ entry }) => elementCount(entry.shape) > 0);
  const parts = held.length > 0 ? held : all.slice(0, 1);
  const [first] = parts;
  if (!first) return null;
  const stated = first.entry.partOf?.shape;
  const axes = first.entry.shape.length;
  const elementBytes = first.entry.sizeBytes / elementCount(first.entry.shape);
  const shape = stated ? [...stated] : new Array<number>(axes).fill(0);
  const boxes = new Map<string, PlacedBox>();
  for (const { entry, file, at } of parts) {
    const fits = entry.shape.length === axes && at.length === axes && entry.dtype === first.entry.dtype;
    if (!fits || entry.offset === null || entry.partOf?.shape.join() !== stated?.join()) return null;
    if (!stated)
      for (let axis = 0; axis < axes; axis++)
        shape[axis] = Math.max(shape[axis] ?? 0, (at[axis] ?? 0) + (entry.shape[axis] ?? 0));
    const strides = entry.layout?.boxes[0]?.strides;
    const box: PlacedBox = { file, offset: entry.offset, shape: entry.shape, at, ...(strides ? { strides } : {}) };
    // Of a tensor that is not divided every process may have saved the whole.
    if (!boxes.has(at.join())) boxes.set(at.join(), box);
  }
  const placed = [...boxes.values()];
  if (boxesFault(shape, placed) !== null) return null;
  if (placed.length > 1 && !Number.isSafeInteger(elementBytes)) return null;
  return { shape, elementBytes, boxes: placed };
}
