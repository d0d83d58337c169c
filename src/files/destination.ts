/** What may be written at a path, decided before anything is: never a checkpoint, its index or config, nor through a link. */
import { constants } from 'node:fs';
import { access, lstat, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { isCheckpointFile, isIndexFile } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say, type Text } from '../protocol/say.ts';
import { lookOf, LOOK_BYTES } from './look.ts';

export interface DestinationOptions {
  /** Files that the run reads, by any name: the destination is none of them, nor linked to one. See `readsOf`. */
  reads?: Iterable<string>;
  /** The result is a checkpoint itself (an exported tensor): its name may say so, as long as nothing is there yet. */
  checkpoint?: boolean;
  /** The result is the index of shards of ours: likewise. */
  index?: boolean;
  /** A copy, for ourselves, of any file of a checkpoint: its name may be any of them, as long as nothing is there yet. */
  part?: boolean;
}

const PART_NAME = /(\.index\.json|^(adapter_)?config\.json)$/i;

/**
 * Throws bad-parameter if nothing may be written at `destination`: it is a link (a symbolic link is never followed, a dangling one
 * neither, and never replaced), a folder, a pipe or a device; it is one of `reads` by device and inode, so under whatever name or hard
 * link; or it has the name or the first bytes of a checkpoint, an index or a config, whether or not the run reads it. Returns the
 * permission bits of the regular file that is there, null if there is none.
 */
export async function refuseDestination(
  destination: string,
  { reads = [], checkpoint = false, index = false, part = false }: DestinationOptions = {},
): Promise<number | null> {
  const there = await lstat(destination, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw diskError(destination, error);
  });
  if (there) await refuseRead(destination, reads);
  const name = basename(destination);
  const isNewIndex = index && isIndexFile(name) && there === null;
  if (!isNewIndex && !part && (PART_NAME.test(name) || isIndexFile(name)))
    throw refused(
      destination,
      say`has the name of a checkpoint's index or config, which is never written. Choose another name.`,
    );
  if (!checkpoint && !part && isCheckpointFile(name))
    throw refused(
      destination,
      say`is the name of a checkpoint; results are not written over checkpoints. Choose another name.`,
    );
  if (!there) return null;
  if (there.isSymbolicLink())
    throw refused(
      destination,
      say('is a symbolic link, and Offaxis does not write through links. Remove it, or choose another name.'),
    );
  if (!there.isFile()) throw refused(destination, say`is not a regular file. Choose another name.`);
  if (part || isCheckpointFile(name))
    throw refused(destination, say`is there already, and Offaxis never writes over a checkpoint. Choose another name.`);
  const look = lookOf(await firstBytes(destination), Number(there.size));
  if (look !== null)
    throw refused(
      destination,
      say`is there already and looks like ${look}, which Offaxis does not write over. Choose another name, or remove it first.`,
    );
  // A rename asks for the folder's permission only; a file that its owner made read-only stays as it is.
  await access(destination, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw diskError(destination, error);
  });
  return Number(there.mode) & 0o777;
}

/** By device and inode: names say nothing, of a symbolic link's target neither. */
async function refuseRead(destination: string, reads: Iterable<string>): Promise<void> {
  const there = await stat(destination, { bigint: true }).catch(() => null);
  if (!there) return;
  for (const read of reads) {
    const facts = await stat(read, { bigint: true }).catch(() => null);
    if (facts?.dev === there.dev && facts.ino === there.ino)
      throw refused(
        destination,
        say(
          'is a file of the checkpoint itself, or linked to one. Nothing is ever written to a checkpoint: choose another name.',
        ),
      );
  }
}

/** Of a regular file, so that opening it does not wait; empty if it may not be read. */
async function firstBytes(file: string): Promise<Uint8Array> {
  // not through a link, and not into a pipe, that came to be there in the meantime
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const handle = await open(file, flags).catch(() => null);
  if (!handle) return new Uint8Array();
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(LOOK_BYTES), 0, LOOK_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw diskError(file, error);
  } finally {
    await handle.close();
  }
}

function refused(destination: string, why: Text): OffaxisError {
  return new OffaxisError('bad-parameter', named(destination, why));
}

/** The file by its name, what is wrong, and only then its whole path: a notification shows a few lines, and a path takes them all. */
function named(destination: string, why: Text): Text {
  const name = basename(destination);
  return name === destination || name === ''
    ? say`${destination} ${why}`
    : say`${name} ${why} Its path: ${destination}`;
}

const WHY: Readonly<Record<string, Text>> = {
  ENOSPC: say('the disk is full. Free some space, or choose another disk.'),
  EDQUOT: say("the disk's quota is used up. Free some space, or choose another disk."),
  ENOENT: say('its folder does not exist. Make it first, or choose another one.'),
  ENOTDIR: say('its folder is not a folder. Choose another place.'),
  EACCES: say('this user may not write there. Change the permissions, or choose another place.'),
  EPERM: say('this user may not write there. Change the permissions, or choose another place.'),
  EROFS: say('the disk is read-only. Choose another place.'),
  ENAMETOOLONG: say('the name is too long. Choose a shorter one.'),
  EFBIG: say('the disk does not hold files of that size. Choose another disk.'),
};

/** An error of the system while writing as ours: read-failed, which stands for the disk. */
export function diskError(destination: string, error: unknown): OffaxisError {
  if (error instanceof OffaxisError) return error;
  const { code = String(error) } = error as NodeJS.ErrnoException;
  const why = WHY[code] ?? say('choose another place, or try again.');
  return new OffaxisError('read-failed', named(destination, say`can't be written (${code}): ${why}`), { cause: error });
}
