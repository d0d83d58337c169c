/**
 * What an adapter needs whose initialisation took something out of the base that the base does not tell: the adapter as it was before
 * training (PEFT's `path_initial_model_for_weight_conversion`), or the base as it was after that.
 */
import { basename, dirname, join, places, resolve } from '../../bytes/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import type { Checkpoint } from '../types.ts';
import { initialisationOf } from './initial.ts';
import { needsInitial } from './settings.ts';
import type { Adapter } from './types.ts';

/** Folders of PEFT's examples: "corda_init", "init", "initial_adapter"; "residual-base", "corda_residual_model". */
const INITIAL = /(^|[-_.])init(ial)?([-_.]|$)/i;
const RESIDUAL = /(^|[-_.])resid(ual)?([-_.]|$)/i;

/**
 * The checkpoint with what lies in or beside its folder for that purpose; as it is if it needs nothing, or nothing is there. `open` opens
 * without looking beside in its turn. Throws cancelled.
 */
export async function withInitial(
  checkpoint: Checkpoint,
  open: (path: string) => Promise<Checkpoint>,
): Promise<Checkpoint> {
  const { adapter } = checkpoint;
  if (!adapter || adapter.facts.unmerged || !wantsInitial(adapter)) return checkpoint;
  for (const path of await candidates(checkpoint.folder)) {
    const other = await opened(path, open).catch(async (error: unknown) => {
      await checkpoint.close();
      throw error;
    });
    if (!other) continue;
    const kind = INITIAL.test(basename(path)) ? 'adapter' : 'base';
    if (kind === 'adapter' ? isBefore(adapter, other) : !other.adapter)
      return {
        ...checkpoint,
        adapter: { ...adapter, refused: null },
        beside: { kind, checkpoint: other },
        close: async () => {
          await Promise.all([checkpoint.close(), other.close()]);
        },
      };
    await other.close();
  }
  return checkpoint;
}

/** A randomised SVD is not to be had again: the factors that it gave are better than the exact ones. */
function wantsInitial({ modules }: Adapter): boolean {
  return [...modules.values()].some(({ settings }) => {
    const word = settings?.initialisation ?? 'true';
    return needsInitial(word) || (initialisationOf(word) !== null && word.includes('niter'));
  });
}

/** Subfolders and folders beside it, initial adapters first. */
async function candidates(folder: string): Promise<string[]> {
  const own = resolve(folder);
  const found: string[] = [];
  for (const place of [own, dirname(own)])
    for (const name of await places.list(place).catch(() => []))
      if ((INITIAL.test(name) || RESIDUAL.test(name)) && join(place, name) !== own) found.push(join(place, name));
  return [
    ...found.filter((path) => INITIAL.test(basename(path))),
    ...found.filter((path) => !INITIAL.test(basename(path))),
  ];
}

async function opened(path: string, open: (path: string) => Promise<Checkpoint>): Promise<Checkpoint | null> {
  try {
    return (await places.kind(path)) === 'folder' ? await open(path) : null;
  } catch (error) {
    if (error instanceof OffaxisError && error.code !== 'cancelled') return null;
    throw error;
  }
}

/** Is the other the same adapter before its training? It has every module, and factors of the same shapes. */
function isBefore(adapter: Adapter, { adapter: other }: Checkpoint): boolean {
  return [...adapter.modules].every(([name, { parts }]) => {
    const before = other?.modules.get(name)?.parts;
    return [...parts].every(([part, row]) => before?.get(part)?.shape.join() === row.shape.join());
  });
}
