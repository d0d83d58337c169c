/** Which files a path means: one file, an index with its shards, a set of shards, or the checkpoint of a folder. */
import { basename, dirname, join, places, relative } from '../bytes/index.ts';
import {
  FORMATS,
  ZERO_SET,
  DCP_METADATA,
  DELTA_MANIFEST,
  formatOfName,
  indexFormat,
  isCheckpointFile,
  isDcpPart,
  isIndexFile,
  isSetOf,
  listingOf,
  shardName,
  zeroFiles,
  type Format,
  type ShardSet,
  type ZeroFiles,
} from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import { appendAll } from '../protocol/lists.ts';
import { readManifest, type DeltaManifest } from './deltas/read.ts';
import { insideOf } from './folders.ts';
import { foreignFault, isOrbaxFile, orbax } from './foreign.ts';

export type Source = { folder: string; note: string | null } & (
  | { kind: 'file'; file: string; isPart: boolean }
  | { kind: 'index'; file: string }
  /** of torch.distributed.checkpoint: the file that says where the parts of every tensor lie */
  | { kind: 'dcp'; file: string }
  /** of DeepSpeed's ZeRO: flat partitions, one file a process */
  | { kind: 'zero'; files: ZeroFiles }
  /** Shards without an index, or one that is `stale` as the text says; `ranked` if each is one process's part of every tensor. */
  | {
      kind: 'shards';
      files: string[];
      total: number;
      ranked: boolean;
      stale: string | null;
      /** what describes them as the payloads of a delta */
      delta?: DeltaManifest;
    }
  /** a Diffusers pipeline: the folders of its components */
  | { kind: 'pipeline'; components: string[] }
);

/** A folder with more than one checkpoint, which its caller may offer. */
export class SeveralCheckpoints extends OffaxisError {
  constructor(
    readonly folder: string,
    /** paths, each of which opens */
    readonly paths: readonly string[],
  ) {
    const names = paths.slice(0, MOST_NAMED).map((path) => relative(folder, path));
    const rest = paths.length > names.length ? ` and ${paths.length - names.length} more` : '';
    super(
      'bad-file',
      say`${folder} holds ${paths.length} checkpoints (${names.join(', ')}${rest}). Choose one of them.`,
    );
  }
}
/** In a sentence; the rest is counted. */
const MOST_NAMED = 20;

/** Throws bad-file if the path is not a checkpoint, with what it is instead; SeveralCheckpoints. */
export async function discover(path: string): Promise<Source> {
  const folder = dirname(path);
  const file = basename(path);
  // A set without an index has no file of its own: its name with "*" for the number means it.
  if (file.includes('*') && (await places.stamp(path)) === null) {
    const names = await places.list(folder);
    const files = file === ZERO_SET ? zeroFiles(names) : null;
    if (files) return { kind: 'zero', folder, files, note: null };
    const set = listingOf(names).sets.find((one) => one.set === file);
    if (set) return ofSet(folder, set, null);
  }
  if ((await places.kind(path)) === 'folder') return inFolder(path);
  if (isOrbaxFile(file)) throw orbax(folder);
  if (file === DCP_METADATA || isDcpPart(file)) return { kind: 'dcp', folder, file: DCP_METADATA, note: null };
  if (isIndexFile(file)) return { kind: 'index', folder, file, note: null };
  if (file.endsWith('.json')) {
    throw new OffaxisError(
      'bad-file',
      say`${path} is not a checkpoint. Choose the file of a checkpoint, its index (.index.json) or a folder.`,
    );
  }
  const shard = shardName(file);
  const isPart = shard !== null && (shard.ranked || (shard.total ?? 0) > 1);
  const note =
    isPart && !shard.ranked
      ? `this is one shard of ${shard.total}; open its index or its folder to see the whole checkpoint.`
      : null;
  return { kind: 'file', folder, file, isPart, note };
}

/** The checkpoint that a shard is a part of, as a path that opens: its index, or the set of its files; null if neither is there. */
export async function wholeOf(folder: string, file: string): Promise<string | null> {
  const shard = shardName(file);
  if (!shard || !places.canList(folder)) return null;
  const { indexes, sets } = listingOf(await places.list(folder));
  const whole = indexes.find((index) => isSetOf(shard, index)) ?? sets.find(({ set }) => set === shard.set)?.set;
  return whole === undefined ? null : join(folder, whole);
}

/** The checkpoints that a path means, as paths that open; several of a folder that leaves the choice, and of a pipeline its components. Throws as `discover` does. */
export async function checkpointsAt(path: string): Promise<readonly string[]> {
  try {
    const source = await discover(path);
    if (source.kind === 'pipeline') return source.components;
    if (source.kind === 'shards') return [join(source.folder, shardName(source.files[0] ?? '')?.set ?? '')];
    if (source.kind === 'zero') return [join(source.folder, ZERO_SET)];
    return [join(source.folder, source.file)];
  } catch (error) {
    if (error instanceof SeveralCheckpoints) return error.paths;
    throw error;
  }
}

async function inFolder(folder: string): Promise<Source> {
  const names = await places.list(folder);
  if (names.includes(DCP_METADATA) && names.some(isDcpPart))
    return { kind: 'dcp', folder, file: DCP_METADATA, note: null };
  const zero = zeroFiles(names);
  if (zero) return { kind: 'zero', folder, files: zero, note: null };
  const delta = names.includes(DELTA_MANIFEST) ? await readManifest(folder) : null;
  if (delta) {
    const { files } = delta;
    return { kind: 'shards', folder, files, total: files.length, ranked: false, stale: null, note: null, delta };
  }
  const own = inListing(folder, names);
  if (own) return own;
  const { paths, note, place } = await insideOf(folder, names);
  if (!place && paths.length > 0 && names.includes('model_index.json'))
    return { kind: 'pipeline', folder, components: paths, note: null };
  const sources: { source: Source; path: string }[] = [];
  const several: string[] = [];
  for (const path of paths) {
    try {
      sources.push({ source: await inFolder(path), path });
    } catch (error) {
      if (error instanceof SeveralCheckpoints) appendAll(several, error.paths);
      else if (paths.length === 1 && place) throw error;
    }
  }
  const [only] = sources;
  const found = [...sources.map(({ path }) => path), ...several];
  if (found.length > 1) throw new SeveralCheckpoints(folder, found);
  if (only && place) return { ...only.source, note: only.source.note ?? note };
  if (only) throw none(folder, `Its folder ${relative(folder, only.path)} does: choose that.`);
  const foreign = await foreignFault(folder, names);
  if (foreign) throw foreign;
  throw none(folder, 'Choose a folder with the files of a checkpoint, such as model.safetensors or pytorch_model.bin.');
}

function none(folder: string, advice: string): OffaxisError {
  return new OffaxisError('bad-file', say`${folder} holds no checkpoint. ${advice}`);
}

/** What the folder itself holds, in the first format that it holds anything of; null if nothing. Throws SeveralCheckpoints. */
function inListing(folder: string, names: readonly string[]): Source | null {
  for (const format of FORMATS) {
    const own = names.filter((name) => formatOfName(name)?.format === format || indexFormat(name) === format);
    const found = ofFormat(folder, own, format);
    if (found) return found;
  }
  return null;
}

function ofFormat(folder: string, names: readonly string[], { stems, suffixes }: Format): Source | null {
  const there = new Set(names);
  const { indexes, sets, files } = listingOf(names);
  const ofFile = (file: string, note: string | null): Source => ({ kind: 'file', folder, file, isPart: false, note });
  const ofIndex = (file: string): Source => ({ kind: 'index', folder, file, note: null });
  for (const { stem, suffix } of stems.flatMap((stem) => suffixes.map((suffix) => ({ stem, suffix })))) {
    const file = `${stem}${suffix}`;
    const index = `${file}.index.json`;
    if (there.has(file))
      return ofFile(
        file,
        there.has(index) ? `${index} lies beside it and was not used; open it by name to see its shards.` : null,
      );
    if (there.has(index)) return ofIndex(index);
  }
  const [index] = indexes;
  if (indexes.length === 1 && index !== undefined) return ofIndex(index);
  const loose = sets.filter((set) => !indexes.some((one) => isSetOf(set, one)));
  const complete = loose.filter((set) => set.complete);
  const set = complete.length === 1 ? complete[0] : loose.length === 1 ? loose[0] : undefined;
  if (indexes.length === 0 && set) {
    const others = loose.filter((one) => one !== set).map((one) => one.set);
    return ofSet(folder, set, besideNote([...others, ...files]));
  }
  const all = [...indexes, ...loose.map((one) => one.set), ...files];
  if (all.length > 1)
    throw new SeveralCheckpoints(
      folder,
      all.map((name) => join(folder, name)),
    );
  const [file] = files;
  return file !== undefined && isCheckpointFile(file) ? ofFile(file, null) : null;
}

function ofSet(folder: string, { files, total, ranked }: ShardSet, note: string | null): Source {
  return { kind: 'shards', folder, files, total: Math.max(files.length, total ?? 0), ranked, stale: null, note };
}

/** Files that were not opened; null if there are none. */
export function besideNote(names: readonly string[]): string | null {
  if (names.length === 0) return null;
  const some = names.slice(0, 3).join(', ');
  const rest = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return names.length === 1
    ? `${some} lies beside the shards and was not opened; open it by name.`
    : `${some}${rest} lie beside the shards and were not opened; open them by name.`;
}
