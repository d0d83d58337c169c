/**
 * One tensor into a file of its own, streamed: .safetensors keeps its bytes, .npy keeps its values. Written beside the destination
 * under another name and renamed when it is whole; never over a checkpoint.
 */
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { dtypeOf, numbersOf, undecodable } from '../formats/index.ts';
import {
  openCheckpoint,
  readableTensor,
  readChunks,
  wholeWeight,
  type Checkpoint,
  type Weight,
} from '../checkpoint/index.ts';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import type { ExportEvent, ExportRequest } from '../protocol/matrix.ts';
import { filesOf } from './checkpointCache.ts';

/** Bytes read at once: a multiple of every element's size, and soon cancelled. */
const PIECE_BYTES = 8 * 1024 * 1024;
const CHECKPOINT = /\.safetensors(\.index\.json)?$/i;

/** NumPy's name of each type that it has; the others are written as float32, which holds each of their values exactly. */
const NPY_TYPES: Readonly<Record<string, string>> = {
  BOOL: '|b1',
  U8: '|u1',
  I8: '|i1',
  U16: '<u2',
  I16: '<i2',
  F16: '<f2',
  U32: '<u4',
  I32: '<i4',
  F32: '<f4',
  U64: '<u8',
  I64: '<i8',
  F64: '<f8',
  C64: '<c8',
};

/** What an .npy file holds for a type; null where it can hold nothing. */
export function npyType(dtype: string): { descr: string; exact: boolean } | null {
  const own = NPY_TYPES[dtype];
  if (own !== undefined) return { descr: own, exact: true };
  return undecodable(dtype) === null ? { descr: '<f4', exact: false } : null;
}

/**
 * Header of an .npy file, format version 1.0 (NEP 1): magic, version, length, a Python literal padded with spaces and ended with a
 * line feed so that the data begins at a multiple of 64 bytes.
 */
export function npyHeader(descr: string, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const prefix = 10;
  const length = Math.ceil((prefix + text.length + 1) / 64) * 64 - prefix;
  const header = new Uint8Array(prefix + length).fill(0x20);
  header.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, length & 0xff, length >> 8]);
  header.set(new TextEncoder().encode(text), prefix);
  header[header.length - 1] = 0x0a;
  return header;
}

/** A safetensors header for one tensor, padded with spaces to a multiple of 8 bytes. */
function safetensorsHeader(name: string, shape: readonly number[], { dtype, sizeBytes }: Numbers): Uint8Array {
  // fromEntries defines a property of its own even for "__proto__"
  const entry = Object.fromEntries([[name, { dtype, shape, data_offsets: [0, sizeBytes] }]]);
  const json = new TextEncoder().encode(JSON.stringify(entry));
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}

/** Throws bad-parameter where the destination is a checkpoint or the type has no .npy, read-failed for disk errors, cancelled. */
export async function* exportTensor(
  request: ExportRequest,
  signal: AbortSignal,
): AsyncGenerator<ExportEvent, void, undefined> {
  const checkpoint = await openCheckpoint(request.path, signal);
  try {
    const weight = wholeWeight(checkpoint, readableTensor(checkpoint, request.tensor));
    await refuseCheckpoints(request.destination, checkpoint);
    yield* write(checkpoint, weight, request, signal);
  } finally {
    await checkpoint.close();
  }
}

/** What is written: the codes of the one entry that a weight is, or, if it is computed, the numbers that it hands out. */
interface Numbers {
  dtype: string;
  sizeBytes: number;
  pieces(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>;
}
function numbersIn(weight: Weight): Numbers {
  const { stored, type } = weight;
  if (!stored) {
    const bits = dtypeOf(type)?.bits ?? 8;
    return {
      dtype: type,
      sizeBytes: (weight.count * bits) / 8,
      pieces: async function* (signal) {
        for await (const { data } of readChunks(weight, { weights: (PIECE_BYTES * 8) / bits, signal })) yield data;
      },
    };
  }
  const { entry } = stored;
  const { dtype, sizeBytes } = entry;
  return {
    dtype,
    sizeBytes,
    pieces: async function* (signal) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, sizeBytes));
      for (let done = 0; done < sizeBytes;) {
        const bytes = piece.subarray(0, Math.min(piece.length, sizeBytes - done));
        await entry.read(done, bytes, signal);
        done += bytes.length;
        yield bytes;
      }
    },
  };
}

async function* write(
  checkpoint: Checkpoint,
  weight: Weight,
  { destination, format }: ExportRequest,
  signal: AbortSignal,
): AsyncGenerator<ExportEvent, void, undefined> {
  const numbers = numbersIn(weight);
  const { dtype } = numbers;
  const npy = format === 'npy' ? npyType(dtype) : null;
  if (format === 'npy' && !npy)
    throw new OffaxisError(
      'bad-parameter',
      `${undecodable(dtype) ?? `${dtype} has no .npy type.`} Export it as .safetensors, which keeps the bytes.`,
    );
  const header = npy ? npyHeader(npy.descr, weight.shape) : safetensorsHeader(weight.name, weight.shape, numbers);
  const temporary = join(dirname(destination), `.${basename(destination)}.${randomBytes(4).toString('hex')}.part`);
  const file = await onDisk(destination, () => open(temporary, 'wx'));
  let whole = false;
  try {
    let sizeBytes = await put(file, header, 0, destination);
    const total = numbers.sizeBytes;
    yield { type: 'progress', done: 0, total };
    let done = 0;
    for await (const bytes of numbers.pieces(signal)) {
      sizeBytes += await put(file, npy && !npy.exact ? asFloat32(dtype, bytes) : bytes, sizeBytes, destination);
      done += bytes.length;
      throwIfAborted(signal);
      yield { type: 'progress', done, total };
    }
    await onDisk(destination, () => file.sync());
    await file.close();
    // It may have come to be a checkpoint in the meantime.
    await refuseCheckpoints(destination, checkpoint);
    await onDisk(destination, () => rename(temporary, destination));
    whole = true;
    yield { type: 'written', dtype: npy && !npy.exact ? 'F32' : dtype, sizeBytes };
  } finally {
    if (!whole) {
      await file.close().catch(() => undefined);
      await unlink(temporary).catch(() => undefined);
    }
  }
}

function asFloat32(dtype: string, bytes: Uint8Array): Uint8Array {
  const bits = dtypeOf(dtype)?.bits ?? 8;
  const numbers = numbersOf(dtype, bytes, (bytes.length * 8) / bits);
  const values = numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
  return new Uint8Array(values.buffer);
}

async function put(file: FileHandle, bytes: Uint8Array, at: number, destination: string): Promise<number> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await onDisk(destination, () => file.write(bytes, done, bytes.length - done, at + done));
    done += bytesWritten;
  }
  return bytes.length;
}

/** The source and its shards, under whatever name or link, and any other checkpoint that is there. */
async function refuseCheckpoints(destination: string, checkpoint: Checkpoint): Promise<void> {
  const there = await stat(destination).catch(() => null);
  if (!there) return;
  const real = await realpath(destination);
  for (const source of filesOf(checkpoint.path, checkpoint)) {
    const facts = await stat(source).catch(() => null);
    if (facts && facts.dev === there.dev && facts.ino === there.ino)
      throw new OffaxisError(
        'bad-parameter',
        `${destination} is a file of the checkpoint itself. Nothing is ever written to a checkpoint: choose another name.`,
      );
  }
  if (CHECKPOINT.test(destination) || CHECKPOINT.test(real))
    throw new OffaxisError(
      'bad-parameter',
      `${destination} is there already, and Offaxis never writes over a checkpoint. Choose a name that is not taken.`,
    );
  if (!there.isFile())
    throw new OffaxisError('bad-parameter', `${destination} is no regular file. Choose another name.`);
}

async function onDisk<T>(destination: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new OffaxisError(
      'read-failed',
      `${destination} could not be written (${code}). Check the folder's permissions and the space on the disk.`,
      { cause: error },
    );
  }
}
