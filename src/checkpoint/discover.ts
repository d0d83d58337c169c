/** Which files a path means: one .safetensors, an index with its shards, or the checkpoint of a folder. */
import { basename, dirname, join } from 'node:path';
import { disk } from '../bytes/index.ts';
import { FORMATS, isCheckpointFile, isIndexFile } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';

export type Source =
  | { kind: 'file'; folder: string; file: string; isPart: boolean; note: string | null }
  | { kind: 'index'; folder: string; file: string; note: string | null }
  /** numbered shards whose index is not there */
  | { kind: 'shards'; folder: string; files: string[]; total: number; note: string | null };

/** In the order in which loaders look for them. */
const USUAL_STEMS = ['model', 'diffusion_pytorch_model', 'adapter_model', 'consolidated'];
const SHARD_NAME = /^(.+?)[-_.](\d{5,6})-of-(\d{5,6})\.safetensors$/;
const CONSOLIDATED_PART = /^consolidated[.-]\d+(-of-\d+)?\.safetensors$/;

/** Throws bad-file if the path is not a checkpoint, with what it is instead. */
export async function discover(path: string): Promise<Source> {
  if ((await disk.kind(path)) === 'folder') return inFolder(path);
  const folder = dirname(path);
  const file = basename(path);
  if (/\.index\.json$/.test(file)) return { kind: 'index', folder, file, note: null };
  if (file.endsWith('.json')) {
    throw new OffaxisError(
      'bad-file',
      `${path} is not a checkpoint. Choose a .safetensors file, a .safetensors.index.json or a folder.`,
    );
  }
  const shard = SHARD_NAME.exec(file);
  const isPart = shard !== null && Number(shard[3]) > 1;
  const note = isPart
    ? `this is one shard of ${Number(shard[3])}; open its index or its folder to see the whole checkpoint.`
    : null;
  return { kind: 'file', folder, file, isPart, note };
}

async function inFolder(folder: string): Promise<Source> {
  const names = await disk.list(folder);
  const there = new Set(names);
  const usual = USUAL_STEMS.flatMap((stem) => FORMATS.map((format) => ({ stem, ...format })));
  for (const { stem, suffix, indexSuffix } of usual) {
    const file = `${stem}${suffix}`;
    const index = `${stem}${indexSuffix}`;
    if (there.has(file)) {
      return {
        kind: 'file',
        folder,
        file,
        isPart: false,
        note: there.has(index) ? `${index} lies beside it and was not used; open it by name to see its shards.` : null,
      };
    }
    if (there.has(index)) return { kind: 'index', folder, file: index, note: null };
  }
  const indexes = names.filter((name) => isIndexFile(name));
  if (indexes.length === 1) return { kind: 'index', folder, file: indexes[0] as string, note: null };
  if (indexes.length > 1) throw several(folder, indexes);
  const files = names.filter((name) => isCheckpointFile(name) && !name.startsWith('.'));
  if (files.length === 1) return { kind: 'file', folder, file: files[0] as string, isPart: false, note: null };
  const shards = numberedShards(files);
  if (shards) return { kind: 'shards', folder, ...shards, note: null };
  if (files.length > 1) throw several(folder, files);
  throw new OffaxisError('bad-file', `${folder} holds no .safetensors checkpoint.${await hint(folder, names)}`);
}

/** All files of one numbered set, or null. */
function numberedShards(files: readonly string[]): { files: string[]; total: number } | null {
  if (files.length === 0) return null;
  if (files.every((file) => CONSOLIDATED_PART.test(file))) return { files: [...files], total: files.length };
  const first = SHARD_NAME.exec(files[0] as string);
  if (!first) return null;
  const same = files.every((file) => {
    const match = SHARD_NAME.exec(file);
    return match !== null && match[1] === first[1] && match[3] === first[3];
  });
  return same ? { files: [...files], total: Math.max(files.length, Number(first[3])) } : null;
}

function several(folder: string, names: readonly string[]): OffaxisError {
  const some = names.slice(0, 5).join(', ');
  const rest = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return new OffaxisError(
    'bad-file',
    `${folder} holds ${names.length} checkpoints (${some}${rest}). Choose one of them.`,
  );
}

/** What lies there instead, one level down or in another format. */
async function hint(folder: string, names: readonly string[]): Promise<string> {
  const pickles = names.find((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  if (pickles !== undefined) return ` ${pickles} is a PyTorch file: convert it with safetensors.torch.save_file first.`;
  for (const name of names.slice(0, 100)) {
    const inner = await disk.list(join(folder, name)).catch(() => []);
    if (inner.some((file) => isCheckpointFile(file) || isIndexFile(file))) {
      return ` Its folder ${name} does: choose that.`;
    }
  }
  return ' Choose a folder with model.safetensors or model.safetensors.index.json.';
}
