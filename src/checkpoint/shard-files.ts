/** The open files of a checkpoint: a few at a time, opened when they are read, however many shards there are. */
import { join } from 'node:path';
import { openByteSource, type ByteSource } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { FileState } from './types.ts';

/** Systems allow 256 open files a process at worst; indexes name hundreds of shards. */
const MAX_OPEN_FILES = 48;

interface OpenFile {
  source: Promise<ByteSource>;
  users: number;
}

export class ShardFiles {
  /** in the order of their last use */
  private readonly open = new Map<string, OpenFile>();
  private readonly known = new Map<string, FileState>();
  private closed = false;

  constructor(private readonly folder: string) {}

  get states(): ReadonlyMap<string, FileState> {
    return this.known;
  }

  /** Runs `work` on a file of the folder, which stays open at least that long. Throws as openByteSource does, and read-failed where the file has changed. */
  async use<T>(file: string, work: (source: ByteSource) => Promise<T>): Promise<T> {
    if (this.closed) throw new OffaxisError('cancelled', 'The checkpoint was closed.');
    const entry = this.open.get(file) ?? { source: this.openAgain(file), users: 0 };
    entry.users++;
    this.open.delete(file);
    this.open.set(file, entry);
    try {
      return await work(await entry.source);
    } catch (error) {
      if (entry.users === 1 && (await failed(entry.source))) this.open.delete(file);
      throw error;
    } finally {
      entry.users--;
      await this.closeIdle(this.closed ? 0 : MAX_OPEN_FILES);
    }
  }

  /** Closes what is not in use; a later use opens it again. */
  async rest(): Promise<void> {
    await this.closeIdle(0);
  }

  /** Files in use are closed when their last user ends. */
  async close(): Promise<void> {
    this.closed = true;
    await this.closeIdle(0);
  }

  private async openAgain(file: string): Promise<ByteSource> {
    const source = await openByteSource(join(this.folder, file));
    const known = this.known.get(file);
    if (!known) this.known.set(file, { sizeBytes: source.sizeBytes, modifiedMs: source.modifiedMs });
    else if (known.sizeBytes !== source.sizeBytes || known.modifiedMs !== source.modifiedMs) {
      await source.close();
      throw new OffaxisError(
        'read-failed',
        `${source.path} has changed since it was opened. Open the checkpoint again.`,
      );
    }
    return source;
  }

  private async closeIdle(keep: number): Promise<void> {
    for (const [file, entry] of this.open) {
      if (this.open.size <= keep) return;
      if (entry.users > 0) continue;
      this.open.delete(file);
      if (!(await failed(entry.source))) await (await entry.source).close();
    }
  }
}

async function failed(source: Promise<ByteSource>): Promise<boolean> {
  try {
    await source;
    return false;
  } catch {
    return true;
  }
}
