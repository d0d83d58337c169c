import { throwIfAborted } from '../../protocol/errors.ts';
import type { GpuContext } from './context.ts';
import { ceilTo, STORAGE_BUFFER } from './flags.ts';

/** Storage words of one matrix on the device, as they are in the file. */
export interface RawWords {
  buffer: GPUBuffer;
  bytes: number;
}

/** One piece of an upload: what Dawn holds a second time until it is copied. */
const PIECE_BYTES = 2 ** 24;

/** Bytes of the pool that an upload takes. */
export const uploadBytes = (bytes: number): number => Math.max(ceilTo(bytes, 4), 4);

/**
 * Copies raw words to the device; any byte length, a view of shared memory too. The source may be changed once this settles.
 * Give the buffer back with `context.pool.release(words.buffer)`. Throws device-lost, cancelled.
 */
export async function upload(context: GpuContext, data: Uint8Array, signal?: AbortSignal): Promise<RawWords> {
  throwIfAborted(signal);
  const size = uploadBytes(data.byteLength);
  const buffer = await context.pool.acquire('raw words', size, STORAGE_BUFFER);
  try {
    for (let at = 0; at < size; at += PIECE_BYTES) {
      throwIfAborted(signal);
      const length = Math.min(PIECE_BYTES, size - at);
      const piece = data.subarray(at, at + length);
      await context.checked('upload', () => context.device.queue.writeBuffer(buffer, at, own(piece, length)));
    }
    return { buffer, bytes: data.byteLength };
  } catch (error) {
    context.pool.release(buffer);
    throw error;
  }
}

/** `piece` in memory of its own if it must be: shared memory crashes Dawn in Node, and a write moves multiples of 4 bytes. */
function own(piece: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  if (piece.buffer instanceof ArrayBuffer && piece.byteLength === length) return piece as Uint8Array<ArrayBuffer>;
  const copy = new Uint8Array(length);
  copy.set(piece);
  return copy;
}
