/** Which files a run reads, without opening any: for the refusal of a destination that is one of them. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isRemote } from '../bytes/path.ts';
import { isPartOfCheckpoint } from '../formats/index.ts';

/**
 * The paths themselves and every checkpoint, index and config of their folders. `paths` are files or folders; one that cannot be read has
 * nothing to protect but itself.
 */
export async function readsOf(paths: readonly string[]): Promise<string[]> {
  const all = await Promise.all(
    paths.map(async (path) => {
      // What lies elsewhere is no destination.
      if (isRemote(path)) return [];
      const isFolder = (await stat(path).catch(() => null))?.isDirectory() ?? false;
      const folder = isFolder ? path : dirname(path);
      const names = await readdir(folder).catch(() => []);
      const beside = names.filter((name) => isPartOfCheckpoint(name)).map((name) => join(folder, name));
      return isFolder ? beside : [join(folder, basename(path)), ...beside];
    }),
  );
  return [...new Set(all.flat())];
}
