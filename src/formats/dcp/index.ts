/**
 * Checkpoints of torch.distributed.checkpoint (FSDP, Megatron's torch_dist): `.metadata`, a pickle that says which boxes every tensor is
 * cut into and where each lies, and `__R_I.distcp`, in which each box is a file of torch.save of its own (torch/distributed/checkpoint,
 * metadata.py and filesystem.py).
 */
import type { ByteSource } from '../../bytes/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { boxesFault } from '../boxes.ts';
import type { Box, Header, HeaderEntry } from '../format.ts';
import { shardNameFault } from '../indexFile.ts';
import { readPickle } from '../pickle/machine.ts';
import { attribute, isCallOf, isDict, itemsOf, sizesOf, type PyValue } from '../pickle/values.ts';
import { ProblemList, quoted } from '../problems.ts';
import { MOST_PICKLE_BYTES, readArchive, SAVE_STATE, TorchError } from '../torch/archive.ts';
import { dtypeOf, isAllowedGlobal } from '../torch/globals.ts';
import { report } from '../torch/report.ts';
import { elementBytes, tensorOf } from '../torch/tensor.ts';
import { isStateKey, isWrapperKey } from '../torch/walk.ts';
import { elementCount } from '../../protocol/lists.ts';

export const DCP_METADATA = '.metadata';
export const isDcpPart = (name: string): boolean => /\.distcp$/i.test(name);

/** Boxes whose place in their file is looked up at once. */
const AT_ONCE = 16;
const COPY_AGAIN = 'Copy it into the folder.';

/** Runs `work` on a file beside the metadata; throws bad-file if it is not there. */
type Use = <T>(file: string, work: (source: ByteSource) => Promise<T>) => Promise<T>;

export interface DcpHeader extends Header {
  /** the files that hold the boxes */
  files: string[];
}

/** One box as the metadata have it. */
interface Chunk {
  at: number[];
  shape: number[];
  file: string;
  offset: number;
  length: number;
}
interface Described {
  name: string;
  dtype: string;
  shape: number[];
  isState: boolean;
  chunks: Chunk[];
  /** why it cannot be read, if that is known already */
  fault: string | null;
}

/** Throws read-failed and cancelled; what is wrong inside is a problem. */
export async function readDcp(source: ByteSource, file: string, use: Use, signal?: AbortSignal): Promise<DcpHeader> {
  const problems = new ProblemList(file);
  const header: DcpHeader = { entries: new Map(), metadata: new Map(), headerBytes: 0, problems: [], files: [] };
  try {
    if (source.sizeBytes > MOST_PICKLE_BYTES)
      throw new TorchError(
        'pickle-too-large',
        `it has ${source.sizeBytes} bytes, more than ${MOST_PICKLE_BYTES}.`,
        SAVE_STATE,
      );
    const bytes = new Uint8Array(source.sizeBytes);
    await source.read(0, bytes, signal);
    header.headerBytes = bytes.length;
    const described = describe(readPickle(bytes, isAllowedGlobal).value, problems);
    header.files = [...new Set(described.flatMap(({ chunks }) => chunks.map((chunk) => chunk.file)))].sort();
    const missing = new Map<string, number>();
    for (const entry of await entriesOf(described, use, missing, problems, signal))
      header.entries.set(entry.name, entry);
    for (const [name, count] of missing)
      problems.add(
        'warning',
        'shards-missing',
        `${name} is missing; ${count} tensors that it has parts of are listed, not read.`,
        COPY_AGAIN,
      );
    if (header.entries.size === 0 && !problems.hasErrors)
      problems.add('error', 'no-tensors', 'it names no tensors.', 'Choose the folder with the weights.');
  } catch (error) {
    report(error, problems);
  }
  header.problems = problems.list();
  return header;
}

function describe(value: PyValue, problems: ProblemList): Described[] {
  const state = attribute(value, 'state_dict_metadata');
  const storage = attribute(value, 'storage_data');
  if (!isDict(state) || !isDict(storage))
    throw new TorchError('not-dcp', 'it is a pickle, but no metadata of torch.distributed.checkpoint.', SAVE_STATE);
  const places = placesOf(storage.entries);
  const paths = attribute(value, 'planner_data');
  const described: Described[] = [];
  for (const [key, one] of state.entries) {
    if (typeof key !== 'string' || !isCallOf(one, 'torch.distributed.checkpoint.metadata.TensorStorageMetadata'))
      continue;
    const properties = attribute(one, 'properties');
    const type =
      itemsOf(
        typeof properties === 'object' && properties !== null && 'state' in properties ? properties.state : null,
      )?.[0] ?? attribute(properties, 'dtype');
    const dtype = typeof type === 'object' && type !== null && 'name' in type ? dtypeOf(type.name) : null;
    const shape = sizesOf(attribute(one, 'size'));
    const chunks = itemsOf(attribute(one, 'chunks'));
    const { name, isState } = nameOf(key, isDict(paths) ? (paths.entries.get(key) ?? null) : null);
    if (dtype === null || !shape || !chunks) {
      problems.add('error', 'tensor-not-read', 'its type or shape is not stated as torch states it.', SAVE_STATE, {
        tensor: name,
      });
      continue;
    }
    described.push({ name, dtype, shape, isState, ...chunksOf(key, chunks, places) });
  }
  return described;
}

interface Place {
  file: string;
  offset: number;
  length: number;
}
/** By the tensor's key and the offsets of the box. */
function placesOf(entries: ReadonlyMap<PyValue, PyValue>): Map<string, Place | string> {
  const places = new Map<string, Place | string>();
  for (const [index, info] of entries) {
    const fqn = attribute(index, 'fqn');
    const at = sizesOf(attribute(index, 'offset')) ?? [];
    const [file, offset, length] = ['relative_path', 'offset', 'length'].map((name) => attribute(info, name));
    if (typeof fqn !== 'string') continue;
    const key = `${at.join()} ${fqn}`;
    const fault = typeof file === 'string' ? shardNameFault(file) : 'it is no text';
    if (fault !== null) places.set(key, `the name of its file is refused: ${fault}`);
    else if (itemsOf(attribute(info, 'transform_descriptors'))?.length) places.set(key, 'it is compressed');
    else if (isSize(offset) && isSize(length)) places.set(key, { file: file as string, offset, length });
    else places.set(key, 'its place in its file is not stated as torch states it');
  }
  return places;
}
const isSize = (value: PyValue | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function chunksOf(
  key: string,
  stated: readonly PyValue[],
  places: ReadonlyMap<string, Place | string>,
): { chunks: Chunk[]; fault: string | null } {
  const chunks: Chunk[] = [];
  let fault: string | null = null;
  for (const one of stated) {
    const [at, shape] = [sizesOf(attribute(one, 'offsets')), sizesOf(attribute(one, 'sizes'))];
    const place = at && places.get(`${at.join()} ${key}`);
    if (!at || !shape || at.length !== shape.length) fault ??= 'its boxes are not stated as torch states them';
    else if (place === null || place === undefined) fault ??= `where its box at [${at.join(', ')}] lies is not stated`;
    else if (typeof place === 'string') fault ??= place;
    else chunks.push({ at, shape, ...place });
  }
  return { chunks, fault };
}

/** The keys that lead to a tensor: those of the dicts around the state dict are no part of its name. */
function nameOf(key: string, path: PyValue): { name: string; isState: boolean } {
  const keys = itemsOf(path)?.map((one) => (typeof one === 'string' || typeof one === 'number' ? String(one) : ''));
  if (!keys?.length) return { name: key, isState: isStateKey(key.split('.', 1)[0] ?? '') };
  let first = 0;
  while (first < keys.length - 1 && isWrapperKey(keys[first] as string)) first++;
  return { name: keys.slice(first).join('.'), isState: keys.slice(0, -1).some(isStateKey) };
}

async function entriesOf(
  described: readonly Described[],
  use: Use,
  missing: Map<string, number>,
  problems: ProblemList,
  signal?: AbortSignal,
): Promise<HeaderEntry[]> {
  const entries = new Array<HeaderEntry>(described.length);
  let next = 0;
  const reader = async (): Promise<void> => {
    for (let i = next++; i < described.length; i = next++) {
      const one = described[i] as Described;
      const result = await entryOf(one, use, signal);
      if ('entry' in result) {
        entries[i] = result.entry;
        continue;
      }
      const { name, dtype, shape, isState } = one;
      entries[i] = { name, dtype, shape, sizeBytes: 0, offset: null, ...(isState ? { isState } : {}) };
      if ('absent' in result) missing.set(result.absent, (missing.get(result.absent) ?? 0) + 1);
      else problems.add('error', 'tensor-not-read', `${result.fault}.`, 'Copy the checkpoint again.', { tensor: name });
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, described.length) }, reader));
  return entries;
}

type Result = { entry: HeaderEntry } | { fault: string } | { absent: string };

async function entryOf(
  { name, dtype, shape, isState, chunks, fault }: Described,
  use: Use,
  signal?: AbortSignal,
): Promise<Result> {
  const width = elementBytes(dtype);
  const count = elementCount(shape);
  if (fault !== null) return { fault };
  if (width === null || !Number.isSafeInteger(count * width))
    return { fault: `its type ${dtype} or its size is not read` };
  const boxes: Box[] = [];
  for (const chunk of chunks) {
    if (chunk.shape.includes(0)) continue;
    let box: Box | string;
    try {
      box = await use(chunk.file, (source) => boxOf(chunk, dtype, source, signal));
    } catch (error) {
      if (!(error instanceof OffaxisError) || error.code !== 'bad-file') throw error;
      return { absent: chunk.file };
    }
    if (typeof box === 'string') return { fault: box };
    boxes.push(box);
  }
  if (boxesFault(shape, boxes) !== null) return { fault: 'its boxes do not make up its shape, each element once' };
  const [first] = boxes;
  const state = isState ? { isState: true as const } : {};
  const entry: HeaderEntry = { name, dtype, shape, sizeBytes: count * width, offset: first?.offset ?? 0, ...state };
  return { entry: { ...entry, layout: { shape, boxes } } };
}

/** Where the elements of a box lie: in the file of torch.save that stands for it. A text says why that is not known. */
async function boxOf(chunk: Chunk, dtype: string, source: ByteSource, signal?: AbortSignal): Promise<Box | string> {
  const { at, shape, file, offset, length } = chunk;
  if (offset + length > source.sizeBytes)
    return `its box at [${at.join(', ')}] reaches past the end of ${quoted(file)}`;
  const problems = new ProblemList(file);
  try {
    const archive = await readArchive(source, signal, offset, length);
    const found = tensorOf(archive.value, null);
    if (!found || 'unread' in found) return `its box in ${quoted(file)} is not a tensor that is read`;
    if (archive.bigEndian) return 'its numbers are big-endian, which is not read';
    const { tensor } = found;
    const place = archive.storages.get(tensor.storage.key);
    if (tensor.dtype !== dtype || tensor.shape.join() !== shape.join())
      return `its box in ${quoted(file)} is ${tensor.dtype} [${tensor.shape.join(', ')}], not ${dtype} [${shape.join(', ')}] as the metadata say`;
    const width = elementBytes(dtype) as number;
    const last = shape.reduce((sum, side, axis) => sum + (side - 1) * (tensor.strides[axis] as number), tensor.first);
    if (typeof place !== 'object' || !((last + 1) * width <= place.bytes))
      return `its box at [${at.join(', ')}] is not whole in ${quoted(file)}`;
    return { file, offset: place.offset + tensor.first * width, shape, at, strides: tensor.strides };
  } catch (error) {
    report(error, problems);
    return `its box in ${quoted(file)} is damaged`;
  }
}
