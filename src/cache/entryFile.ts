/** One entry of the cache as a file: a head that names it, a checksum, and the content. What is torn, foreign or renamed counts as missing. */
import { createHash } from 'node:crypto';
import { disk } from '../bytes/index.ts';

const MAGIC = Buffer.from('offaxis entry 1\n');
const SUM_BYTES = 32;
export const HEAD_BYTES = MAGIC.length + 2 * SUM_BYTES;

/** SHA-256 over the key and the content: another key's file under this name does not pass. */
function checksum(key: string, content: Uint8Array): Buffer {
  return createHash('sha256').update(key).update(content).digest();
}

/** What stands before the content. `key`: 64 hexadecimal digits. */
export function headOf(key: string, content: Uint8Array): Buffer {
  return Buffer.concat([MAGIC, Buffer.from(key, 'hex'), checksum(key, content)]);
}

/** The content; null if there is no such file, or it is not this entry from its first byte to its last. Never throws. */
export async function readEntry(file: string, key: string, mostBytes: number): Promise<Uint8Array | null> {
  const source = await disk.open(file).catch(() => null);
  if (!source) return null;
  try {
    const { sizeBytes } = source;
    if (sizeBytes < HEAD_BYTES || sizeBytes > mostBytes) return null;
    const bytes = Buffer.alloc(sizeBytes);
    await source.read(0, bytes);
    const content = bytes.subarray(HEAD_BYTES);
    return headOf(key, content).equals(bytes.subarray(0, HEAD_BYTES)) ? content : null;
  } catch {
    return null;
  } finally {
    await source.close().catch(() => undefined);
  }
}
