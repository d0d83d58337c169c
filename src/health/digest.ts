/** SHA-256 of tensors and files, streamed: two buffers, the next one read while one is hashed. */
import { createHash, type Hash } from 'node:crypto';
import { readChunks, type Weight } from '../checkpoint/index.ts';
import { places } from '../bytes/index.ts';
import { throwIfAborted } from '../protocol/errors.ts';

/** Some milliseconds of hashing between two looks at the signal. */
const PIECE_BYTES = 4 * 1024 * 1024;

/**
 * Hexadecimal digest of the bytes that a weight is stored as, its entries one behind the other. Throws read-failed (naming the tensor)
 * and cancelled.
 */
export async function tensorDigest(
  { entries }: Pick<Weight, 'entries'>,
  signal: AbortSignal,
  onBytes?: (count: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  for (const entry of entries)
    await update(hash, entry.sizeBytes, (offset, target) => entry.read(offset, target, signal), signal, onBytes);
  return hash.digest('hex');
}

/**
 * Hexadecimal digest of the values of a weight that is computed from several numbers: row-major, in its type (32-bit floats, low byte
 * first), so that a quantised weight has the digest of its values wherever they are stored. Throws read-failed, bad-file, cancelled.
 */
export async function valuesDigest(
  weight: Weight,
  signal: AbortSignal,
  onBytes?: (count: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  for await (const { data } of readChunks(weight, { weights: PIECE_BYTES / 4, signal })) {
    throwIfAborted(signal);
    hash.update(data);
    onBytes?.(data.length);
  }
  return hash.digest('hex');
}

/** Hexadecimal digest of a whole file, as `sha256sum` prints it. Throws bad-file, read-failed and cancelled. */
export async function fileDigest(
  path: string,
  signal: AbortSignal,
  onBytes?: (count: number) => void,
): Promise<{ sha256: string; sizeBytes: number }> {
  const source = await places.open(path);
  try {
    const { sizeBytes } = source;
    const read = (offset: number, target: Uint8Array): Promise<void> => source.read(offset, target, signal);
    const hash = createHash('sha256');
    await update(hash, sizeBytes, read, signal, onBytes);
    await source.check(source.stamp);
    return { sha256: hash.digest('hex'), sizeBytes };
  } finally {
    await source.close();
  }
}

async function update(
  hash: Hash,
  sizeBytes: number,
  read: (offset: number, target: Uint8Array) => Promise<void>,
  signal: AbortSignal,
  onBytes?: (count: number) => void,
): Promise<void> {
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
}
