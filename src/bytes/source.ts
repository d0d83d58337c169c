/** Bytes of a file by offset: opened read-only, read in pieces, never as a whole. */
import { constants } from 'node:fs';
import { lstat, open, readlink, stat } from 'node:fs/promises';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import { isSameStamp, stampOf, type FileStamp } from './stamp.ts';

/** One call to the system reads no more than this, so that an abort is seen soon and the 2 GiB limit of a read is never met. */
const PIECE_BYTES = 16 * 1024 * 1024;

export interface ByteSource {
  /** path, for messages */
  readonly path: string;
  readonly sizeBytes: number;
  /** what the file was when it was opened */
  readonly stamp: FileStamp;
  /** the system's number of the open file, by which another thread can read it; absent if it is no file of this machine */
  readonly descriptor?: number;
  /** Fills `target` from byte `offset`. Throws read-failed (names file and byte) or cancelled. */
  read(offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Throws read-failed if the file is not any more what `stamp` says, or if that cannot be told: what was read of it may be of both. */
  check(stamp: FileStamp): Promise<void>;
  close(): Promise<void>;
}

/** The part of a Node file handle that a source needs; a test can pass one that reads short. */
export interface ReadableHandle {
  read(target: Uint8Array, at: number, length: number, offset: number): Promise<{ bytesRead: number }>;
  stamp(): Promise<FileStamp>;
  close(): Promise<void>;
  readonly descriptor?: number;
}

/** Throws bad-file if there is no such file or it is not a regular one (a folder, a pipe, a device), read-failed if it cannot be opened. */
export async function openByteSource(path: string): Promise<ByteSource> {
  try {
    // A pipe or a device would block in open(), so what it is comes first; it may become one in between.
    if (!(await stat(path)).isFile()) throw notRegular(path);
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const facts = await handle.stat({ bigint: true });
      if (!facts.isFile()) throw notRegular(path);
      const stamp = async (): Promise<FileStamp> => stampOf(await handle.stat({ bigint: true }));
      return byteSourceOf(
        { read: (...rest) => handle.read(...rest), stamp, close: () => handle.close(), descriptor: handle.fd },
        path,
        stampOf(facts),
      );
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    throw (await brokenLink(path)) ?? openError(error, path);
  }
}

/** An error if the path is a link whose target is not there, as a download that was broken off leaves them in a hub's cache. */
export async function brokenLink(path: string): Promise<OffaxisError | null> {
  const link = await lstat(path).catch(() => null);
  if (!link?.isSymbolicLink() || (await stat(path).catch(() => null))) return null;
  const target = await readlink(path).catch(() => '');
  return new OffaxisError(
    'bad-file',
    say`${path} is a link to ${target}, which is not there: the download was not finished, or its file was deleted. Download it again.`,
  );
}

function notRegular(path: string): OffaxisError {
  return new OffaxisError('bad-file', say`${path} is not a regular file. Choose the file of a checkpoint.`);
}

/** A system error of opening as ours. */
export function openError(error: unknown, path: string): OffaxisError {
  if (error instanceof OffaxisError) return error;
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new OffaxisError('bad-file', say`${path} does not exist. Check the path.`, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new OffaxisError('read-failed', say`${path} may not be read by this user. Change its permissions.`, {
      cause: error,
    });
  }
  if (code === 'EMFILE' || code === 'ENFILE') {
    const text = say`${path} could not be opened: too many files are open. Close other programs or raise the limit (ulimit -n).`;
    return new OffaxisError('read-failed', text, { cause: error });
  }
  return new OffaxisError('read-failed', say`${path} could not be opened (${code ?? String(error)}). Try again.`, {
    cause: error,
  });
}

/** What is said of a file that is not what it was. */
export function changedError(path: string): OffaxisError {
  return new OffaxisError(
    'read-failed',
    say`${path} has changed since it was opened: what was read of it may be partly old and partly new. Open the checkpoint again.`,
  );
}

export function byteSourceOf(handle: ReadableHandle, path: string, stamp: FileStamp): ByteSource {
  return {
    path,
    sizeBytes: stamp.sizeBytes,
    stamp,
    ...(handle.descriptor === undefined ? {} : { descriptor: handle.descriptor }),
    async read(offset, target, signal) {
      let done = 0;
      while (done < target.length) {
        throwIfAborted(signal);
        const at = offset + done;
        let bytesRead: number;
        try {
          ({ bytesRead } = await handle.read(target, done, Math.min(PIECE_BYTES, target.length - done), at));
        } catch (error) {
          const text = say`${path} could not be read at byte ${at} (${errorCode(error) ?? String(error)}). Check the disk and try again.`;
          throw new OffaxisError('read-failed', text, { cause: error });
        }
        if (bytesRead === 0) {
          const text = say`${path} ends at byte ${at}, ${target.length - done} bytes early. It has changed since it was opened, or was not copied whole: open it again.`;
          throw new OffaxisError('read-failed', text);
        }
        done += bytesRead;
      }
      throwIfAborted(signal);
    },
    async check(expected) {
      const now = await handle.stamp().catch((error: unknown) => {
        const text = say`${path} could not be looked at again (${errorCode(error) ?? String(error)}): whether it has changed is unknown. Check the disk and try again.`;
        throw new OffaxisError('read-failed', text, { cause: error });
      });
      if (!isSameStamp(now, expected)) throw changedError(path);
    },
    close: () => handle.close(),
  };
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
