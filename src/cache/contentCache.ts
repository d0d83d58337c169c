/**
 * Results on disk by content: what was computed once of the same bytes, with the same parameters, by the same engine. Bounded; what was
 * used longest ago goes first. Several processes may use one folder, and any of them may be killed at any time: every entry is a file of
 * its own that is renamed into place whole and checked when it is read. Nothing here ever ends a run.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createOutput, makeFolder, removeFile, touchFile } from '../files/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { HEAD_BYTES, headOf, readEntry } from './entryFile.ts';
import { fileOf, listEntries, type ListedEntry } from './folder.ts';

export interface CacheOptions {
  folder: string;
  /** what all entries together may take */
  maxBytes: number;
  /** hears one sentence if the cache can't be written; the run goes on without it */
  warn: (line: string) => void;
}

/** Entries of up to so many bytes are worth more than the large ones, which a base that is larger than the cache would replace in turn. */
const SMALL_BYTES = 2 ** 20;
/** Other processes write too: what all entries take is looked at again after so many writes. */
const WRITES_A_LOOK = 64;
/** Left free by an eviction, as a share, so that not every write makes one. */
const KEPT_SHARE = 0.95;

/** The name of an entry: of a kind, over everything that it depends on. */
export function cacheKey(kind: string, ...parts: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, ...parts]))
    .digest('hex');
}

/** The system's word for what went wrong. */
function codeOf(error: unknown): string {
  const cause = error instanceof OffaxisError ? error.cause : error;
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? String(error);
}

export class ContentCache {
  /** bytes that all entries take, as far as this process knows; null: not looked at yet */
  private used: number | null = null;
  private writes = 0;
  private broken = false;
  private writing: Promise<void> = Promise.resolve();
  private readonly started = Date.now();

  constructor(private readonly options: CacheOptions) {}

  /** The content of an entry, null if there is none. Never throws. */
  async get(key: string): Promise<Uint8Array | null> {
    const file = fileOf(this.options.folder, key);
    const content = await readEntry(file, key, this.options.maxBytes);
    // When it was used last is the time of the file: two processes then agree on it.
    if (content) await touchFile(file);
    return content;
  }

  /** Keeps an entry; returns when the one before it is written. Never throws: what can't be written is not kept. */
  async put(key: string, content: Uint8Array): Promise<void> {
    const before = this.writing;
    this.writing = before.then(() => this.write(key, content));
    await before;
  }

  /** When everything is written. */
  flush(): Promise<void> {
    return this.writing;
  }

  private async write(key: string, content: Uint8Array): Promise<void> {
    const bytes = HEAD_BYTES + content.byteLength;
    if (this.broken || bytes > this.options.maxBytes) return;
    try {
      if (!(await this.makeRoom(bytes))) return;
      const file = fileOf(this.options.folder, key);
      await makeFolder(join(file, '..'), 0o700);
      const output = await createOutput(file, { durable: false, leftovers: 'kept' });
      try {
        await output.write(headOf(key, content));
        await output.write(content);
        await output.commit();
      } finally {
        await output.discard();
      }
      this.used = (this.used ?? 0) + bytes;
    } catch (error) {
      const code = codeOf(error);
      // Another process has removed it, or reads it, at this moment: its own affair.
      if (code === 'ENOENT' || (await readEntry(fileOf(this.options.folder, key), key, bytes))) return;
      this.broken = true;
      this.options.warn(
        `Results can't be kept in ${this.options.folder} (${code}), and this run goes on without: free some space there, name another folder in OFFAXIS_CACHE, or keep none.`,
      );
    }
  }

  /** False if there is no room but that of entries which are worth more than this one. Throws read-failed. */
  private async makeRoom(bytes: number): Promise<boolean> {
    const { folder, maxBytes } = this.options;
    if (this.used !== null && ++this.writes % WRITES_A_LOOK !== 0 && this.used + bytes <= maxBytes) return true;
    const entries = await listEntries(folder);
    let used = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const isSpared = ({ usedMs }: ListedEntry): boolean => bytes > SMALL_BYTES && usedMs >= this.started;
    if (used + bytes > maxBytes) {
      entries.sort((a, b) => a.usedMs - b.usedMs);
      for (const entry of entries) {
        if (used + bytes <= maxBytes * KEPT_SHARE || isSpared(entry)) break;
        await removeFile(entry.file);
        used -= entry.sizeBytes;
      }
    }
    this.used = used;
    return used + bytes <= maxBytes;
  }
}
