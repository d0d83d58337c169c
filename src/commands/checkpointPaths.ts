/** Which files of a folder are a checkpoint. Names only; nothing is read. */
import { basename, dirname, join } from 'node:path';

const INDEX = /\.safetensors\.index\.json$/i;
const FILE = /\.safetensors$/i;
/** "model-00001-of-00004.safetensors": the shards of "model.safetensors.index.json". */
const SHARD = /-\d{5}-of-\d{5}(?=\.safetensors$)/i;
/** The names under which a model's weights lie beside other files, best first. */
const PREFERRED = [/^model\./i, /^diffusion_pytorch_model\./i, /^adapter_model\./i, /^consolidated.*\./i];

export function isCheckpointFile(path: string): boolean {
  return INDEX.test(path) || FILE.test(path);
}

/**
 * The checkpoints among these paths, sorted: a sharded one by its index, its shards left out. A folder's other files stay as they
 * are. `paths` may span many folders.
 */
export function groupCheckpoints(paths: readonly string[]): string[] {
  const indexes = new Set(paths.filter((path) => INDEX.test(path)).map((path) => path.replace(INDEX, '')));
  const folders = new Set([...indexes].map(dirname));
  const isShard = (path: string): boolean =>
    SHARD.test(path) && (indexes.has(path.replace(SHARD, '').replace(FILE, '')) || folders.has(dirname(path)));
  return paths
    .filter((path) => isCheckpointFile(path) && !isShard(path))
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
  const grouped = groupCheckpoints(names.map((name) => join(dirname(path), name)));
  if (grouped.includes(path) || !SHARD.test(path)) return path;
  const index = `${path.replace(SHARD, '').replace(FILE, '')}.safetensors.index.json`;
  return grouped.includes(index) ? index : (grouped.find((other) => INDEX.test(other)) ?? path);
}
