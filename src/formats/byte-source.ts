/** Bytes of a file by offset: opened read-only, read in pieces, never as a whole. */
import { open, stat } from 'node:fs/promises';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';

/** One call to the system reads no more than this, so that an abort is seen soon and the 2 GiB limit of a read is never met. */
const PIECE_BYTES = 16 * 1024 * 1024;

export interface ByteSource {
  /** path, for messages */
  readonly path: string;
  readonly sizeBytes: number;
  /** time of the last change, ms since 1970: two openings of one unchanged file agree in it */
  readonly modifiedMs: number;
  /** Fills `target` from byte `offset`. Throws read-failed (names file and byte) or cancelled. */
  read(offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The part of a Node file handle that a source needs; a test can pass one that reads short. */
export interface ReadableHandle {
  read(target: Uint8Array, at: number, length: number, offset: number): Promise<{ bytesRead: number }>;
  close(): Promise<void>;
}

/** Throws bad-file where there is no such file or it is none (a folder, a pipe, a device), read-failed where it cannot be opened. */
export async function openByteSource(path: string): Promise<ByteSource> {
  try {
    // A pipe or a device would block in open(), so what it is comes first.
    const before = await stat(path);
    if (!before.isFile())
      throw new OffaxisError('bad-file', `${path} is not a regular file. Choose a .safetensors file.`);
    const handle = await open(path, 'r');
    try {
      const facts = await handle.stat();
      return byteSourceOf(handle, path, facts.size, facts.mtimeMs);
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    throw openError(error, path);
  }
}

/** A system error of opening as ours. */
export function openError(error: unknown, path: string): OffaxisError {
  if (error instanceof OffaxisError) return error;
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new OffaxisError('bad-file', `${path} does not exist. Check the path.`, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new OffaxisError('read-failed', `${path} may not be read by this user. Change its permissions.`, {
      cause: error,
    });
  }
  if (code === 'EMFILE' || code === 'ENFILE') {
    const text = `${path} could not be opened: too many files are open. Close other programs or raise the limit (ulimit -n).`;
    return new OffaxisError('read-failed', text, { cause: error });
  }
  return new OffaxisError('read-failed', `${path} could not be opened (${code ?? String(error)}). Try again.`, {
    cause: error,
  });
}

export function byteSourceOf(handle: ReadableHandle, path: string, sizeBytes: number, modifiedMs: number): ByteSource {
  return {
    path,
    sizeBytes,
    modifiedMs,
    async read(offset, target, signal) {
      let done = 0;
      while (done < target.length) {
        throwIfAborted(signal);
        const at = offset + done;
        let bytesRead: number;
        try {
          ({ bytesRead } = await handle.read(target, done, Math.min(PIECE_BYTES, target.length - done), at));
        } catch (error) {
          const text = `${path} could not be read at byte ${at} (${errorCode(error) ?? String(error)}). Check the disk and try again.`;
          throw new OffaxisError('read-failed', text, { cause: error });
        }
        if (bytesRead === 0) {
          const text = `${path} ends at byte ${at}, ${target.length - done} bytes early. It has changed since it was opened, or was not copied whole: open it again.`;
          throw new OffaxisError('read-failed', text);
        }
        done += bytesRead;
      }
      throwIfAborted(signal);
    },
    close: () => handle.close(),
  };
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
