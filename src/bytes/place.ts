/** Where files lie: what is listed, opened and stamped, whatever kind of place it is. The disk is the first. */
import { readdir, stat } from 'node:fs/promises';
import { brokenLink, openByteSource, openError, type ByteSource } from './source.ts';
import { stampOf, type FileStamp } from './stamp.ts';

export type EntryKind = 'file' | 'folder' | 'other';

export interface Place {
  /** What lies at a path, links followed. Never opens it. Throws bad-file if nothing does, read-failed. */
  kind(path: string): Promise<EntryKind>;
  /** Names in a folder, sorted. Throws bad-file and read-failed. */
  list(folder: string): Promise<string[]>;
  /** False of places that only hand out what is asked for by name: `list` throws there. */
  canList(folder: string): boolean;
  /** Opens a regular file; a pipe or a device is refused and never waited on. Throws bad-file and read-failed. */
  open(path: string): Promise<ByteSource>;
  /** null if there is nothing. Never opens it, never throws. */
  stamp(path: string): Promise<FileStamp | null>;
}

export const disk: Place = {
  async kind(path) {
    try {
      const facts = await stat(path);
      return facts.isFile() ? 'file' : facts.isDirectory() ? 'folder' : 'other';
    } catch (error) {
      throw (await brokenLink(path)) ?? openError(error, path);
    }
  },
  async list(folder) {
    try {
      return (await readdir(folder)).sort();
    } catch (error) {
      throw openError(error, folder);
    }
  },
  canList: () => true,
  open: openByteSource,
  async stamp(path) {
    const facts = await stat(path, { bigint: true }).catch(() => null);
    return facts && stampOf(facts);
  },
};
