/** What names say: a file of a checkpoint, an index, a shard of a numbered set. Names only; nothing is read. */
import { appendAll } from '../protocol/lists.ts';
import { DCP_METADATA, isDcpPart } from './dcp/index.ts';
import type { Format } from './format.ts';
import { FORMATS, formatOfName } from './registry.ts';

/** What says how a model is built: Transformers' file, and if that is not there Meta's and Mistral's, with keys of its own. */
export const CONFIG_FILES = ['config.json', 'params.json'] as const;
/** What says how PEFT made an adapter. */
export const ADAPTER_CONFIG_FILE = 'adapter_config.json';
/** What says which bytes of which tensors a delta of SkyRL changes. */
export const DELTA_MANIFEST = 'manifest.json';
/** All that a checkpoint may be read with, beside its own files. */
export const FILES_BESIDE: readonly string[] = [...CONFIG_FILES, ADAPTER_CONFIG_FILE, DELTA_MANIFEST];

/** `model.safetensors.index.json`; Diffusers puts a variant in: `model.safetensors.index.fp16.json`. */
export interface IndexName {
  stem: string;
  /** ".fp16", or "" */
  variant: string;
}
export interface ShardName {
  stem: string;
  variant: string;
  /** Of its set alone: with the number and the rank as "*". A path may end in it and means the set. */
  set: string;
  /** null if the name does not say */
  total: number | null;
  /** one process's part of every tensor, as Torch's distributed checkpoints have them; the number counts within it */
  ranked: boolean;
}
export interface ShardSet extends ShardName {
  /** sorted by number */
  files: string[];
  /** as many files as the names say, or no name says how many */
  complete: boolean;
}
export interface Listing {
  indexes: string[];
  /** shards by their sets */
  sets: ShardSet[];
  /** the rest, whole checkpoints by themselves */
  files: string[];
}

export const isCheckpointFile = (name: string): boolean => formatOfName(name) !== null || isDcpPart(name);
export const isIndexFile = (name: string): boolean => indexName(name) !== null;
/** What a run may read: a checkpoint, an index, or what is read beside them. */
export const isPartOfCheckpoint = (name: string): boolean =>
  isCheckpointFile(name) || isIndexFile(name) || name === DCP_METADATA || FILES_BESIDE.includes(name.toLowerCase());

const INDEX_END = /^\.index(\.[\w-]+)?\.json$/i;
export function indexName(name: string): IndexName | null {
  return indexOf(name)?.index ?? null;
}

/** The format whose shards an index of that name lists. */
export function indexFormat(name: string): Format | null {
  return indexOf(name)?.format ?? null;
}

function indexOf(name: string): { index: IndexName; format: Format } | null {
  for (const format of FORMATS) {
    for (const suffix of format.suffixes) {
      const at = name.toLowerCase().lastIndexOf(`${suffix}.index.`);
      const match = at > 0 ? INDEX_END.exec(name.slice(at + suffix.length)) : null;
      if (match) return { index: { stem: name.slice(0, at), variant: match[1] ?? '' }, format };
    }
  }
  return null;
}

/** "shard-00001-model-00001-of-00002" of rank 1 */
const RANKED = /^(?:shard|rank)[-_.]?\d{1,6}[-_.](.+?)[-_.](\d{1,6})[-_]of[-_](\d{1,6})$/i;
/** "model_world_size_4_rank_1", as verl and SkyRL name the parts of FSDP */
const WORLD = /^(.+?)_world_size_(\d{1,6})_rank_(\d{1,6})$/i;
/** "model-00001-of-00002", "model-1-of-2", with a variant at its end: "model-00001-of-00002.fp16" */
const NUMBERED = /^(.+?)[-_.](\d{1,6})[-_]of[-_](\d{1,6})(\.[\w-]+)?$/i;
/** "consolidated.00", "model_part-3", "model-00004": numbered without a total. "model-500" is a step. */
const COUNTED =
  /^(?:(consolidated|.*?[-_.]?(?:part|shard))[-_.]?(\d{1,6})|(model|pytorch_model|diffusion_pytorch_model)[-_.](\d{4,6}))$/i;

/** null if the name is not one of a numbered set. */
export function shardName(name: string): (ShardName & { number: number }) | null {
  const named = formatOfName(name);
  if (!named) return null;
  const { suffix } = named;
  const body = name.slice(0, -suffix.length);
  const world = WORLD.exec(body);
  if (world) {
    const [, stem = '', total = '', rank = ''] = world;
    const set = `${stem}_world_size_${total}_rank_*${suffix}`;
    return { stem, variant: '', set, total: Number(total), ranked: true, number: Number(rank) };
  }
  const ranked = RANKED.exec(body);
  const counted = COUNTED.exec(body)?.filter((part) => part !== undefined);
  const [, stem = '', digits, total, variant = ''] = ranked ?? NUMBERED.exec(body) ?? counted ?? [];
  if (digits === undefined) return null;
  const of = total === undefined ? '' : `-of-${Number(total)}`;
  return {
    stem,
    variant,
    set: `${ranked ? 'shard-*-' : ''}${stem}-*${of}${variant}${suffix}`,
    total: total === undefined ? null : Number(total),
    ranked: ranked !== null,
    number: Number(digits),
  };
}

/** The checkpoints among the names in one folder; hidden files and states of optimizers are left out. */
export function listingOf(names: readonly string[]): Listing {
  const listing: Listing = { indexes: [], sets: [], files: [] };
  const sets = new Map<string, { shard: ShardName; files: { file: string; number: number }[] }>();
  for (const name of names) {
    if (name.startsWith('.')) continue;
    if (isIndexFile(name)) listing.indexes.push(name);
    const format = formatOfName(name)?.format;
    if (!format || format.isAside?.(name) === true) continue;
    const shard = shardName(name);
    const set = shard && sets.get(shard.set);
    if (set) set.files.push({ file: name, number: shard.number });
    else if (shard) sets.set(shard.set, { shard, files: [{ file: name, number: shard.number }] });
    else listing.files.push(name);
  }
  for (const { shard, files } of sets.values()) {
    files.sort((a, b) => a.number - b.number || (a.file < b.file ? -1 : 1));
    // Without a total, shards are told from steps by their numbers, which follow each other from 0 or 1.
    const [first] = files;
    const follow = files.every(({ number }, i) => number === (first?.number ?? 0) + i) && (first?.number ?? 0) <= 1;
    if (shard.total === null && (files.length === 1 || !follow))
      appendAll(
        listing.files,
        files.map(({ file }) => file),
      );
    else
      listing.sets.push({
        ...{ stem: shard.stem, variant: shard.variant, set: shard.set, total: shard.total, ranked: shard.ranked },
        files: files.map(({ file }) => file),
        complete: shard.total === null || files.length >= shard.total,
      });
  }
  listing.files.sort();
  return listing;
}

/** Is the set the one that an index of this name speaks of? Diffusers once wrote the variant into the stem. */
export function isSetOf(set: ShardName, index: string): boolean {
  const name = indexName(index);
  return name !== null && !set.ranked && set.stem + set.variant === name.stem + name.variant;
}
