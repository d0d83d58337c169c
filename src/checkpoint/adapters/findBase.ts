/** Where the base of an adapter lies on this machine, and whether a base at hand is the one that the adapter names. */
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, isRemote, join, places, resolve } from '../../bytes/index.ts';
import type { AdapterFacts } from '../../protocol/adapter.ts';
import type { Problem } from '../../protocol/results.ts';
import { ProblemList } from '../../formats/index.ts';
import { checkpointsAt } from '../discover.ts';
import { snapshotOf } from '../folders.ts';
import { hubCaches, hubFolder, hubModel } from '../hub.ts';
import type { Checkpoint } from '../types.ts';
import { readAdapterConfig } from './config.ts';

export interface BaseSearch {
  /** path of the base's checkpoint; null if it was not found */
  path: string | null;
  /** "beside the adapter", of a base that was found */
  how: string;
  /** where it was looked for, without success */
  looked: string[];
}

/** Of a path or a name that a file holds, in a sentence. */
const SHOWN = 200;

/**
 * The checkpoint that `base_model_name_or_path` means: that path, from the adapter's folder or a root (a folder of the workspace, the
 * working directory); a folder of its name beside or above the adapter or in a root; the model in the hub's cache, at the revision that the
 * adapter's configuration names. Reads that configuration, lists and stamps, and never reaches out to another host. Throws nothing for what is not there.
 */
export async function findBase(
  adapter: string,
  base: string | null,
  roots: readonly string[],
  caches = hubCaches(),
): Promise<BaseSearch> {
  const nowhere: BaseSearch = { path: null, how: '', looked: [] };
  // A path to a share would make this machine sign in to the host that the file names; an address would have it ask there.
  if (base === null || base === '' || /^(\\\\|\/\/)/.test(base) || isRemote(base)) return nowhere;
  const folder = resolve((await isFolder(adapter)) ? adapter : dirname(adapter));
  // Where a server keeps other models is not guessed at.
  const beside = isRemote(folder) ? [] : [folder];
  const own = await checkpointsIn(adapter);
  const model = hubModel(base) ?? base;
  const named = base.startsWith('~/')
    ? [join(homedir(), base.slice(2))]
    : [...new Set([...beside, ...roots].map((at) => resolve(at, base)))];
  const above = beside.flatMap((at) => [at, dirname(at), dirname(dirname(at))]);
  const around = [...new Set([...above.filter((place) => dirname(place) !== place), ...roots])];
  const names = spellings(model);
  const models = caches.flatMap((cache) => hubFolder(cache, model) ?? []);
  const revision = await revisionOf(folder);
  const snapshots = revision === null ? models : await Promise.all(models.map((path) => snapshotOf(path, revision)));
  const cached = snapshots.filter((path) => path !== null);
  const steps = [
    { paths: named, how: 'where the adapter says', looked: named },
    {
      paths: names.flatMap((name) => around.map((place) => join(place, name))),
      how: 'by its name beside the adapter',
      looked: names.length === 0 ? [] : [`folders called ${names.join(', ')} in ${around.join(', ')}`],
    },
    {
      paths: cached,
      how: "in the hub's cache",
      looked: revision === null ? models : models.map((path) => `${path} at the revision ${revision.slice(0, SHOWN)}`),
    },
  ];
  for (const { paths, how } of steps)
    for (const path of paths) {
      const [only, ...others] = await checkpointsIn(path);
      if (only !== undefined && others.length === 0 && !own.includes(only)) return { path: only, how, looked: [] };
    }
  return { ...nowhere, looked: steps.flatMap(({ looked }) => looked) };
}

/** `revision` of the adapter's configuration: another commit of the base has other weights. */
async function revisionOf(folder: string): Promise<string | null> {
  const config = await readAdapterConfig(folder, new ProblemList(folder));
  return config?.baseRevision ?? null;
}

async function checkpointsIn(path: string): Promise<readonly string[]> {
  try {
    return await checkpointsAt(path);
  } catch {
    return [];
  }
}
async function isFolder(path: string): Promise<boolean> {
  return (await places.kind(path).catch(() => 'other')) === 'folder';
}

/** What a folder of that model may be called. */
function spellings(name: string): string[] {
  const parts = name.split(/[/\\]/).filter((part) => part !== '' && part !== '.' && part !== '..');
  const last = parts.at(-1);
  if (last === undefined) return [];
  return [...new Set(parts.length === 2 ? [last, parts.join('/'), parts.join('--'), parts.join('_')] : [last])];
}

/** Why there is no base: for who is asked for it. */
export function baseMissing(adapter: string, base: string | null, { looked }: BaseSearch): string {
  if (base === null) return `${adapter} does not say which base it was trained on (base_model_name_or_path)`;
  const where = looked.length === 0 ? '' : `: looked for ${looked.join('; ')}`;
  return `The base of ${adapter}, ${JSON.stringify(base.slice(0, SHOWN))}, was not found on this machine${where}`;
}

/** Whether a base is called as the adapter calls it: a note if not, a warning if the hub's cache gives it another name. */
export function baseNameNote(adapter: AdapterFacts, folder: string, base: Checkpoint): Problem | null {
  if (adapter.base === null || adapter.base === '') return null;
  const cached = hubModel(resolve(base.folder));
  const stated = base.stated?.name ?? null;
  const at = resolve(base.folder);
  const names = [cached, stated, basename(at), basename(dirname(at))].flatMap((name) =>
    name === null ? [] : [lastOf(name)],
  );
  const isPath = resolve(folder, adapter.base) === at || (isAbsolute(adapter.base) && dirname(adapter.base) === at);
  if (isPath || names.includes(lastOf(hubModel(adapter.base) ?? adapter.base))) return null;
  const wanted = JSON.stringify(adapter.base.slice(0, SHOWN));
  const called = cached ?? stated;
  const is =
    called === null
      ? `lies in a folder called ${JSON.stringify(basename(at))}`
      : `is called ${JSON.stringify(called.slice(0, SHOWN))}`;
  return {
    severity: cached === null ? 'info' : 'warning',
    code: 'pairing-base-name',
    message: `The adapter was trained on ${wanted}, and this base ${is}: if that is another model, every figure is of the wrong pair.`,
  };
}

const lastOf = (name: string): string => (name.split(/[/\\]/).findLast((part) => part !== '') ?? name).toLowerCase();
