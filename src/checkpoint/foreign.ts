/** Checkpoints of formats that are known by their names and not read: said as such, not as "no checkpoint". */
import { join, places } from '../bytes/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';

/** Orbax (JAX) and the store below it, TensorStore's OCDBT (orbax.readthedocs.io, "Checkpoint Format Guide"). */
const ORBAX = new Set(['manifest.ocdbt', '_METADATA', '_CHECKPOINT_METADATA', 'orbax.checkpoint']);
/** Steps of a run lie in folders of a folder. */
const MOST_FOLDERS = 100;

export const isOrbaxFile = (name: string): boolean => ORBAX.has(name);

/** What is said of a folder of that kind, or one with such folders in it; null if it is none. Throws read-failed. */
export async function foreignFault(folder: string, names: readonly string[]): Promise<OffaxisError | null> {
  if (names.some(isOrbaxFile)) return orbax(folder);
  for (const name of names.slice(0, MOST_FOLDERS)) {
    const path = join(folder, name);
    // A file of a store that lists would be asked for as a folder.
    if ((await places.kind(path).catch(() => 'other')) !== 'folder') continue;
    if ((await places.list(path).catch(() => [])).some(isOrbaxFile)) return orbax(path);
  }
  return null;
}

export function orbax(folder: string): OffaxisError {
  const text = say`${folder} is an Orbax checkpoint (JAX, OCDBT); Offaxis does not read it. Restore it with Orbax and save its weights with safetensors.`;
  return new OffaxisError('bad-file', text);
}
