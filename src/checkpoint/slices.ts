/**
 * Slices of tensors, one a process, as Torch's distributed checkpoints save them in safetensors (`torch.distributed.checkpoint.
 * hf_storage`): every file has the names of whole tensors with a box of each, and its metadata say where the box begins.
 */
import type { HeaderEntry, ProblemList } from '../formats/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { pushTo } from '../protocol/lists.ts';
import { elementCount, rowOf } from './rows.ts';
import type { Shard } from './shardRows.ts';

const KEY = 'DCP_SHARDING_INFO';
const CONSOLIDATE =
  'Open the folder with the files of all processes, or consolidate them first (torch.distributed.checkpoint, consolidate_safetensors_files).';

/** A box of a tensor: whole along its last axes, so that it is runs of bytes. */
export interface Slice {
  file: string;
  /** first byte in the file */
  offset: number;
  shape: readonly number[];
  /** of its first element in the tensor, one number an axis */
  at: readonly number[];
}
export interface SlicedTensor {
  shape: readonly number[];
  elementBytes: number;
  slices: Slice[];
}
export interface SlicedRows {
  tensors: Map<string, TensorRow>;
  /** how those that are put together are read */
  sliced: Map<string, SlicedTensor>;
  /** every tensor is whole */
  whole: boolean;
}

/** null if no header speaks of slices. `alone`: one file by itself, which is a slice whatever else lies beside it. */
export function slicedRows(shards: readonly Shard[], alone: boolean, problems: ProblemList): SlicedRows | null {
  const found = new Map<string, { entry: HeaderEntry; file: string; at: number[] }[]>();
  let any = false;
  for (const { file, header } of shards) {
    const info = infoOf(header?.metadata.get(KEY));
    any ||= info !== null;
    for (const entry of header?.entries.values() ?? [])
      pushTo(found, entry.name, { entry, file, at: info?.get(entry.name) ?? entry.shape.map(() => 0) });
  }
  if (!any) return null;
  const tensors = new Map<string, TensorRow>();
  const sliced = new Map<string, SlicedTensor>();
  let partial = 0;
  for (const [name, parts] of found) {
    const [first] = parts;
    if (!first) continue;
    const joined = alone ? null : joinedOf(parts);
    if (joined && joined.slices.length > 1) {
      const sizeBytes = elementCount(joined.shape) * joined.elementBytes;
      tensors.set(name, rowOf({ ...first.entry, shape: [...joined.shape], sizeBytes }, first.file));
      sliced.set(name, joined);
    } else {
      tensors.set(name, rowOf(first.entry, first.file));
      if (!joined) partial++;
    }
  }
  if (alone || partial > 0 || sliced.size === 0) {
    const text = alone
      ? "it holds one process's slice of each tensor (DCP_SHARDING_INFO), not the whole model: shapes and parameters are the slice's."
      : `${partial || tensors.size} of ${tensors.size} tensors are not whole: of the slices that processes saved (DCP_SHARDING_INFO) some are missing, and shapes and parameters are those of the first.`;
    problems.add('warning', 'dcp-slice', text, CONSOLIDATE);
    return { tensors, sliced, whole: false };
  }
  const text = `${sliced.size} tensors were put together from the slices in ${shards.length} files (DCP_SHARDING_INFO).`;
  problems.add('info', 'dcp-assembled', text, '');
  return { tensors, sliced, whole: true };
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
function joinedOf(all: readonly { entry: HeaderEntry; file: string; at: number[] }[]): SlicedTensor | null {
  // Rows that do not divide evenly leave the last processes none.
  const held = all.filter(({ entry }) => elementCount(entry.shape) > 0);
  const parts = held.length > 0 ? held : all.slice(0, 1);
  const [first] = parts;
  if (!first) return null;
  const axes = first.entry.shape.length;
  const elementBytes = first.entry.sizeBytes / elementCount(first.entry.shape);
  const shape = new Array<number>(axes).fill(0);
  const slices = new Map<string, Slice>();
  for (const { entry, file, at } of parts) {
    const fits = entry.shape.length === axes && at.length === axes && entry.dtype === first.entry.dtype;
    if (!fits || entry.offset === null) return null;
    for (let axis = 0; axis < axes; axis++)
      shape[axis] = Math.max(shape[axis] ?? 0, (at[axis] ?? 0) + (entry.shape[axis] ?? 0));
    // Of a tensor that is not divided every process may have saved the whole.
    if (!slices.has(at.join())) slices.set(at.join(), { file, offset: entry.offset, shape: entry.shape, at });
  }
  const boxes = [...slices.values()];
  const covered = boxes.reduce((sum, slice) => sum + elementCount(slice.shape), 0);
  if (covered !== elementCount(shape) || overlap(boxes)) return null;
  if (boxes.length > 1 && !Number.isSafeInteger(elementBytes)) return null;
  return { shape, elementBytes, slices: boxes };
}

/** Do any two boxes share an element? With as many elements as the tensor has, boxes that do not fill it. */
function overlap(slices: readonly Slice[]): boolean {
  return slices.some((a, i) =>
    slices.slice(i + 1).some((b) =>
      a.shape.every((side, axis) => {
        const [from, other] = [a.at[axis] ?? 0, b.at[axis] ?? 0];
        return from < other + (b.shape[axis] ?? 0) && other < from + side;
      }),
    ),
  );
}

/** Fills `target` from byte `offset` of the whole tensor, row-major, with the runs of every slice that lie in it. */
export async function readSliced(
  { shape, elementBytes, slices }: SlicedTensor,
  offset: number,
  target: Uint8Array,
  read: (file: string, offset: number, target: Uint8Array) => Promise<void>,
): Promise<void> {
  const end = offset + target.length;
  for (const slice of slices) {
    // The axes behind `axis` are whole in the slice: from there on it is one run a leading index.
    let axis = shape.length - 1;
    while (axis > 0 && slice.shape[axis] === shape[axis]) axis--;
    const runBytes = elementCount(slice.shape.slice(axis)) * elementBytes;
    const runs = elementCount(slice.shape.slice(0, axis));
    const startOf = (run: number): number => {
      let rest = run;
      let element = (slice.at[axis] ?? 0) * elementCount(shape.slice(axis + 1));
      for (let lead = axis - 1; lead >= 0; lead--) {
        const side = slice.shape[lead] ?? 1;
        element += ((slice.at[lead] ?? 0) + (rest % side)) * elementCount(shape.slice(lead + 1));
        rest = Math.floor(rest / side);
      }
      return element * elementBytes;
    };
    // Runs lie in order: the first that ends behind the offset.
    let low = 0;
    for (let high = runs; low < high;) {
      const middle = (low + high) >>> 1;
      if (startOf(middle) + runBytes > offset) high = middle;
      else low = middle + 1;
    }
    for (let run = low; run < runs; run++) {
      const start = startOf(run);
      if (start >= end) break;
      const from = Math.max(start, offset);
      const to = Math.min(start + runBytes, end);
      await read(slice.file, slice.offset + run * runBytes + from - start, target.subarray(from - offset, to - offset));
    }
  }
}
