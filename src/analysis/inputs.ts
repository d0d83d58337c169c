/** What tells that two machines read the same files: size and a sampled hash, as reading 500 GB on each of them would undo the sharing. */
import { createHash } from 'node:crypto';
import { places, relative } from '../bytes/index.ts';
import type { Checkpoint } from '../checkpoint/index.ts';
import type { InputFile } from '../protocol/part.ts';
import { filesOf } from './checkpointCache.ts';

/** Headers lie at the beginning, and in some formats at the end. */
const EDGE_BYTES = 1024 * 1024;
const BLOCKS = 64;
const BLOCK_BYTES = 4096;

/**
 * Every file of a checkpoint, its configuration among them, sorted by name. A file of up to 2.25 MiB is hashed whole; of a larger one the
 * first and the last MiB and 64 blocks of 4 KiB at even distances. Of what deltas made, the files of every version, but for those of
 * `other`: the other side's, listed there. Throws bad-file, read-failed and cancelled.
 */
export async function inputsOf(
  path: string,
  checkpoint: Checkpoint,
  signal: AbortSignal,
  other: Checkpoint | null = null,
): Promise<InputFile[]> {
  const inputs: InputFile[] = [];
  const parts = checkpoint.madeOf?.filter((part) => part !== other);
  for (const file of parts ? parts.flatMap((part) => filesOf(part.path, part)) : filesOf(path, checkpoint)) {
    // The path may be a folder, and no file beside a checkpoint has to be there.
    if (!(await places.stamp(file)) || (await places.kind(file)) !== 'file') continue;
    const source = await places.open(file);
    try {
      const hash = createHash('sha256').update(`${source.sizeBytes}\n`);
      for (const [from, to] of ranges(source.sizeBytes)) {
        const bytes = new Uint8Array(to - from);
        await source.read(from, bytes, signal);
        hash.update(bytes);
      }
      await source.check(source.stamp);
      const name = relative(checkpoint.folder, file);
      inputs.push({ file: name, sizeBytes: source.sizeBytes, sampleSha256: hash.digest('hex') });
    } finally {
      await source.close();
    }
  }
  return inputs.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** What is read of a file of so many bytes: [from, to) in ascending order. */
export function ranges(size: number): [from: number, to: number][] {
  if (size <= 2 * EDGE_BYTES + BLOCKS * BLOCK_BYTES) return [[0, size]];
  const step = (size - 2 * EDGE_BYTES - BLOCK_BYTES) / (BLOCKS - 1);
  const blocks = Array.from({ length: BLOCKS }, (_, i): [number, number] => {
    const from = EDGE_BYTES + Math.floor(i * step);
    return [from, from + BLOCK_BYTES];
  });
  return [[0, EDGE_BYTES], ...blocks, [size - EDGE_BYTES, size]];
}
