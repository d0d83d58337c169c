/** Which files of a folder are a checkpoint. Names only; nothing is read. */
import { basename, dirname, join } from 'node:path';
import {
  isArrayFile,
  isCheckpointFile as isFile,
  isIndexFile,
  isSetOf,
  listingOf,
  shardName,
  stepName,
} from '../formats/index.ts';

/** The names under which a model's weights lie beside other files, best first. */
const PREFERRED = [/^model\./i, /^diffusion_pytorch_model\./i, /^adapter_model\./i, /^consolidated.*\./i];

export function isCheckpointFile(path: string): boolean {
  const name = basename(path);
  return isFile(name) || isIndexFile(name) || isArrayFile(name);
}

/**
 * The checkpoints among these paths, sorted: a sharded one by its index, its shards left out; shards without an index by their first
 * file. A folder's other files stay as they are. `paths` may span many folders.
 */
export function groupCheckpoints(paths: readonly string[]): string[] {
  const folders = new Map<string, string[]>();
  for (const path of paths) {
    const names = folders.get(dirname(path));
    if (names) names.push(basename(path));
    else folders.set(dirname(path), [basename(path)]);
  }
  return [...folders]
    .flatMap(([folder, names]) => {
      const { indexes, sets, files } = listingOf(names);
      const loose = indexes.length > 0 ? [] : sets.flatMap((set) => set.files);
      return [...indexes, ...loose, ...files].map((name) => join(folder, name));
    })
    .sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}

/** The checkpoints of one folder's listing, the model's own weights first. */
export function checkpointsOfFolder(folder: string, names: readonly string[]): string[] {
  const rank = (path: string): number => {
    const found = PREFERRED.findIndex((pattern) => pattern.test(basename(path)));
    return found < 0 ? PREFERRED.length : found;
  };
  return groupCheckpoints(names.map((name) => join(folder, name))).sort((a, b) => rank(a) - rank(b));
}

/** What to take for a file that was picked: the index for one of its shards, else the file itself. */
export function checkpointOfFile(path: string, names: readonly string[]): string {
  const shard = shardName(basename(path));
  const { indexes, sets } = listingOf(names);
  const set = shard && sets.find((one) => one.set === shard.set);
  if (!set) return path;
  const index = indexes.find((name) => isSetOf(set, name)) ?? indexes[0];
  return index === undefined ? path : join(dirname(path), index);
}

/** The nearest name of a path, below `root`, that tells a step, and the folder that holds it; null if there is none. */
export function stepOfPath(root: string, path: string): { step: number; folder: string } | null {
  for (let at = path; at.length > root.length && at !== dirname(at); at = dirname(at)) {
    const named = stepName(basename(at));
    if (named) return { step: named.step, folder: dirname(at) };
  }
  return null;
}
