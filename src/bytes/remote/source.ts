/** A remote file by offset, in blocks of which those that were read lately are at hand. */
import { OffaxisError, throwIfAborted } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import { changedError, type ByteSource } from '../source.ts';
import { isSameStamp, type FileStamp } from '../stamp.ts';
import { BLOCK_BYTES, PAGE_BYTES, type BlockStore, type RecentBlocks } from './blocks.ts';
import { isStrong, versionOf, type Seen, type Transfer } from './transfer.ts';

/** Of one request. */
const PIECE_BYTES = 4 * BLOCK_BYTES;

export function stampOfSeen(seen: Seen): FileStamp {
  return { sizeBytes: seen.sizeBytes, modifiedNs: 0n, inode: 0n, device: 0n, version: versionOf(seen) };
}

export interface Blocks {
  recent: RecentBlocks;
  store: BlockStore | null;
}

export function remoteSource(
  path: string,
  seen: Seen,
  transfer: Transfer,
  { recent, store: given }: Blocks,
): ByteSource {
  // Another version may have the date of this one, or a weak name: it is told apart as long as the process lives, and no longer.
  const store = isStrong(seen) ? given : null;
  const stamp = stampOfSeen(seen);
  const { sizeBytes } = seen;
  const keyOf = (unit: number, i: number): string => `${path}\n${stamp.version ?? ''}\n${unit}\n${i}`;
  if (!seen.isWhole && seen.head.length === PAGE_BYTES) recent.put(keyOf(PAGE_BYTES, 0), seen.head);

  /** The stretch as units of so many bytes, those that are missing by as few requests as there are gaps. */
  async function readUnits(unit: number, offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    const end = offset + target.length;
    const [first, last] = [Math.floor(offset / unit), Math.ceil(end / unit)];
    const place = (i: number, bytes: Uint8Array): void => {
      const [from, to] = [Math.max(offset, i * unit), Math.min(end, i * unit + bytes.length)];
      target.set(bytes.subarray(from - i * unit, to - i * unit), from - offset);
    };
    const missing: number[] = [];
    for (let i = first; i < last; i++) {
      const key = keyOf(unit, i);
      let bytes = recent.get(key);
      if (!bytes && unit === BLOCK_BYTES) bytes = (await store?.get(key)) ?? null;
      throwIfAborted(signal);
      if (bytes?.length === Math.min(unit, sizeBytes - i * unit)) place(i, bytes);
      else missing.push(i);
    }
    await Promise.all(
      runs(missing, Math.max(1, PIECE_BYTES / unit)).map(async ([from, to]) => {
        const bytes = new Uint8Array(Math.min(sizeBytes, to * unit) - from * unit);
        await transfer.range(path, seen, from * unit, bytes, signal);
        for (let i = from; i < to; i++) {
          const one = bytes.slice((i - from) * unit, (i - from + 1) * unit);
          recent.put(keyOf(unit, i), one);
          place(i, one);
          if (unit === BLOCK_BYTES) await store?.put(keyOf(unit, i), one);
        }
      }),
    );
  }

  return {
    path,
    sizeBytes,
    stamp,
    async read(offset, target, signal) {
      throwIfAborted(signal);
      if (offset + target.length > sizeBytes)
        throw new OffaxisError(
          'read-failed',
          say`${path} ends at byte ${sizeBytes}, ${offset + target.length - sizeBytes} bytes early. It was not uploaded whole: open it again.`,
        );
      if (seen.isWhole) target.set(seen.head.subarray(offset, offset + target.length));
      else await readUnits(target.length < BLOCK_BYTES ? PAGE_BYTES : BLOCK_BYTES, offset, target, signal);
      throwIfAborted(signal);
    },
    // Every answer was held to the version that was looked at first, so there is nothing left to ask.
    check: (expected) => (isSameStamp(stamp, expected) ? Promise.resolve() : Promise.reject(changedError(path))),
    close: () => Promise.resolve(),
  };
}

/** Numbers in ascending order as runs [from, to) of at most `most`. */
function runs(numbers: readonly number[], most: number): [from: number, to: number][] {
  const found: [number, number][] = [];
  for (const n of numbers) {
    const last = found.at(-1);
    if (last && last[1] === n && n - last[0] < most) last[1] = n + 1;
    else found.push([n, n + 1]);
  }
  return found;
}
