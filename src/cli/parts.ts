/** Files that `offaxis compare --shard` wrote: reading them, and whether they make one comparison. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OffaxisError } from '../protocol/errors.ts';
import type { ComparisonPart, Inputs } from '../protocol/part.ts';

export interface PartFile {
  path: string;
  part: ComparisonPart;
}

/** The files of a list in which a folder stands for what looks like a part in it. Throws bad-file if nothing is there. */
export async function partPaths(paths: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    paths.map(async (path) => {
      const names = await namesIn(path);
      return names?.filter((name) => name.endsWith('.json')).map((name) => join(path, name)) ?? [path];
    }),
  );
  return lists.flat();
}

/** Names in a folder, sorted; null if it is a file. */
async function namesIn(path: string): Promise<string[] | null> {
  try {
    return (await stat(path)).isDirectory() ? (await readdir(path)).sort() : null;
  } catch (error) {
    throw new OffaxisError('bad-file', `${path} can't be read. Check the path.`, { cause: error });
  }
}

/** Throws bad-file if it is not a part, or was not written whole. */
export async function readPart(path: string): Promise<PartFile> {
  let part: unknown;
  try {
    part = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new OffaxisError('bad-file', `${path} is not a part of a comparison: it can't be read as JSON.`, {
      cause: error,
    });
  }
  if (isPart(part)) return { path, part };
  throw new OffaxisError(
    'bad-file',
    `${path} is not a part of a comparison. Parts are what "offaxis compare --shard I/N --json FILE" writes.`,
  );
}

/** Of what this program writes, enough that nothing below meets another shape. */
function isPart(value: unknown): value is ComparisonPart {
  const part = value as Partial<ComparisonPart> | null;
  if (typeof part !== 'object' || part?.schema !== 'offaxis.part/1') return false;
  const { shard, inputs, parameters, backend, plan, tensors, details, failed } = part;
  const lists: unknown[] = [inputs?.base, inputs?.tuned, plan?.pairs, plan?.skipped, tensors, details, failed];
  return (
    lists.every(Array.isArray) &&
    [parameters, backend, plan?.coverage, plan?.unpaired].every((one) => typeof one === 'object' && one !== null) &&
    Number.isInteger(shard?.index) &&
    Number.isInteger(shard?.of)
  );
}

/**
 * The parts in their order. Throws bad-file: by another version, of other files or parameters, on another kind of backend, one twice, or
 * not all of them.
 */
export function inOrder(files: readonly PartFile[]): PartFile[] {
  const [first] = files;
  if (!first) throw new OffaxisError('bad-file', 'There is no part of a comparison. Name the files, or their folder.');
  for (const { path, part } of files.slice(1)) {
    const other = differenceOf(first.part, part);
    if (other)
      throw new OffaxisError(
        'bad-file',
        `${first.path} and ${path} are not parts of one comparison: ${other}. Run the parts that differ again.`,
      );
  }
  const { of } = first.part.shard;
  const byIndex = new Map<number, PartFile>();
  for (const file of files) {
    const { index } = file.part.shard;
    const twice = byIndex.get(index);
    if (twice)
      throw new OffaxisError('bad-file', `${twice.path} and ${file.path} are both part ${index}. Name one of them.`);
    byIndex.set(index, file);
  }
  const missing = missingOf(new Set(byIndex.keys()), of);
  if (missing.length)
    throw new OffaxisError(
      'bad-file',
      `${missing.length} of ${of} parts are missing: ${ranged(missing)}. Run "offaxis compare" with --shard ${missing[0]}/${of}${missing.length > 1 ? ' and so on' : ''}, or make the job of what is missing with "offaxis cluster".`,
    );
  return [...byIndex.values()].sort((a, b) => a.part.shard.index - b.part.shard.index);
}

/** Parts, counted from 1, that are not among those present. */
export function missingOf(present: ReadonlySet<number>, of: number): number[] {
  return Array.from({ length: of }, (_, i) => i + 1).filter((index) => !present.has(index));
}

/** "1-3,7": ascending numbers as Slurm writes them. */
export function ranged(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

/** In what two parts differ that parts of one comparison may not; null if in nothing. */
function differenceOf(a: ComparisonPart, b: ComparisonPart): string | null {
  if (a.engine !== b.engine) return `they are by versions ${a.engine} and ${b.engine} of Offaxis`;
  if (a.shard.of !== b.shard.of) return `one is of ${a.shard.of} parts, the other of ${b.shard.of}`;
  if (JSON.stringify(a.parameters) !== JSON.stringify(b.parameters)) return 'their parameters differ';
  const file = changedFile(a.inputs, b.inputs);
  if (file) return `${file} is not the same file for both`;
  if (a.backend.kind !== b.backend.kind || a.backend.precision !== b.backend.precision)
    return `one was computed on ${a.backend.name} (${a.backend.precision}), the other on ${b.backend.name} (${b.backend.precision})`;
  const names = ({ plan }: ComparisonPart): string => JSON.stringify(plan.pairs);
  return names(a) === names(b) ? null : 'they pair other tensors';
}

function changedFile(a: Inputs, b: Inputs): string | null {
  for (const side of ['base', 'tuned'] as const) {
    const marks = new Map(b[side].map((input) => [input.file, JSON.stringify(input)]));
    for (const input of a[side]) if (marks.get(input.file) !== JSON.stringify(input)) return input.file;
    const known = new Set(a[side].map(({ file }) => file));
    for (const { file } of b[side]) if (!known.has(file)) return file;
  }
  return null;
}
