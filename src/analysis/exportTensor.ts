/** One tensor into a file of its own, streamed: .safetensors keeps its bytes, .npy keeps its values. */
import { createOutput } from '../files/index.ts';
import { safetensorsHeader } from '../formats/index.ts';
import { numbersOf, numberType, undecodable } from '../numbers/index.ts';
import {
  openCheckpoint,
  readableTensor,
  readChunks,
  wholeWeight,
  type Checkpoint,
  type Weight,
} from '../checkpoint/index.ts';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { ExportEvent, ExportRequest } from '../protocol/matrix.ts';
import { filesOf } from './checkpointCache.ts';

/** Bytes read at once: a multiple of every element's size, and soon cancelled. */
const PIECE_BYTES = 8 * 1024 * 1024;

/** What an .npy file holds for a type (float32, which holds its values exactly, if NumPy has no such type); null if nothing. */
function npyType(dtype: string): { descr: string; exact: boolean } | null {
  const own = numberType(dtype)?.npy ?? null;
  if (own !== null) return { descr: own, exact: true };
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

/** Throws bad-parameter if the destination is refused (src/files) or the type has no .npy, read-failed for disk errors, cancelled. */
export async function* exportTensor(
  request: ExportRequest,
  signal: AbortSignal,
): AsyncGenerator<ExportEvent, void, undefined> {
  const checkpoint = await openCheckpoint(request.path, signal);
  try {
    const weight = wholeWeight(checkpoint, readableTensor(checkpoint, request.tensor));
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
    const bits = numberType(type)?.bits ?? 8;
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
      say`${undecodable(dtype) ?? `${dtype} has no .npy type.`} Export it as .safetensors, which keeps the bytes.`,
    );
  const header = npy
    ? npyHeader(npy.descr, weight.shape)
    : safetensorsHeader([{ name: weight.name, shape: weight.shape, dtype, sizeBytes: numbers.sizeBytes }]);
  const reads = filesOf(checkpoint.path, checkpoint);
  const output = await createOutput(destination, { reads, checkpoint: format === 'safetensors', signal });
  try {
    await output.write(header);
    const total = numbers.sizeBytes;
    yield { type: 'progress', done: 0, total };
    let done = 0;
    for await (const bytes of numbers.pieces(signal)) {
      await output.write(npy && !npy.exact ? asFloat32(dtype, bytes) : bytes);
      done += bytes.length;
      throwIfAborted(signal);
      yield { type: 'progress', done, total };
    }
    await output.commit();
    yield { type: 'written', dtype: npy && !npy.exact ? 'F32' : dtype, sizeBytes: output.sizeBytes };
  } finally {
    await output.discard();
  }
}

function asFloat32(dtype: string, bytes: Uint8Array): Uint8Array {
  const bits = numberType(dtype)?.bits ?? 8;
  const numbers = numbersOf(dtype, bytes, (bytes.length * 8) / bits);
  const values = numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
  return new Uint8Array(values.buffer);
}
