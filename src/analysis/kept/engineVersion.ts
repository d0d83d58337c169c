/** What tells one build of the engine from another: a cache must not serve what other code has computed. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * SHA-256 over the code itself: the running bundle, that of the threads and the kernels; and over the processor's kind. A version number
 * alone would stay the same while the engine is worked on. `directory`: where the built worker and kernels lie.
 */
export function engineVersion(directory: string): string {
  const kernels = join(directory, 'kernels');
  const files = [
    fileURLToPath(import.meta.url),
    join(directory, 'linalg-worker.mjs'),
    ...readdirSync(kernels)
      .filter((name) => name.endsWith('.wasm'))
      .sort()
      .map((name) => join(kernels, name)),
  ];
  const hash = createHash('sha256').update(`${process.arch} ${process.versions.v8}`);
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}
