/** Opening a checkpoint: headers only, shards side by side, damage listed instead of thrown. */
import { dirname, resolve } from '../bytes/index.ts';
import type { ByteSource } from '../bytes/index.ts';
import { familyOf, isExpertStack, type Family } from '../families/index.ts';
import { ProblemList, quoted, readHeader, readShardIndex, shardName, type ShardIndex } from '../formats/index.ts';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { ModelConfig, TensorRow } from '../protocol/engine.ts';
import { adapterOf } from './adapters/adapter.ts';
import { readAlphas } from './adapters/alphas.ts';
import { withInitial } from './adapters/beside.ts';
import { readAdapterConfig } from './adapters/config.ts';
import { reportAdapter } from './adapters/report.ts';
import { metadataSettings, type AdapterConfig } from './adapters/settings.ts';
import { readBoxes, type Assembled } from './boxes.ts';
import { parseStatedShapes, readConfig, type ConfigFile } from './config.ts';
import { checkConfig } from './configCheck.ts';
import { indexDelta, manifestDelta, type Delta } from './deltas/index.ts';
import { besideNote, discover, wholeOf, type Source as AnySource } from './discover.ts';
import { filesOfIndex } from './indexedFiles.ts';
import { factsOf } from './facts.ts';
import { ggufCache } from './ggufCache.ts';
import { ggufConfig, markConverted } from './ggufModel.ts';
import { estimateMemory } from './memory.ts';
import { openPipeline } from './pipeline.ts';
import { reportPlaceholders } from './placeholders.ts';
import { quantisationConfig, recognise } from './quantised/index.ts';
import { readNotes, reportQuantised } from './quantised/open.ts';
import { hasTooManyExperts, markConv1d, markStacks, MAX_EXPERTS } from './rows.ts';
import { ShardFiles } from './shardFiles.ts';
import { slicedRows } from './slices.ts';
import { checkTotalSize, indexedRows, plainRows, type Shard } from './shardRows.ts';
import { readDcpShards, readZeroShards } from './partShards.ts';
import type { Checkpoint } from './types.ts';
import { unsplitReason } from './views.ts';
import { elementCount } from '../protocol/lists.ts';

/** of one checkpoint */
type Source = Exclude<AnySource, { kind: 'pipeline' }>;

/** Headers read at once: enough for a network disk, few enough for its queue. */
const HEADERS_AT_ONCE = 16;

/**
 * Opens a .safetensors file, a .safetensors.index.json with its shards, or the checkpoint of a folder. Reads headers only. A damaged
 * file opens with its problems and what could be read; `isRefused` says whether nothing could. Throws bad-file if there is no
 * checkpoint at the path, or its index and headers have more than `mostBytes` together (nothing of one that is too large is read);
 * read-failed, cancelled.
 */
export async function openCheckpoint(path: string, signal?: AbortSignal, mostBytes = Infinity): Promise<Checkpoint> {
  const checkpoint = await openOne(path, signal, mostBytes);
  return mostBytes === Infinity ? withInitial(checkpoint, (other) => openOne(other, signal, mostBytes)) : checkpoint;
}

async function openOne(path: string, signal: AbortSignal | undefined, mostBytes: number): Promise<Checkpoint> {
  throwIfAborted(signal);
  const found = await discover(path);
  if (found.kind === 'pipeline')
    return openPipeline(path, found.components, (folder) => openCheckpoint(folder, signal, mostBytes));
  let bytesLeft = mostBytes;
  const take = (bytes: number): void => {
    bytesLeft -= bytes;
    if (bytesLeft < 0) throw new HeadersTooLarge(path, mostBytes);
  };
  const files = new ShardFiles(found.folder);
  try {
    const read =
      found.kind === 'index'
        ? await files.use(found.file, (bytes) => {
            take(bytes.sizeBytes);
            return readShardIndex(bytes, found.file, signal);
          })
        : null;
    const { source, index, names } = await filesOf(found, read);
    let configFile = await readConfig(source.folder, signal);
    // DeepSpeed's folder lies inside of the trainer's, which has the config.
    if (source.kind === 'zero' && configFile.text === null)
      configFile = await readConfig(dirname(resolve(source.folder)), signal);
    const adapterConfig = await readAdapterConfig(source.folder, configFile.problems, signal);
    const mayMiss = found.kind === 'index';
    const shards =
      found.kind === 'dcp'
        ? await readDcpShards(files, found.file, take, signal)
        : found.kind === 'zero'
          ? await readZeroShards(files, found.files, take, signal)
          : await readShards(files, names, mayMiss, mostBytes === Infinity ? null : take, signal);
    const own =
      read?.problems ?? new ProblemList(found.kind === 'shards' || found.kind === 'zero' ? found.folder : found.file);
    return await assemble(path, source, files, index, shards, configFile, adapterConfig, own, signal);
  } catch (error) {
    await files.close();
    throw error;
  }
}

/** Which files are opened, and whether the index is followed: one of another build is not. */
async function filesOf(
  source: Source,
  index: ShardIndex | null,
): Promise<{ source: Source; index: ShardIndex | null; names: string[] }> {
  if (source.kind === 'shards') return { source, index, names: source.files };
  if (source.kind === 'zero') return { source, index, names: [] };
  if (source.kind === 'file' || !index) return { source, index, names: [source.file] };
  const { folder, file } = source;
  const { files, stale, total, beside } = await filesOfIndex(folder, file, [...new Set(index.weightMap.values())]);
  const note = source.note ?? besideNote(beside);
  if (stale === null) return { source: { ...source, note }, index, names: files };
  return { source: { kind: 'shards', folder, files, total, ranked: false, stale, note }, index: null, names: files };
}

/** Nothing of the file can be used: it has errors and no tensor with data. */
export function isRefused(checkpoint: Checkpoint): boolean {
  const errors = checkpoint.problems.some((problem) => problem.severity === 'error');
  return errors && ![...checkpoint.tensors.values()].some((row) => row.offset !== null);
}

class HeadersTooLarge extends OffaxisError {
  constructor(path: string, most: number) {
    super('bad-file', say`${path}: its headers have more than ${most} bytes, too many to be read in passing. Open it.`);
  }
}
/** As its first eight bytes claim; 0 if there are none, which reading the header then says. */
async function headerLength(source: ByteSource, signal?: AbortSignal): Promise<number> {
  if (source.sizeBytes < 8) return 0;
  const bytes = new Uint8Array(8);
  await source.read(0, bytes, signal);
  return Math.min(source.sizeBytes, Number(new DataView(bytes.buffer).getBigUint64(0, true)));
}

/** `mayMiss`: a file that is not there is a missing shard, not an error. */
async function readShards(
  files: ShardFiles,
  names: readonly string[],
  mayMiss: boolean,
  take: ((bytes: number) => void) | null,
  signal?: AbortSignal,
): Promise<Shard[]> {
  const shards = new Array<Shard>(names.length);
  let next = 0;
  const reader = async (): Promise<void> => {
    for (let i = next++; i < names.length; i = next++) {
      throwIfAborted(signal);
      const file = names[i] as string;
      try {
        shards[i] = await files.use(file, async (source) => {
          if (take) take(await headerLength(source, signal));
          return { file, sizeBytes: source.sizeBytes, header: await readHeader(source, file, signal) };
        });
      } catch (error) {
        if (
          error instanceof HeadersTooLarge ||
          !mayMiss ||
          !(error instanceof OffaxisError) ||
          error.code !== 'bad-file'
        )
          throw error;
        shards[i] = { file, sizeBytes: null, header: null };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(HEADERS_AT_ONCE, names.length) }, reader));
  return shards;
}

async function assemble(
  path: string,
  source: Source,
  files: ShardFiles,
  index: ShardIndex | null,
  shards: readonly Shard[],
  { text: configText, config: fileConfig, problems: configProblems }: ConfigFile,
  adapterConfig: AdapterConfig | null,
  own: ProblemList,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  if (source.note !== null) own.add('info', 'other-files', source.note, '');
  const slices = index ? null : slicedRows(shards, source.kind === 'file', own);
  const tensors = index ? indexedRows(index, shards, own) : (slices?.tensors ?? plainRows(shards, own));
  if (source.kind === 'shards' && !source.delta && (!slices || missingRanks(source) !== null))
    reportShards(source, shards, own);
  if (index) checkTotalSize(index, shards, tensors, own);
  const assembled = assembledOf(shards, tensors);
  for (const [name, whole] of slices?.sliced ?? []) assembled.set(name, whole);
  const read: Checkpoint['read'] = (tensor, offset, target, stop) =>
    readTensor(files, resolve(source.folder), tensor, assembled.get(tensor.name), offset, target, stop);
  const metadata = shards[0]?.header?.metadata;
  const ofGguf = ggufConfig(metadata);
  const config = fileConfig ?? ofGguf;
  const notes = await readNotes(tensors.values(), read, signal);
  const quantised = recognise(tensors, quantisationConfig(configText), notes);
  reportQuantised(tensors.values(), own);
  // Of a GGUF file the names are llama.cpp's, whatever the model is.
  const family = familyOf(ofGguf ? null : (config?.modelType ?? null), tensors.keys());
  markConverted(tensors, ofGguf ? metadata : undefined, own);
  markConv1d(tensors, ofGguf ? null : (config?.modelType ?? null));
  const stated = configText === null ? null : parseStatedShapes(configText);
  markStacks(tensors, stated?.experts ?? null);
  reportUnsplit(tensors, config, family, own);
  reportExperts(tensors, own);
  const adapter = adapterOf(tensors, {
    config: adapterConfig,
    models: metadataSettings(metadata?.get('lora_adapter_metadata')),
    alphas: await readAlphas(tensors, read, signal),
  });
  if (adapter) reportAdapter(adapter, own);
  const delta = deltaOf(source, index, shards, tensors, own);
  reportPlaceholders(tensors, config, own);
  // Of a slice the shapes are not the model's.
  if (config && stated && slices?.whole !== false)
    checkConfig({ tensors, config, stated, complete: isComplete(source, shards) }, own);
  const problems = [
    ...own.list(),
    ...configProblems.list(),
    ...shards.flatMap((shard) => shard.header?.problems ?? []),
  ];
  const whole = source.kind === 'file' && source.isPart ? await wholeOf(source.folder, source.file) : null;
  const facts = {
    ...factsOf(path, source.kind === 'file', index, shards, tensors, config, problems),
    adapter: adapter?.facts ?? null,
    memory: estimateMemory(tensors.values(), config, configText, ggufCache(metadata)),
    ...(whole === null ? {} : { whole }),
  };
  return {
    path,
    folder: source.folder,
    facts,
    config,
    stated,
    family,
    adapter,
    ...(delta ? { delta } : {}),
    tensors,
    problems,
    quantised,
    stamps: files.stamps,
    read,
    direct: async (tensor, work) => {
      const { offset: position } = tensor;
      if (position === null || assembled.has(tensor.name)) return null;
      return files.direct(tensor.file, (descriptor) => work({ descriptor, position }));
    },
    verify: () => files.verify(),
    rest: () => files.rest(),
    close: () => files.close(),
  };
}

/** What it is if it is a delta, which is said. */
function deltaOf(
  source: Source,
  index: ShardIndex | null,
  shards: readonly Shard[],
  tensors: ReadonlyMap<string, TensorRow>,
  problems: ProblemList,
): Delta | null {
  const files = new Map(shards.flatMap(({ file, header }) => (header ? [[file, header.metadata] as const] : [])));
  const delta =
    source.kind === 'shards' && source.delta
      ? manifestDelta(source.delta, tensors, problems)
      : index && indexDelta(index.metadata, tensors, files, problems);
  if (delta) {
    const { writer, encoding, version, baseVersion } = delta;
    const text = `this is a delta of ${writer} (${encoding}, zstd), version ${version} on version ${baseVersion}: what follows are compressed changes, not weights.`;
    problems.add('info', 'delta', text, 'Compare the checkpoint that training began from with it.');
  }
  return delta;
}

/** What is said of a set of shards that no index describes. */
function reportShards(
  source: Extract<Source, { kind: 'shards' }>,
  shards: readonly Shard[],
  problems: ProblemList,
): void {
  if (source.stale !== null)
    problems.add(
      'warning',
      'index-stale',
      source.stale,
      'Download the index that belongs to them, or delete this one.',
    );
  const absent = source.total - shards.filter(({ header }) => header !== null).length;
  if (absent > 0) {
    const which = missingRanks(source);
    const text =
      which === null
        ? `${source.stale === null ? 'there is no index, and ' : ''}${absent} of ${source.total} numbered shards are missing.`
        : `the files of ${absent} of ${source.total} processes are missing (${which}).`;
    problems.add('warning', 'shards-missing', text, 'Download the rest.');
  } else if (source.stale === null)
    problems.add('info', 'no-index', 'there is no index; all numbered shards were opened.', '');
}

/** "rank 1, rank 3" of those whose file is not there; null if the files are not those of processes, numbered from 0. */
function missingRanks({ ranked, files, total }: Extract<Source, { kind: 'shards' }>): string | null {
  const there = new Set(files.map((file) => shardName(file)?.number));
  if (!ranked || there.size !== files.length) return null;
  const missing = Array.from({ length: total }, (_, rank) => rank).filter((rank) => !there.has(rank));
  if (missing.length === 0 || missing.length !== total - files.length) return null;
  const rest = missing.length - MOST_NAMED_RANKS;
  const named = missing.slice(0, MOST_NAMED_RANKS).map((rank) => `rank ${rank}`);
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
const MOST_NAMED_RANKS = 20;

/** How the tensors are read that do not lie packed in one file, by name. */
function assembledOf(shards: readonly Shard[], tensors: ReadonlyMap<string, TensorRow>): Map<string, Assembled> {
  const assembled = new Map<string, Assembled>();
  for (const { file, header } of shards) {
    for (const { name, layout, sizeBytes, offset } of header?.entries.values() ?? []) {
      if (!layout || offset === null || tensors.get(name)?.file !== (layout.boxes[0]?.file ?? file)) continue;
      const elementBytes = sizeBytes / Math.max(1, elementCount(layout.shape));
      const boxes = layout.boxes.map((box) => ({ ...box, file: box.file ?? file }));
      assembled.set(name, { shape: layout.shape, elementBytes, boxes });
    }
  }
  return assembled;
}

/** No part of it is known to lie elsewhere. */
function isComplete(source: Source, shards: readonly Shard[]): boolean {
  if (source.kind === 'file') return !source.isPart;
  return shards.every(({ header }) => header !== null) && (source.kind !== 'shards' || shards.length >= source.total);
}

async function readTensor(
  files: ShardFiles,
  folder: string,
  tensor: TensorRow,
  assembled: Assembled | undefined,
  offset: number,
  target: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const start = tensor.offset;
  if (start === null) {
    const why = tensor.missing
      ? `its shard ${tensor.file} is missing. Download it`
      : `the header of ${tensor.file} is damaged. Download the file again`;
    throw new OffaxisError('read-failed', say`Tensor ${quoted(tensor.name)} cannot be read: ${why}.`);
  }
  if (offset < 0 || offset + target.length > tensor.sizeBytes) {
    throw new OffaxisError(
      'bug',
      `Tensor ${quoted(tensor.name)}: ${target.length} bytes at ${offset} lie outside its ${tensor.sizeBytes}.`,
    );
  }
  try {
    const read = (file: string, at: number, into: Uint8Array): Promise<void> => files.read(file, at, into, signal);
    await (assembled ? readBoxes(assembled, offset, target, read) : read(tensor.file, start + offset, target));
  } catch (error) {
    if (!(error instanceof OffaxisError) || error.code === 'cancelled') throw error;
    const where = error.message.startsWith(folder) ? '' : ` (${tensor.file})`;
    throw new OffaxisError('read-failed', say`Tensor ${quoted(tensor.name)}${where}: ${error.text ?? error.message}`, {
      cause: error,
    });
  }
}

function reportUnsplit(
  tensors: ReadonlyMap<string, TensorRow>,
  config: ModelConfig | null,
  family: Family | null,
  problems: ProblemList,
): void {
  for (const row of tensors.values()) {
    const reason = row.spectral ? unsplitReason(row, config, family) : null;
    if (reason === null) continue;
    const text = `a fused matrix is analyzed as one: ${reason}.`;
    problems.add('info', 'fused-not-split', text, '', { tensor: row.name });
  }
}

function reportExperts(tensors: ReadonlyMap<string, TensorRow>, problems: ProblemList): void {
  for (const { name, module, shape } of tensors.values()) {
    if (!isExpertStack(module) || !hasTooManyExperts(shape)) continue;
    const text = `a stack of ${shape[0]} experts, more than the ${MAX_EXPERTS} that are taken apart; it is taken as one tensor, without spectra.`;
    problems.add('info', 'too-many-experts', text, 'Check the shape that the header claims.', { tensor: name });
  }
}
