/** Names of temporary files, and the removal of those whose process ended without removing them (a kill, a power cut). */
import { createHash, randomBytes } from 'node:crypto';
import { lstat, readdir, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** A folder may be shared by machines and containers, whose process numbers say nothing here. */
const MACHINE = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const OURS = /^\.offaxis-([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{16}\.part$/;
/** What the store of comparisons wrote before: the number of the process stands before the ending. */
const EARLIER = /^[0-9a-f]{32}\.comparison\.(\d{1,10})\.tmp$/;

/** Of fixed length, so that a long name of the destination does not make one too long. */
export function temporaryName(): string {
  return `.offaxis-${MACHINE}-${process.pid}-${randomBytes(8).toString('hex')}.part`;
}

/** Removes what dead processes left in a folder; nothing else, and no link. Gives the names that were there. Never throws: what cannot be removed stays. */
export async function clearLeftovers(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const [, machine, pid] = OURS.exec(name) ?? [];
    const earlier = EARLIER.exec(name)?.[1];
    const dead = machine === MACHINE ? isDead(Number(pid)) : earlier !== undefined && isDead(Number(earlier));
    if (!dead) continue;
    const file = join(folder, name);
    const facts = await lstat(file).catch(() => null);
    if (facts?.isFile()) await unlink(file).catch(() => undefined);
  }
  return names;
}

/** Signal 0 asks only; EPERM means that it lives, under another user. */
function isDead(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
