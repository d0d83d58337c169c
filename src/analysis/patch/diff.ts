/**
 * A tuned checkpoint as the elements in which it differs from its base: counted first, then written. Nothing of it is held, so numbers
 * and values of the elements, which lie apart, are found in a pass each.
 */
import { readChunks, storedTensor, type Checkpoint, type RowSource } from '../../checkpoint/index.ts';
import { safetensorsHeader, type WrittenTensor } from '../../formats/index.ts';
import { createOutput, type Output } from '../../files/index.ts';
import { tensorDigest } from '../../health/index.ts';
import { createHash } from 'node:crypto';
import { OffaxisError, throwIfAborted } from '../../protocol/errors.ts';
import {
  indicesOf,
  PATCH_KEY,
  valuesOf,
  type DiffEvent,
  type PatchRecipe,
  type PatchTensor,
} from '../../protocol/patch.ts';
import { filesOf } from '../checkpointCache.ts';
import { Estimate } from '../queue.ts';
import { refuseTensorFile } from '../tensorFiles.ts';
import { CHUNK, chunksOf, eachChange, isBytes, runOf, widthOf } from './codes.ts';
import { sourcesOf, type SourcedTensor } from './sources.ts';

/** Numbers of elements beyond this do not fit into 32 bits with a sign, which PyTorch's index types are. */
const MOST_INT32 = 2 ** 31;

interface Counted extends SourcedTensor {
  /** all of it */
  tuned: RowSource;
  recipe: PatchTensor;
  /** a number of an element in the patch */
  indexType: 'I32' | 'I64';
}

/** Throws bad-parameter (destination), bad-file, read-failed, cancelled. */
export async function* diffCheckpoints(
  base: Checkpoint,
  tuned: Checkpoint,
  destination: string,
  signal: AbortSignal,
): AsyncGenerator<DiffEvent, void, undefined> {
  const reads = [...filesOf(base.path, base), ...filesOf(tuned.path, tuned)];
  await refuseTensorFile(destination, reads);
  const sourced = sourcesOf(base, tuned);
  const used = new Set(sourced.flatMap(({ pieces }) => (pieces ?? []).map(({ source }) => source.tensor)));
  const step = progressOf(
    'compare',
    sourced.reduce((sum, { row }) => sum + row.sizeBytes, 0),
  );
  const counted: Counted[] = [];
  let [changed, compared] = [0, 0];
  for (const one of sourced) {
    const found = await count(tuned, one, signal);
    counted.push(found);
    if (one.pieces) {
      changed += found.changed;
      compared += one.row.sizeBytes / widthOf(one.row.dtype);
    }
    yield step(one.row.sizeBytes);
  }
  const hashes: Record<string, string> = {};
  const rows = [...used].toSorted().flatMap((name) => base.tensors.get(name) ?? []);
  const hashed = progressOf(
    'hash',
    rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  );
  for (const row of rows) {
    hashes[row.name] = await tensorDigest(storedTensor(base, row), signal);
    yield hashed(row.sizeBytes);
  }
  const removed = [...base.tensors.keys()].filter((name) => !used.has(name) && !tuned.tensors.has(name));
  const recipe: PatchRecipe = {
    schema: 'offaxis.patch/1',
    base: hashes,
    metadata: tuned.facts.metadata,
    tensors: counted.map((one) => one.recipe).toSorted((a, b) => widthOf(b.dtype) - widthOf(a.dtype)),
    removed,
  };
  // Wide types first: every tensor then lies aligned.
  const written = counted
    .flatMap((one) => partsOf(one))
    .toSorted((a, b) => widthOf(b.entry.dtype) - widthOf(a.entry.dtype));
  const entries = written.map(({ entry }) => entry);
  if (new Set(entries.map(({ name }) => name)).size < written.length)
    throw new OffaxisError(
      'bad-file',
      `${tuned.path} has tensors whose names end in #indices or #values, as those of a patch do.`,
    );
  const header = safetensorsHeader(entries, { [PATCH_KEY]: JSON.stringify(recipe) });
  const dataBytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const kinds = { unchanged: 0, sparse: 0, whole: 0 };
  for (const { recipe } of counted) kinds[recipe.from === null ? 'whole' : recipe.changed ? 'sparse' : 'unchanged']++;
  yield {
    type: 'plan',
    plan: {
      patchBytes: header.length + dataBytes,
      tunedBytes: sourced.reduce((sum, { row }) => sum + row.sizeBytes, 0),
      ...{ changed, compared, tensors: kinds, removed },
    },
  };
  const output = await createOutput(destination, { reads, checkpoint: true, signal });
  try {
    await output.write(header);
    const step = progressOf('write', dataBytes);
    for (const { one, part, entry } of written) {
      await write(output, one, part, signal);
      yield step(entry.sizeBytes);
    }
    await base.verify();
    await tuned.verify();
    await output.commit();
    yield { type: 'written', sizeBytes: output.sizeBytes };
  } finally {
    await output.discard();
  }
}

/** Progress of one phase, by bytes. */
export function progressOf<P extends string>(
  phase: P,
  total: number,
): (bytes: number) => { type: 'progress'; phase: P; done: number; total: number; secondsLeft: number | null } {
  const estimate = new Estimate(total);
  let done = 0;
  return (bytes) => {
    estimate.add(bytes);
    return { type: 'progress', phase, done: (done += bytes), total, secondsLeft: estimate.secondsLeft() };
  };
}

/** How many elements differ, and whether to keep those or the whole. */
async function count(
  tuned: Checkpoint,
  one: SourcedTensor,
  signal: AbortSignal,
): Promise<Counted & { changed: number }> {
  const { row, pieces } = one;
  const { name, dtype } = row;
  const shape = row.quantised?.storedShape ?? row.shape;
  const width = widthOf(dtype);
  const hash = createHash('sha256');
  let changed = 0;
  for (const { base, tuned } of pieces ?? [])
    for await (const chunk of chunksOf(base, tuned, signal)) {
      throwIfAborted(signal);
      hash.update(chunk.tuned);
      changed += eachChange(width, chunk.base, chunk.tuned);
    }
  const sha256 = pieces ? hash.digest('hex') : await tensorDigest(storedTensor(tuned, row), signal);
  const elements = row.sizeBytes / width;
  const indexType = elements > MOST_INT32 ? 'I64' : 'I32';
  const isSparse = pieces !== null && changed * (width + widthOf(indexType)) < Math.max(1, row.sizeBytes);
  const from = isSparse ? pieces.map(({ source }) => source) : null;
  return {
    ...one,
    tuned: runOf(tuned, row),
    changed,
    indexType,
    recipe: { name, dtype, shape, sha256, from, changed: isSparse ? changed : 0 },
  };
}

interface Part {
  one: Counted;
  part: 'whole' | 'indices' | 'values';
  entry: WrittenTensor;
}
/** What the patch holds of a tensor. */
function partsOf(one: Counted): Part[] {
  const { name, dtype, shape, from, changed } = one.recipe;
  const width = widthOf(dtype);
  if (from === null) return [{ one, part: 'whole', entry: { name, dtype, shape, sizeBytes: one.row.sizeBytes } }];
  if (changed === 0) return [];
  const entry = (name: string, dtype: string, width: number): WrittenTensor => ({
    ...{ name, dtype, shape: [changed], sizeBytes: changed * width },
  });
  return [
    { one, part: 'indices', entry: entry(indicesOf(name), one.indexType, widthOf(one.indexType)) },
    { one, part: 'values', entry: entry(valuesOf(name), isBytes(dtype) ? 'U8' : dtype, width) },
  ];
}

async function write(
  output: Output,
  { row, pieces, tuned, indexType }: Counted,
  part: Part['part'],
  signal: AbortSignal,
): Promise<void> {
  const width = widthOf(row.dtype);
  if (part === 'whole') {
    for await (const { data } of readChunks(tuned, { weights: CHUNK, signal })) await output.write(data);
    return;
  }
  let start = 0;
  for (const { base, tuned } of pieces ?? []) {
    for await (const chunk of chunksOf(base, tuned, signal)) {
      throwIfAborted(signal);
      const found: number[] = [];
      eachChange(width, chunk.base, chunk.tuned, (index) => void found.push(index));
      if (found.length === 0) continue;
      if (part === 'values') await output.write(valuesAt(chunk.tuned, found, width));
      else await output.write(numbersFrom(found, start + chunk.first, indexType));
    }
    start += base.rows * base.columns;
  }
}

function numbersFrom(found: readonly number[], first: number, type: 'I32' | 'I64'): Uint8Array {
  const numbers =
    type === 'I32'
      ? Int32Array.from(found, (index) => first + index)
      : BigInt64Array.from(found, (index) => BigInt(first + index));
  return new Uint8Array(numbers.buffer);
}

function valuesAt(data: Uint8Array, found: readonly number[], width: number): Uint8Array {
  const values = new Uint8Array(found.length * width);
  found.forEach((index, i) => values.set(data.subarray(index * width, (index + 1) * width), i * width));
  return values;
}
