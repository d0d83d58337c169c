/** The open files of a checkpoint: a few at a time, opened when they are read, however many shards there are. */
import { type ByteSource, changedError, type FileStamp, isSameStamp, join, places } from '../bytes/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { Neighbours } from './neighbours.ts';

/** Systems allow 256 open files a process at worst; indexes name hundreds of shards. */
const MAX_OPEN_FILES = 48;

interface OpenFile {
  source: Promise<ByteSource>;
  /** made at the first reading of data */
  neighbours: Neighbours | null;
  users: number;
}

export class ShardFiles {
  /** in the order of their last use */
  private readonly open = new Map<string, OpenFile>();
  private readonly known = new Map<string, FileStamp>();
  private closed = false;

  constructor(private readonly folder: string) {}

  get stamps(): ReadonlyMap<string, FileStamp> {
    return this.known;
  }

  /** Runs `work` on a file of the folder, which stays open at least that long. Throws as openByteSource does, and read-failed if the file has changed. */
  async use<T>(file: string, work: (source: ByteSource, entry: OpenFile) => Promise<T>): Promise<T> {
    if (this.closed) throw new OffaxisError('cancelled', 'The checkpoint was closed.');
    const entry = this.open.get(file) ?? { source: this.openAgain(file), neighbours: null, users: 0 };
    entry.users++;
    this.open.delete(file);
    this.open.set(file, entry);
    try {
      return await work(await entry.source, entry);
    } catch (error) {
      if (entry.users === 1 && (await failed(entry.source))) this.open.delete(file);
      throw error;
    } finally {
      entry.users--;
      await this.closeIdle(this.closed ? 0 : MAX_OPEN_FILES);
    }
  }

  /** As `use`, for data: what was read is thrown away if the file has changed since its header was read. */
  async read(file: string, offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.use(file, (source, entry) => {
      entry.neighbours ??= new Neighbours(source, this.known.get(file) ?? source.stamp);
      return entry.neighbours.read(offset, target, signal);
    });
  }

  /**
   * As `read`, for a thread that reads by itself: `work` with the number of the open file. Null, without `work`, if it is no file of this
   * machine.
   */
  async direct<T>(file: string, work: (descriptor: number) => Promise<T>): Promise<T | null> {
    return this.use(file, async (source) => {
      if (source.descriptor === undefined) return null;
      const result = await work(source.descriptor);
      await source.check(this.known.get(file) ?? source.stamp);
      return result;
    });
  }

  /** Throws read-failed if a file that was opened is not any more what it was, or is another one under its name. */
  async verify(): Promise<void> {
    for (const [file, stamp] of this.known) {
      const path = join(this.folder, file);
      if (!isSameStamp(await places.stamp(path), stamp)) throw changedError(path);
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
    const source = await places.open(join(this.folder, file));
    const known = this.known.get(file);
    if (!known) this.known.set(file, source.stamp);
    else if (!isSameStamp(known, source.stamp)) {
      await source.close();
      throw changedError(source.path);
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
