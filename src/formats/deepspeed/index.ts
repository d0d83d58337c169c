/**
 * A checkpoint of DeepSpeed's ZeRO 1 to 3 as one of whole float32 weights: what its own zero_to_fp32.py makes of it, by ranges, with no
 * copy. Pickles and directories are read, and no weights. What does not fit together is refused with the reason.
 */
import type { ByteSource } from '../../bytes/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { appendAll, greatest, elementCount } from '../../protocol/lists.ts';
import type { Problem } from '../../protocol/results.ts';
import type { Box, Header, HeaderEntry } from '../format.ts';
import { ProblemList, quoted } from '../problems.ts';
import { TorchError, type Archive } from '../torch/archive.ts';
import { readSaved } from '../torch/index.ts';
import { report } from '../torch/report.ts';
import { nameOfRank, type ZeroFiles } from './names.ts';
import { assembled, parametersOf } from './partitions.ts';
import { CONVERT, modelOf, rankOf, type ModelState, type Rank } from './states.ts';

export { ZERO_SET, zeroFiles, type ZeroFiles } from './names.ts';

type Use = <T>(file: string, work: (source: ByteSource) => Promise<T>) => Promise<T>;
/** Files read at once. */
const AT_ONCE = 8;
const MOST_RANKS = 100_000;
const COPY = 'Copy it into the folder.';

export interface ZeroHeader extends Header {
  title: string;
  /** that names and shapes were read from; entries without a file of their own lie in it */
  file: string;
  /** the others, those that are not there too */
  others: string[];
}

/** Throws read-failed and cancelled; what is wrong inside is a problem. */
export async function readZero(files: ZeroFiles, use: Use, signal?: AbortSignal): Promise<ZeroHeader> {
  const [any = ''] = files.model.values();
  const header: ZeroHeader = {
    entries: new Map(),
    metadata: new Map(),
    headerBytes: 0,
    problems: [],
    title: 'DeepSpeed ZeRO',
    file: any,
    others: [],
  };
  const problems = new ProblemList(any);
  try {
    appendAll(header.problems, await readInto(header, files, use, problems, signal));
  } catch (error) {
    report(error, problems);
    header.entries.clear();
  }
  header.problems = [...header.problems, ...problems.list()];
  return header;
}

/** The problems of files that cannot be read, in which case nothing is. */
async function readInto(
  header: ZeroHeader,
  files: ZeroFiles,
  use: Use,
  problems: ProblemList,
  signal?: AbortSignal,
): Promise<Problem[]> {
  const refuse = (text: string): TorchError => new TorchError('zero-not-read', text, CONVERT);
  header.others = [...files.optimizer.values()];
  if (files.fault !== null) throw refuse(`${files.fault}.`);
  const read = <T>(file: string, make: Make<T>): Promise<Read<T>> =>
    ofFile(file, use, signal, (archive, name, bytes) => {
      header.headerBytes += archive.headerBytes;
      return make(archive, name, bytes);
    });
  const numbers = [...files.optimizer.keys()].sort((a, b) => a - b);
  const states = await inParallel(numbers, (number) => read(files.optimizer.get(number) as string, rankOf));
  const faults = states.flatMap((state) => ('problems' in state ? state.problems : []));
  if (faults.length > 0) return faults;
  const ranks = new Map<number, Rank>();
  for (const [i, state] of states.entries()) if ('made' in state) ranks.set(numbers[i] as number, state.made);
  const [first] = ranks.values();
  if (!first) return [];
  const world = greatest(first.counts);
  if (world > MOST_RANKS) throw refuse(`it claims to be split over ${world} processes.`);
  for (const { counts } of ranks.values())
    if (counts.some((count) => count !== world))
      throw refuse('its groups are split over different numbers of processes, as those of experts are.');
  if (numbers.some((number) => number >= world))
    throw refuse(`it was written by ${world} processes, but there is a file of rank ${greatest(numbers)} too.`);
  header.title = `DeepSpeed ZeRO-${first.stage}`;

  const isZipped = first.stage === 3;
  const modelFile = isZipped
    ? (files.model.get(0) ?? nameOfRank([...files.model.values()].find((name) => /pp_rank/.test(name)) ?? '', 0))
    : files.model.get(null);
  if (!modelFile) throw refuse(`mp_rank_00_model_states.pt, which has its names and shapes, is missing.`);
  header.file = modelFile;
  const model = await read(modelFile, modelOf);
  if ('problems' in model) return model.problems;
  if (!('made' in model)) throw refuse(`${modelFile}, which has its names and shapes, is missing.`);

  const all = Array.from({ length: world }, (_, number) => ranks.get(number) ?? null);
  const [anyOptimizer = ''] = files.optimizer.values();
  const fileOf = (number: number): string => files.optimizer.get(number) ?? nameOfRank(anyOptimizer, number);
  header.others = all.map((_, number) => fileOf(number));
  const add = (entry: HeaderEntry): void => void header.entries.set(entry.name, entry);
  const unread = (name: string, dtype = '?', shape: number[] = []): void =>
    add({ name, dtype, shape, sizeBytes: 0, offset: null });
  addBuffers(model.made, add, unread, problems);
  const missing = new Map<string, number>();
  const count = (file: string): void => void missing.set(file, (missing.get(file) ?? 0) + 1);
  for (const parameter of parametersOf(model.made.groups, all)) {
    if ('entry' in parameter) add(parameter.entry);
    else {
      unread(parameter.name, parameter.dtype, parameter.shape);
      count(fileOf(parameter.absent));
    }
  }
  const models = [model.made];
  if (isZipped && model.made.frozen.size > 0) {
    const rest = Array.from({ length: world - 1 }, (_, i) => nameOfRank(modelFile, i + 1));
    const made = await inParallel(rest, (file) => read(file, modelOf));
    const broken = made.flatMap((one) => ('problems' in one ? one.problems : []));
    if (broken.length > 0) {
      header.entries.clear();
      return broken;
    }
    for (const [i, one] of made.entries()) {
      if ('made' in one) models.push(one.made);
      else for (const _ of model.made.frozen) count(rest[i] as string);
    }
    appendAll(header.others, rest);
  }
  for (const [name, shape] of model.made.frozen) {
    if (isZipped && models.length < world) unread(name, '?', shape);
    else add(frozenEntry(name, shape, isZipped ? models : [model.made]));
  }
  addRest(model.made, isZipped, header, add, unread, problems);
  for (const [number] of all.entries())
    if (!ranks.has(number) && !missing.has(fileOf(number))) missing.set(fileOf(number), 0);
  for (const [file, tensors] of missing)
    problems.add(
      'warning',
      'shards-missing',
      `${file} is missing, one of ${world} processes' files; ${tensors} tensors are listed, not read, because of it.`,
      COPY,
    );
  const text = `the flat ${first.groups[0]?.dtype ?? 'F32'} partitions of ${world} processes are put together; the copies of the weights under "module" are not listed.`;
  problems.add('info', 'zero-assembled', text, '');
  return [];
}

type Unread = (name: string, dtype?: string, shape?: number[]) => void;

function addBuffers(model: ModelState, add: (entry: HeaderEntry) => void, unread: Unread, problems: ProblemList): void {
  for (const [name, value] of model.module)
    if (typeof name === 'string' && model.buffers.has(name)) addStored(model, name, value, add, unread, problems);
}

function addStored(
  model: ModelState,
  name: string,
  value: Parameters<ModelState['place']>[1],
  add: (entry: HeaderEntry) => void,
  unread: Unread,
  problems: ProblemList,
): void {
  const entry = model.place(name, value);
  if (typeof entry !== 'string') return add(entry);
  problems.add('warning', 'tensor-not-read', `${entry}.`, CONVERT, { tensor: name });
  unread(name);
}

/** The fragments of a frozen parameter, one process after the other. Throws TorchError. */
function frozenEntry(name: string, shape: number[], models: readonly ModelState[]): HeaderEntry {
  let left = elementCount(shape);
  let at = 0;
  let dtype = '?';
  const boxes: Box[] = [];
  for (const model of models) {
    const part = model.place(name, model.fragments.get(name));
    if (typeof part === 'string' || part.layout || (dtype !== '?' && part.dtype !== dtype))
      throw new TorchError(
        'zero-not-read',
        `the frozen ${quoted(name)} is not stored as DeepSpeed stores it.`,
        CONVERT,
      );
    dtype = part.dtype;
    const own = Math.min(left, elementCount(part.shape));
    if (own > 0) boxes.push({ file: model.file, offset: part.offset as number, shape: [own], at: [at] });
    at += own;
    left -= own;
  }
  return assembled(name, dtype, shape, boxes);
}

/** Parameters that share their values with others, and what of the module is not among the partitions. */
function addRest(
  model: ModelState,
  isZipped: boolean,
  { entries }: Header,
  add: (entry: HeaderEntry) => void,
  unread: Unread,
  problems: ProblemList,
): void {
  for (const [name, other] of model.shared) {
    const entry = entries.get(other);
    if (entry) add({ ...entry, name });
  }
  for (const [name, value] of model.module) {
    if (typeof name !== 'string' || entries.has(name)) continue;
    // Of ZeRO-3 the module has placeholders only.
    if (!isZipped) addStored(model, name, value, add, unread, problems);
    else {
      problems.add('warning', 'tensor-not-read', 'no partition holds it.', CONVERT, { tensor: name });
      unread(name);
    }
  }
}

type Make<T> = (archive: Archive, file: string, fileBytes: number) => T;
type Read<T> = { made: T } | { missing: true } | { problems: Problem[] };

async function ofFile<T>(file: string, use: Use, signal: AbortSignal | undefined, make: Make<T>): Promise<Read<T>> {
  try {
    return await use(file, async (source) => {
      const archive = await readSaved(source, signal);
      if (archive.bigEndian)
        throw new TorchError('big-endian', 'its numbers are big-endian, which is not read.', CONVERT);
      return { made: make(archive, file, source.sizeBytes) };
    });
  } catch (error) {
    if (error instanceof OffaxisError) {
      if (error.code !== 'bad-file') throw error;
      return { missing: true };
    }
    const problems = new ProblemList(file);
    report(error, problems);
    return { problems: problems.list() };
  }
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}
