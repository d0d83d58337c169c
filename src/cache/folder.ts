/** The folder of the cache: where an entry lies, what is there, and its end. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { clearLeftovers, removeFile } from '../files/index.ts';
import { appendAll } from '../protocol/lists.ts';

const NAME = /^[0-9a-f]{64}\.entry$/;
const PART = /^[0-9a-f]{2}$/;

export interface ListedEntry {
  file: string;
  sizeBytes: number;
  /** when it was read or written last, ms since 1970 */
  usedMs: number;
}

/** In one of 256 folders, by the first digits of its key: no folder grows long. */
export function fileOf(folder: string, key: string): string {
  return join(folder, key.slice(0, 2), `${key}.entry`);
}

/** Every entry, whole or not; what processes that were killed left in the middle of a write is removed. Never throws. */
export async function listEntries(folder: string): Promise<ListedEntry[]> {
  const entries: ListedEntry[] = [];
  const parts = await readdir(folder).catch(() => []);
  for (const part of parts.filter((name) => PART.test(name))) {
    const within = join(folder, part);
    const names = await clearLeftovers(within);
    const found = await Promise.all(
      names
        .filter((name) => NAME.test(name))
        .map(async (name): Promise<ListedEntry[]> => {
          const file = join(within, name);
          // Another process may have removed it just now.
          const facts = await stat(file).catch(() => null);
          return facts?.isFile() ? [{ file, sizeBytes: facts.size, usedMs: facts.mtimeMs }] : [];
        }),
    );
    appendAll(entries, found.flat());
  }
  return entries;
}

export interface CacheFacts {
  entries: number;
  sizeBytes: number;
}

/** How much it holds. Never throws: a folder that is not there holds nothing. */
export async function cacheFacts(folder: string): Promise<CacheFacts> {
  const entries = await listEntries(folder);
  return { entries: entries.length, sizeBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

/** Removes every entry and nothing else; returns what that was. Runs that use it at the moment compute again. Throws read-failed. */
export async function clearCache(folder: string): Promise<CacheFacts> {
  const entries = await listEntries(folder);
  for (const { file } of entries) await removeFile(file);
  return { entries: entries.length, sizeBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}
