/** The tuned checkpoint that a patch describes, made from its base: the same bits, or nothing. */
import { createHash } from 'node:crypto';
import { readChunks, StoredWeight, storedTensor, type Checkpoint, type RowSource } from '../../checkpoint/index.ts';
import { rowStart } from '../../checkpoint/strided.ts';
import { tensorDigest } from '../../health/index.ts';
import { numberType } from '../../numbers/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { OffaxisError, throwIfAborted } from '../../protocol/errors.ts';
import { indicesOf, valuesOf, type ApplyEvent, type PatchSource, type PatchTensor } from '../../protocol/patch.ts';
import type { StridedView } from '../../protocol/stridedView.ts';
import { filesOf } from '../checkpointCache.ts';
import { refuseTensorFile, TensorFiles } from '../tensorFiles.ts';
import { CHUNK, runOf, widthOf } from './codes.ts';
import { progressOf } from './diff.ts';
import { recipeOf } from './recipe.ts';
import { elementCount } from '../../protocol/lists.ts';

/**
 * `shardBytes`: for tests. Throws bad-file if the patch is not one, the base is not the one that it was made from (by SHA-256, before
 * anything is written), or the result is not what was tuned; bad-parameter (destination), read-failed, cancelled.
 */
export async function* applyPatch(
  base: Checkpoint,
  patch: Checkpoint,
  destination: string,
  signal: AbortSignal,
  shardBytes?: number,
): AsyncGenerator<ApplyEvent, void, undefined> {
  const reads = [...filesOf(base.path, base), ...filesOf(patch.path, patch)];
  await refuseTensorFile(destination, reads);
  const recipe = recipeOf(patch);
  const made = recipe.tensors.map((tensor) => planned(base, patch, tensor));
  const names = Object.keys(recipe.base).toSorted();
  const rows = names.map((name) => baseRow(base, name));
  const hashed = progressOf(
    'hash',
    rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  );
  for (const row of rows) {
    if ((await tensorDigest(storedTensor(base, row), signal)) !== recipe.base[row.name])
      throw new OffaxisError(
        'bad-file',
        `${base.path} is not the base that the patch was made from: ${JSON.stringify(row.name)} has other bits. Name the base of this patch.`,
      );
    yield hashed(row.sizeBytes);
  }
  const entries = made.map(({ tensor: { name, dtype, shape }, sizeBytes }) => ({ name, dtype, shape, sizeBytes }));
  const total = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  yield { type: 'plan', sizeBytes: total, tensors: entries.length, removed: recipe.removed };
  const files = await TensorFiles.create(destination, entries, recipe.metadata, {
    ...{ reads, signal },
    ...(shardBytes === undefined ? {} : { shardBytes }),
  });
  try {
    const step = progressOf('write', total);
    for (const one of made) {
      const hash = createHash('sha256');
      for await (const bytes of one.bytes(signal)) {
        throwIfAborted(signal);
        hash.update(bytes);
        await files.write(bytes);
      }
      if (hash.digest('hex') !== one.tensor.sha256)
        throw new OffaxisError(
          'bad-file',
          `${patch.path} is damaged: ${JSON.stringify(one.tensor.name)} would not have the bits that it was made from.`,
        );
      yield step(one.sizeBytes);
    }
    await base.verify();
    await patch.verify();
    await files.commit();
    yield { type: 'written', files: files.files, sizeBytes: files.sizeBytes };
  } finally {
    await files.discard();
  }
}

interface Made {
  tensor: PatchTensor;
  sizeBytes: number;
  bytes(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>;
}

function planned(base: Checkpoint, patch: Checkpoint, tensor: PatchTensor): Made {
  const { name, dtype, shape, from, changed } = tensor;
  const elements = elementCount(shape);
  const bits = numberType(dtype)?.bits;
  if (from === null) {
    const row = patchRow(patch, name, dtype);
    return { tensor, sizeBytes: row.sizeBytes, bytes: (signal) => wholeBytes(runOf(patch, row), signal) };
  }
  if (bits === undefined) throw damaged(patch, name);
  const sizeBytes = Math.ceil((elements * bits) / 8);
  const width = widthOf(dtype);
  const runs = from.map((source) => sourceRun(base, patch, source, dtype));
  if (runs.reduce((sum, { rows, columns }) => sum + rows * columns, 0) !== sizeBytes / width)
    throw damaged(patch, name);
  if (changed === 0)
    return {
      ...{ tensor, sizeBytes },
      bytes: async function* (signal) {
        for (const run of runs) yield* wholeBytes(run, signal);
      },
    };
  const indices = patchRow(patch, indicesOf(name), null);
  const values = patchRow(patch, valuesOf(name), null);
  const isWide = indices.dtype === 'I64';
  if ((!isWide && indices.dtype !== 'I32') || widthOf(values.dtype) !== width) throw damaged(patch, name);
  if (indices.sizeBytes !== changed * widthOf(indices.dtype) || values.sizeBytes !== changed * width)
    throw damaged(patch, name);
  return {
    ...{ tensor, sizeBytes },
    bytes: (signal) =>
      patched(runs, width, new Updates(runOf(patch, indices), runOf(patch, values), width, signal), signal),
  };
}

async function* wholeBytes(run: RowSource, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { data } of readChunks(run, { weights: CHUNK, signal })) yield data;
}

/** The base's elements with those of the patch in their places. */
async function* patched(
  runs: readonly RowSource[],
  width: number,
  updates: Updates,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let end = 0;
  for (const run of runs)
    for await (const bytes of wholeBytes(run, signal)) {
      const first = end;
      end += bytes.length / width;
      for (;;) {
        const update = await updates.before(end);
        if (!update) break;
        if (update.index < first)
          throw new OffaxisError('bad-file', `${run.name}: the patch's elements are not in order.`);
        bytes.set(update.value, (update.index - first) * width);
      }
      yield bytes;
    }
}

/** Elements that a patch sets, read on as they are asked for. */
class Updates {
  private at = 0;
  private start = 0;
  private indices: Int32Array | BigInt64Array = new Int32Array();
  private values = new Uint8Array();

  constructor(
    private readonly numbers: RowSource,
    private readonly codes: RowSource,
    private readonly width: number,
    private readonly signal: AbortSignal,
  ) {}

  /** The next one, if its number is below `end`; null otherwise. */
  async before(end: number): Promise<{ index: number; value: Uint8Array } | null> {
    if (this.at === this.indices.length) await this.read();
    const number = this.indices[this.at];
    if (number === undefined || Number(number) >= end) return null;
    const { at, width } = this;
    this.at++;
    return { index: Number(number), value: this.values.subarray(at * width, (at + 1) * width) };
  }

  private async read(): Promise<void> {
    const count = Math.min(CHUNK, this.numbers.columns - this.start);
    if (count <= 0) return;
    const isWide = this.numbers.type === 'I64';
    this.indices = isWide ? new BigInt64Array(count) : new Int32Array(count);
    this.values = new Uint8Array(count * this.width);
    const area = { rows: [0, 1], columns: [this.start, this.start + count] } as const;
    await this.numbers.readRows(area, new Uint8Array(this.indices.buffer), this.signal);
    await this.codes.readRows(area, this.values, this.signal);
    this.start += count;
    this.at = 0;
  }
}

const damaged = (patch: Checkpoint, name: string): OffaxisError =>
  new OffaxisError(
    'bad-file',
    `${patch.path} is damaged: what it holds of ${JSON.stringify(name)} does not fit together. Make it again.`,
  );

function patchRow(patch: Checkpoint, name: string, dtype: string | null): TensorRow {
  const row = patch.tensors.get(name);
  if (!row || row.offset === null || (dtype !== null && row.dtype !== dtype)) throw damaged(patch, name);
  return row;
}

function baseRow(base: Checkpoint, name: string): TensorRow {
  const row = base.tensors.get(name);
  if (!row || row.offset === null)
    throw new OffaxisError(
      'bad-file',
      `${base.path} is not the base that the patch was made from: it has no tensor ${JSON.stringify(name)}. Name the base of this patch.`,
    );
  return row;
}

function sourceRun(base: Checkpoint, patch: Checkpoint, { tensor, view }: PatchSource, dtype: string): RowSource {
  const row = baseRow(base, tensor);
  if (row.dtype !== dtype) throw damaged(patch, tensor);
  if (!view) return runOf(base, row);
  if (!liesWithin(view, row.sizeBytes / widthOf(dtype))) throw damaged(patch, tensor);
  const { layer, module } = row;
  return new StoredWeight(base, row, { name: tensor, layer, module, expert: null, ...view }).codes;
}

/** No row begins or ends outside the tensor. */
function liesWithin(view: StridedView, elements: number): boolean {
  const { rows, columns, columnStride } = view;
  if (rows > elements || columns > elements || rows * columns > elements) return false;
  for (let row = 0; row < rows; row++)
    if (rowStart(view, row) + Math.max(0, columns - 1) * columnStride >= elements && columns > 0) return false;
  return true;
}
