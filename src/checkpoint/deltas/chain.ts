/** The versions before a delta, which lie beside it under names that end in their numbers. */
import { basename, dirname, join, places, resolve } from '../../bytes/index.ts';
import type { DeltaCheckpoint } from './applied.ts';

/** "weight_v", "000005" */
const NUMBERED = /^(.*?)(\d+)$/s;

/** The folder of the version that it was made on; null if there is none beside it. */
export async function versionBefore({ folder, delta }: DeltaCheckpoint): Promise<string | null> {
  const own = resolve(folder);
  const [, stem, digits] = NUMBERED.exec(basename(own)) ?? [];
  if (stem === undefined || digits === undefined || Number(digits) !== delta.version) return null;
  const path = join(dirname(own), `${stem}${String(delta.baseVersion).padStart(digits.length, '0')}`);
  return (await places.kind(path).catch(() => null)) === 'folder' ? path : null;
}
