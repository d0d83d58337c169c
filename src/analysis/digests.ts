/** SHA-256 of files and tensors as a stream, in the order asked for. */
import { join } from '../bytes/index.ts';
import { openCheckpoint, wholeWeight, type Weight } from '../checkpoint/index.ts';
import { fileDigest, tensorDigest, valuesDigest } from '../health/index.ts';
import { toWireError } from '../protocol/errors.ts';
import type { EngineStreams } from '../protocol/engine.ts';
import type { DigestEvent } from '../protocol/health.ts';
import { Estimate } from './queue.ts';

interface Item {
  of: 'file' | 'tensor';
  name: string;
  sizeBytes: number;
  weight: Weight | null;
  /** what is hashed of a weight: the bytes that it is stored as, or the values that they make */
  digestOf: typeof tensorDigest | typeof valuesDigest;
}
/** of a 32-bit float */
const VALUE_BYTES = 4;

/** What cannot be read yields `failed`, and the rest goes on. Throws bad-file, read-failed and cancelled. */
export async function* digestCheckpoint(
  { path, files, tensors }: Parameters<EngineStreams['digest']>[0],
  signal: AbortSignal,
): AsyncGenerator<DigestEvent, void, undefined> {
  const checkpoint = await openCheckpoint(path, signal);
  try {
    const named = tensors === 'all' ? [...checkpoint.tensors.keys()] : tensors;
    const items: Item[] = [];
    if (files)
      for (const { file, sizeBytes } of checkpoint.facts.shards)
        if (sizeBytes !== null) items.push({ of: 'file', name: file, sizeBytes, weight: null, digestOf: tensorDigest });
    for (const name of named) {
      const row = checkpoint.tensors.get(name);
      if (row && row.offset !== null) {
        const weight = wholeWeight(checkpoint, row);
        const item = { of: 'tensor', name, weight } as const;
        if (weight.quantised !== undefined)
          items.push({ ...item, sizeBytes: weight.count * VALUE_BYTES, digestOf: valuesDigest });
        else
          items.push({ ...item, sizeBytes: sum(weight.entries, ({ sizeBytes }) => sizeBytes), digestOf: tensorDigest });
      } else
        yield {
          type: 'failed',
          name,
          message: `${JSON.stringify(name)} has no bytes to hash: it is missing or damaged.`,
        };
    }
    const total = sum(items, ({ sizeBytes }) => sizeBytes);
    const estimate = new Estimate(total);
    let hashed = 0;
    for (const { of, name, sizeBytes, weight, digestOf } of items) {
      const count = (bytes: number): void => {
        hashed += bytes;
        estimate.add(bytes);
      };
      const work = weight
        ? digestOf(weight, signal, count)
        : fileDigest(join(checkpoint.folder, name), signal, count).then(({ sha256 }) => sha256);
      // A caller that leaves in between does not await it.
      work.catch(() => undefined);
      try {
        // One file may take minutes: progress is told while it goes on.
        for (;;) {
          const sha256 = await Promise.race([work, pause()]);
          yield { type: 'progress', done: hashed, total, secondsLeft: estimate.secondsLeft() };
          if (sha256 === null) continue;
          yield { type: 'digest', digest: { of, name, sizeBytes, sha256 } };
          break;
        }
      } catch (error) {
        if (signal.aborted) throw error;
        yield { type: 'failed', name, message: toWireError(error).message };
      }
    }
  } finally {
    await checkpoint.close();
  }
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

/** At most ten messages a second. */
function pause(): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), 100));
}
