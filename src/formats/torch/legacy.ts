/**
 * A file of `torch.save` before 1.6 (torch/serialization.py, _legacy_save): pickles of a magic number, of the protocol, of the system,
 * of the object and of the keys of its storages, then of each storage its number of elements and its bytes.
 */
import type { ByteSource } from '../../bytes/index.ts';
import { PickleError, readPickle, type Pickle } from '../pickle/machine.ts';
import { attribute, itemsOf, type PyValue } from '../pickle/values.ts';
import { MOST_PICKLE_BYTES, SAVE_STATE, TorchError, type Archive } from './archive.ts';
import type { StoragePlace } from './entries.ts';
import { isAllowedGlobal } from './globals.ts';
import { elementBytes, storageOf } from './tensor.ts';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;
const FIRST_READ_BYTES = 1024 * 1024;
const COUNT_BYTES = 8;

/** Throws TorchError, PickleError, read-failed and cancelled. */
export async function readLegacy(source: ByteSource, signal?: AbortSignal): Promise<Archive> {
  // How long the pickles are stands nowhere: as much is read as they turn out to need.
  for (let bytes = FIRST_READ_BYTES; ; bytes *= 4) {
    const head = new Uint8Array(Math.min(source.sizeBytes, bytes));
    await source.read(0, head, signal);
    try {
      return await fromHead(head, source, signal);
    } catch (error) {
      const isWhole = head.length === source.sizeBytes || bytes >= MOST_PICKLE_BYTES;
      if (!(error instanceof PickleError) || error.code !== 'pickle-truncated' || isWhole) throw error;
    }
  }
}

async function fromHead(head: Uint8Array, source: ByteSource, signal?: AbortSignal): Promise<Archive> {
  let end = 0;
  const next = (): Pickle => {
    const pickle = readPickle(head, isAllowedGlobal, end);
    end = pickle.end;
    return pickle;
  };
  const magic = next().value;
  if (magic !== MAGIC)
    throw new TorchError('not-torch', 'it is a Python pickle, but no file of torch.save.', SAVE_STATE);
  if (next().value !== PROTOCOL)
    throw new TorchError('not-torch', 'it is of a version of torch.save that is not known.', SAVE_STATE);
  const system = next().value;
  const bigEndian = attribute(system, 'little_endian') === false;
  const { value, persistent } = next();
  const keys = itemsOf(next().value);
  if (!keys) throw new PickleError('pickle-damaged', 'the list of its storages is none', end);
  const sizes = new Map<string, { elements: number; width: number }>();
  for (const one of persistent) {
    const id = storageOf(one);
    const width = id && elementBytes(id.dtype);
    if (id && width !== null) sizes.set(id.key, { elements: id.elements, width });
  }
  const storages = await placesOf(keys, sizes, end, source, signal);
  return { value, headerBytes: end, bigEndian, storages };
}

async function placesOf(
  keys: readonly PyValue[],
  sizes: ReadonlyMap<string, { elements: number; width: number }>,
  start: number,
  source: ByteSource,
  signal?: AbortSignal,
): Promise<Map<string, StoragePlace>> {
  const places = new Map<string, StoragePlace>();
  let at = start;
  for (const key of keys) {
    const size = typeof key === 'string' ? sizes.get(key) : undefined;
    // Where the next one begins depends on every one before it.
    if (!size || at + COUNT_BYTES > source.sizeBytes) break;
    const count = new Uint8Array(COUNT_BYTES);
    await source.read(at, count, signal);
    const elements = Number(new DataView(count.buffer).getBigInt64(0, true));
    if (elements !== size.elements) break;
    const bytes = elements * size.width;
    if (at + COUNT_BYTES + bytes > source.sizeBytes) break;
    places.set(key as string, { offset: at + COUNT_BYTES, bytes });
    at += COUNT_BYTES + bytes;
  }
  return places;
}
