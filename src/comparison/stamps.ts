/** Stamps of the files that a path names: whether one of them has changed since. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { disk, stampText } from '../bytes/index.ts';
import { stepName } from '../checkpoint/steps.ts';
import { isPartOfCheckpoint } from '../files/index.ts';
import { OffaxisError, toWireError, type WireError } from '../protocol/errors.ts';
import { appendAll } from '../protocol/lists.ts';
import { say } from '../protocol/say.ts';

/** What the page of restored figures says if the fingerprint of their files is another by now. */
export const STALE: WireError = toWireError(
  new OffaxisError(
    'bad-file',
    say('These figures were computed before the files changed on disk. Press Retry to compute them again.'),
  ),
);

/** No checkpoint has as many files. */
const MOST_FILES = 10_000;
const STAMPS_AT_ONCE = 64;

/**
 * A line a file: of a file its own, of a folder those of its parts, which may lie in folders of it; empty if it holds none. The steps
 * inside of a folder that is not a step itself are checkpoints of their own. Throws what reading the folder throws.
 */
export async function stampsOf(path: string): Promise<string> {
  if ((await disk.kind(path)) !== 'folder') return line(path);
  const names = await readdir(path, { recursive: true });
  const holdsSteps = stepName(basename(path)) === null;
  const parts = names.filter((name) => {
    const folders = name.split(/[\\/]/);
    const file = folders.pop() ?? '';
    return isPartOfCheckpoint(file) && !(holdsSteps && folders.some((folder) => stepName(folder)));
  });
  parts.sort();
  const lines: string[] = [];
  for (let first = 0; first < Math.min(parts.length, MOST_FILES); first += STAMPS_AT_ONCE) {
    const some = parts.slice(first, Math.min(first + STAMPS_AT_ONCE, MOST_FILES));
    appendAll(lines, await Promise.all(some.map((name) => line(join(path, name)))));
  }
  return lines.join('\n');
}
const line = async (path: string): Promise<string> => `${path}: ${stampText(await disk.stamp(path))}`;

/** Of all of them: other bytes, other fingerprint. Never throws: what is missing or cannot be read has one, too. */
export async function fingerprint(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map((path) => stampsOf(path).catch(() => line(path))))).join('\n');
}
