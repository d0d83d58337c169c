/** The checksums that trainers write of a tensor's bytes; XXH3, BLAKE3 and Adler-32 by hash-wasm. */
import { createHash } from 'node:crypto';
import { createAdler32, createBLAKE3, createXXHash128 } from 'hash-wasm';
import type { ChecksumAlgorithm } from './types.ts';

export interface Hasher {
  update(bytes: Uint8Array): void;
  /** lower-case hexadecimal */
  digest(): string;
}

export async function hasherOf(algorithm: ChecksumAlgorithm): Promise<Hasher> {
  if (algorithm === 'sha256') {
    const hash = createHash('sha256');
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
  }
  const make = { 'xxh3-128': createXXHash128, blake3: createBLAKE3, adler32: createAdler32 }[algorithm];
  const hash = await make();
  hash.init();
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
}
