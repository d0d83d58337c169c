/**
 * A file of `torch.save` since 1.6: a ZIP archive with NAME/data.pkl, the pickle, and NAME/data/KEY, the bytes of each storage
 * (torch/serialization.py, caffe2/serialize/inline_container.cc). Read by ranges: the directory, the pickle, no weights.
 */
import type { ByteSource } from '../../bytes/index.ts';
import { readPickle } from '../pickle/machine.ts';
import type { PyValue } from '../pickle/values.ts';
import { quoted } from '../problems.ts';
import { readZip, ZipError, type Zip, type ZipEntry } from '../zip.ts';
import type { StoragePlace } from './entries.ts';
import { isAllowedGlobal } from './globals.ts';

/** Half a million tensors take 60 MB. */
export const MOST_PICKLE_BYTES = 256 * 1024 * 1024;
/** Local headers read at once. */
const AT_ONCE = 16;

/** The file is not one that can be read; `code` is that of the problem. */
export class TorchError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly advice: string,
  ) {
    super(message);
  }
}

export interface Archive {
  value: PyValue;
  /** of the directory and the pickle */
  headerBytes: number;
  bigEndian: boolean;
  storages: ReadonlyMap<string, StoragePlace | string>;
}

/** The archive in `length` bytes from `start`. Throws TorchError, PickleError, ZipError, read-failed, cancelled. */
export async function readArchive(
  source: ByteSource,
  signal?: AbortSignal,
  start = 0,
  length = source.sizeBytes - start,
): Promise<Archive> {
  const zip = await readZip(source, signal, start, length);
  const top = topOf(zip);
  const pickle = zip.entries.get(`${top}data.pkl`);
  if (!pickle)
    throw new TorchError('not-torch', 'it is a ZIP archive without a data.pkl: no file of torch.save.', CHOOSE);
  if (zip.entries.has(`${top}constants.pkl`) || zip.entries.has(`${top}bytecode.pkl`))
    throw new TorchError(
      'torchscript',
      'it is a TorchScript archive, a program with its weights, which is not read.',
      SAVE_STATE,
    );
  const bytes = await contentOf(source, zip, pickle, signal);
  const order = zip.entries.get(`${top}byteorder`);
  const orderText = order
    ? new TextDecoder('latin1').decode(await contentOf(source, zip, order, signal, 16))
    : 'little';
  const { value } = readPickle(bytes, isAllowedGlobal);
  const storages = await placesOf(zip, `${top}data/`, signal);
  return { value, headerBytes: bytes.length, bigEndian: orderText.trim() !== 'little', storages };
}

/** "archive/": the folder of data.pkl, whatever its name. */
function topOf({ entries }: Zip): string {
  for (const name of entries.keys()) if (/^([^/]+\/)?data\.pkl$/.test(name)) return name.slice(0, -'data.pkl'.length);
  return '';
}

async function contentOf(
  source: ByteSource,
  zip: Zip,
  entry: ZipEntry,
  signal?: AbortSignal,
  most = MOST_PICKLE_BYTES,
): Promise<Uint8Array> {
  if (entry.size > most)
    throw new TorchError(
      'pickle-too-large',
      `${quoted(entry.name)} in it has ${entry.size} bytes, more than ${most}.`,
      CHOOSE,
    );
  const at = await zip.dataOffset(entry, signal);
  const bytes = new Uint8Array(entry.size);
  await source.read(at, bytes, signal);
  return bytes;
}

async function placesOf(
  zip: Zip,
  folder: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, StoragePlace | string>> {
  const wanted = [...zip.entries.values()].filter(({ name }) => name.startsWith(folder));
  const places = new Map<string, StoragePlace | string>();
  let next = 0;
  const reader = async (): Promise<void> => {
    for (let entry = wanted[next++]; entry; entry = wanted[next++]) {
      const key = entry.name.slice(folder.length);
      try {
        places.set(key, { offset: await zip.dataOffset(entry, signal), bytes: entry.size });
      } catch (error) {
        if (!(error instanceof ZipError)) throw error;
        places.set(key, `its storage is not read: ${error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, reader));
  return places;
}

export const CHOOSE = 'Choose the file with the weights.';
export const SAVE_STATE = 'Load it with torch and save its state dict with safetensors.';
