/** SHA-256 of tensors and files, streamed: two buffers, the next one read while one is hashed. */
import { createHash } from 'node:crypto';
import type { Checkpoint } from '../checkpoint/index.ts';
import { openByteSource } from '../formats/index.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { throwIfAborted } from '../protocol/errors.ts';

/** Some milliseconds of hashing between two looks at the signal. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** Hexadecimal digest of a tensor's bytes as stored. Throws read-failed (naming the tensor) and cancelled. */
export function tensorDigest(
  checkpoint: Checkpoint,
  row: TensorRow,
  signal: AbortSignal,
  onBytes?: (count: number) => void,
): Promise<string> {
  return digest(row.sizeBytes, (offset, target) => checkpoint.read(row, offset, target, signal), signal, onBytes);
}

/** Hexadecimal digest of a whole file, as `sha256sum` prints it. Throws bad-file, read-failed and cancelled. */
export async function fileDigest(
  path: string,
  signal: AbortSignal,
  onBytes?: (count: number) => void,
): Promise<{ sha256: string; sizeBytes: number }> {
  const source = await openByteSource(path);
  try {
    const { sizeBytes } = source;
    const read = (offset: number, target: Uint8Array): Promise<void> => source.read(offset, target, signal);
    return { sha256: await digest(sizeBytes, read, signal, onBytes), sizeBytes };
  } finally {
    await source.close();
  }
}

async function digest(
  sizeBytes: number,
  read: (offset: number, target: Uint8Array) => Promise<void>,
  signal: AbortSignal,
  onBytes?: (count: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  const buffers = [0, 1].map(() => new Uint8Array(Math.min(PIECE_BYTES, sizeBytes)));
  const piece = (offset: number, turn: number): Promise<Uint8Array> | null => {
    if (offset >= sizeBytes) return null;
    const target = (buffers[turn % 2] as Uint8Array).subarray(0, Math.min(PIECE_BYTES, sizeBytes - offset));
    const pending = read(offset, target).then(() => target);
    // Met when it is awaited.
    pending.catch(() => undefined);
    return pending;
  };
  let pending = piece(0, 0);
  for (let offset = 0, turn = 0; pending; turn++) {
    const bytes: Uint8Array = await pending;
    throwIfAborted(signal);
    offset += bytes.length;
    pending = piece(offset, turn + 1);
    hash.update(bytes);
    onBytes?.(bytes.length);
  }
  return hash.digest('hex');
}
