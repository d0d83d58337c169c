/** Pointers of Git LFS: the small text that Git keeps in the place of a large file. Pure. */

export interface LfsPointer {
  /** SHA-256 of the file, in hex */
  oid: string;
  sizeBytes: number;
}

/** A pointer is shorter, by its specification (git-lfs/docs/spec.md). */
export const MOST_POINTER_BYTES = 1024;

const VERSION = /^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec\/v1\n/;

/** Null for what is none: then the bytes are the file itself. */
export function lfsPointer(bytes: Uint8Array): LfsPointer | null {
  if (bytes.length >= MOST_POINTER_BYTES) return null;
  const text = new TextDecoder().decode(bytes).replaceAll('\r\n', '\n');
  if (!VERSION.test(text)) return null;
  const oid = /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
  const size = Number(/^size (\d{1,16})$/m.exec(text)?.[1]);
  return oid !== undefined && Number.isSafeInteger(size) ? { oid, sizeBytes: size } : null;
}
