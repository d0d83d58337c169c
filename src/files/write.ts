/**
 * Files are written whole or not at all: into a temporary file beside the destination, made anew (never an existing file, never through a
 * link), synced to the disk, and renamed over the destination. Whatever goes wrong (an abort, a full disk, a signal that ends the process)
 * removes the temporary file and leaves an earlier file as it was.
 */
import { unlinkSync } from 'node:fs';
import { mkdir, open, rename, rm, unlink, utimes, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { throwIfAborted } from '../protocol/errors.ts';
import { diskError, refuseDestination, type DestinationOptions } from './destination.ts';
import { encoded } from './encoded.ts';
import { clearLeftovers, temporaryName } from './leftovers.ts';

export interface WriteOptions extends DestinationOptions {
  signal?: AbortSignal | undefined;
  /** false: a power cut may leave the file torn under its name, for content that is checked when it is read; default true */
  durable?: boolean;
  /** "kept": who writes many files of a folder looks after what dead processes left there by itself */
  leftovers?: 'cleared' | 'kept';
}

/** A file that is being written. `discard` must follow in every case; after `commit` it does nothing. */
export interface Output {
  readonly sizeBytes: number;
  /** Appends. Throws read-failed for errors of the disk, cancelled. */
  write(bytes: Uint8Array): Promise<void>;
  /** Puts the file in its place. Throws as `write`, and bad-parameter if the destination has come to be one that is refused. */
  commit(): Promise<void>;
  /** Removes what was written. Never throws. */
  discard(): Promise<void>;
}

/** A piece between two looks at the signal. */
const PIECE_BYTES = 8 * 1024 * 1024;

/** Writes a result at once, or in the pieces that it comes in: those are one text, however long. Throws bad-parameter (see `refuseDestination`), read-failed, cancelled. */
export async function writeWhole(
  destination: string,
  content: string | Uint8Array | Iterable<string>,
  options: WriteOptions = {},
): Promise<void> {
  const output = await createOutput(destination, options);
  try {
    if (content instanceof Uint8Array) await output.write(content);
    else for (const bytes of encoded(content)) await output.write(bytes);
    await output.commit();
  } finally {
    await output.discard();
  }
}

/** Begins a file. Throws bad-parameter (see `refuseDestination`), read-failed, cancelled. */
export async function createOutput(destination: string, options: WriteOptions = {}): Promise<Output> {
  throwIfAborted(options.signal);
  const mode = await refuseDestination(destination, options);
  const folder = dirname(destination);
  if (options.leftovers !== 'kept') await clearLeftovers(folder);
  const temporary = join(folder, temporaryName());
  const removeAtExit = (): void => {
    try {
      unlinkSync(temporary);
    } catch {
      // It was not made, or is in its place already.
    }
  };
  process.once('exit', removeAtExit);
  try {
    // "wx": fails if there is anything of that name, a link too. Permissions: those of the file that it takes the place of.
    const file = await open(temporary, 'wx', mode ?? 0o666);
    return new OutputFile(file, temporary, destination, mode, options, () => process.off('exit', removeAtExit));
  } catch (error) {
    process.off('exit', removeAtExit);
    throw diskError(destination, error);
  }
}

class OutputFile implements Output {
  sizeBytes = 0;
  private over = false;

  constructor(
    private readonly file: FileHandle,
    private readonly temporary: string,
    private readonly destination: string,
    private readonly mode: number | null,
    private readonly options: WriteOptions,
    private readonly release: () => void,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      throwIfAborted(this.options.signal);
      const length = Math.min(PIECE_BYTES, bytes.length - done);
      const { bytesWritten } = await this.onDisk(() => this.file.write(bytes, done, length, this.sizeBytes));
      done += bytesWritten;
      this.sizeBytes += bytesWritten;
    }
  }

  async commit(): Promise<void> {
    const { mode } = this;
    // what open() made is cut by the process's mask
    if (mode !== null) await this.onDisk(() => this.file.chmod(mode));
    if (this.options.durable !== false) await this.onDisk(() => this.file.sync());
    await this.onDisk(() => this.file.close());
    // It may have come to be a checkpoint, or a link, in the meantime.
    await refuseDestination(this.destination, this.options);
    throwIfAborted(this.options.signal);
    await this.onDisk(() => rename(this.temporary, this.destination));
    this.over = true;
    this.release();
    if (this.options.durable !== false) await syncFolder(dirname(this.destination));
  }

  async discard(): Promise<void> {
    if (this.over) return;
    this.over = true;
    await this.file.close().catch(() => undefined);
    await unlink(this.temporary).catch(() => undefined);
    this.release();
  }

  private async onDisk<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw diskError(this.destination, error);
    }
  }
}

/** So that the new name outlives a power cut. Not every system and file system can: the file is whole in any case. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows opens no folder.
  }
}

/** In a folder of ours, for a store. `mode`: permissions of what is made. Throws read-failed. */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  await mkdir(folder, { recursive: true, mode }).catch((error: unknown) => {
    throw diskError(folder, error);
  });
}

/** Removes a file of ours; a link that lies there goes itself, not what it leads to. That there is none is not an error. Throws read-failed. */
export async function removeFile(file: string): Promise<void> {
  await rm(file, { force: true }).catch((error: unknown) => {
    throw diskError(file, error);
  });
}

/** Sets the time of a file of ours to now. Never throws: where that is not allowed, it keeps its time. */
export async function touchFile(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
}

/** Removes a folder of ours with all that is in it. That there is none is not an error. Throws read-failed. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
    throw diskError(folder, error);
  });
}

/** Renames a file of ours, over what is there. Throws as `refuseDestination`, and read-failed. */
export async function moveFile(from: string, to: string): Promise<void> {
  await refuseDestination(to);
  await rename(from, to).catch((error: unknown) => {
    throw diskError(to, error);
  });
}
