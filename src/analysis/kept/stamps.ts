/** Whether the files of a comparison are, beyond doubt, those of an earlier run: then nothing of them needs to be read. */
import { stat } from 'node:fs/promises';
import { join, stampOf, stampText } from '../../bytes/index.ts';
import type { Checkpoint } from '../../checkpoint/index.ts';
import { filesOf } from '../checkpointCache.ts';

/**
 * A file system's clock may tick every two seconds only (FAT), and a second write within one tick leaves the times as they were: a stamp
 * says something only if it is older than that when it is taken.
 */
const SETTLED_MS = 3000;

/**
 * Every file that the checkpoints were read from, with size, inode, device, and both times: of the last change of the content, and of
 * anything (a restored time of the content changes this one). Null if a file changed so lately, or lies so far in the future, that
 * another change would not show; or if one that was read is not on a disk.  `now`: ms since 1970, before anything is looked at.
 */
export async function settledStamps(checkpoints: readonly Checkpoint[], now = Date.now()): Promise<string | null> {
  const files = new Set<string>();
  const read = new Set<string>();
  for (const checkpoint of checkpoints.flatMap((one) => one.madeOf ?? [one])) {
    for (const file of filesOf(checkpoint.path, checkpoint)) files.add(file);
    for (const file of checkpoint.stamps.keys()) read.add(join(checkpoint.folder, file));
    read.add(checkpoint.path);
  }
  for (const file of read) files.add(file);
  const lines: string[] = [];
  for (const file of [...files].sort()) {
    const facts = await stat(file, { bigint: true }).catch(() => null);
    // It was read, and is not on this disk: it lies somewhere else, where there are no such times.
    if (!facts && read.has(file)) return null;
    if (facts && Math.max(Number(facts.mtimeMs), Number(facts.ctimeMs)) > now - SETTLED_MS) return null;
    lines.push(JSON.stringify([file, stampText(facts && stampOf(facts)), facts ? String(facts.ctimeNs) : null]));
  }
  return lines.join('\n');
}
