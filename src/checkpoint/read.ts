/** The rows of a weight as a whole, or chunk by chunk for passes that hold none of it. */
import { numberType } from '../numbers/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { SharedBuffers } from './buffers.ts';
import type { Area, RowSource, Weight } from './weight.ts';

/** A row of a transposed weight crosses the whole tensor, so many are read in one pass over it: as many as fit in this. */
const SLAB_BYTES = 128 * 1024 * 1024;

/** Shared memory costs some microseconds: it is for what may go to another thread, not for chunks of a few numbers. */
const FEW_BYTES = 8 * 1024;

export interface ChunkOptions {
  /** weights a chunk, at most; whole rows for matrices, at least one */
  weights: number;
  /** the whole of it if there is none */
  area?: Area;
  signal?: AbortSignal;
  /** where the memory of the chunks comes from and goes to */
  buffers?: SharedBuffers;
}
export interface Chunk {
  /** row-major number of its first weight in the area */
  first: number;
  /** row-major, in the weight's `type`; over a SharedArrayBuffer unless it is a few numbers; valid until the next chunk is asked for */
  data: Uint8Array;
}

/** Of each chunk that `readChunks` gives of a whole weight but the last, for at most `weights`. */
export function weightsOfChunk({ rows, columns }: Pick<RowSource, 'rows' | 'columns'>, weights: number): number {
  return rows === 1 ? weights : columns * rowsOfChunk(columns, weights);
}
const rowsOfChunk = (columns: number, weights: number): number => Math.max(1, Math.floor(weights / columns));

/** Bytes that `readChunks` holds of this weight beside two chunks. */
export function slabBytes(weight: RowSource): number {
  return weight.order === 'rows' ? 0 : Math.min(SLAB_BYTES, weight.rows * weight.columns * elementBytes(weight));
}

/** All of a weight in row-major order, in its `type`, over a SharedArrayBuffer, of `buffers` if given. Throws read-failed, bad-file, cancelled. */
export async function readMatrix(weight: Weight, signal?: AbortSignal, buffers?: SharedBuffers): Promise<Uint8Array> {
  const { rows, columns } = weight;
  const bytes = rows * columns * elementBytes(weight);
  const data = buffers?.take(bytes) ?? sharedBytes(bytes);
  await weight.readRows({ rows: [0, rows], columns: [0, columns] }, data, signal);
  return data;
}

/**
 * A weight in order, chunk by chunk, with the next chunk read while the caller works on one. Two weights of one shape give chunks of the
 * same weights, whatever their types. Peak: two chunks; 128 MiB more if it is a transpose. Throws read-failed, bad-file, cancelled.
 */
export async function* readChunks(weight: RowSource, options: ChunkOptions): AsyncGenerator<Chunk, void, undefined> {
  const area = options.area ?? { rows: [0, weight.rows], columns: [0, weight.columns] };
  const rows = area.rows[1] - area.rows[0];
  const columns = area.columns[1] - area.columns[0];
  if (rows * columns === 0) return;
  const weights = Math.max(1, Math.floor(options.weights));
  const make = weight.order === 'rows' || rows === 1 ? directSteps : slabSteps;
  const steps = make(weight, area, weights, options.signal);
  const capacity = Math.min(rows * columns, rows === 1 ? weights : Math.max(columns, weights)) * elementBytes(weight);
  const shared = (length: number): Uint8Array => options.buffers?.take(length) ?? sharedBytes(length);
  const makeBuffer = capacity > FEW_BYTES ? shared : (length: number) => new Uint8Array(length);
  const buffers: Uint8Array[] = [];
  let turn = 0;
  const start = (step: Step | undefined): Promise<Chunk> | null => {
    if (!step) return null;
    const buffer = (buffers[turn++ % 2] ??= makeBuffer(capacity));
    const pending = step(buffer);
    // A failure is met when its chunk is awaited; until then it must not count as unhandled.
    pending.catch(() => undefined);
    return pending;
  };
  let pending = start(steps.next().value ?? undefined);
  try {
    while (pending) {
      const chunk = await pending;
      pending = start(steps.next().value ?? undefined);
      yield chunk;
    }
    // ended early, a thread may still be at its chunk
    for (const buffer of buffers) options.buffers?.give(buffer);
  } finally {
    await pending?.catch(() => undefined);
  }
}

/** Fills a buffer with the next chunk. */
type Step = (buffer: Uint8Array) => Promise<Chunk>;

/** Chunks that are read straight into their buffer: rows that lie together, or pieces of a single row. */
function* directSteps(weight: RowSource, area: Area, weights: number, signal?: AbortSignal): Generator<Step, void> {
  const width = elementBytes(weight);
  const [row0, row1] = area.rows;
  const [column0, column1] = area.columns;
  const columns = column1 - column0;
  const read =
    (first: number, part: Area, count: number): Step =>
    async (buffer) => {
      const data = buffer.subarray(0, count * width);
      await weight.readRows(part, data, signal);
      return { first, data };
    };
  if (row1 - row0 === 1) {
    for (let first = 0; first < columns; first += weights) {
      const count = Math.min(weights, columns - first);
      yield read(first, { rows: area.rows, columns: [column0 + first, column0 + first + count] }, count);
    }
    return;
  }
  const step = rowsOfChunk(columns, weights);
  for (let row = row0; row < row1; row += step) {
    const end = Math.min(row1, row + step);
    yield read((row - row0) * columns, { rows: [row, end], columns: area.columns }, (end - row) * columns);
  }
}

/** Chunks of a transposed weight: slabs of rows are read, each in one pass over the tensor, and copied out chunk by chunk. */
function* slabSteps(weight: RowSource, area: Area, weights: number, signal?: AbortSignal): Generator<Step, void> {
  const [row0, row1] = area.rows;
  const columns = area.columns[1] - area.columns[0];
  const rowBytes = columns * elementBytes(weight);
  const step = rowsOfChunk(columns, weights);
  const slabRows = Math.min(row1 - row0, step * Math.max(1, Math.floor(SLAB_BYTES / (step * rowBytes))));
  const slab = sharedBytes(slabRows * rowBytes);
  let filled: Promise<void> = Promise.resolve();
  for (let slabStart = row0; slabStart < row1; slabStart += slabRows) {
    const slabEnd = Math.min(row1, slabStart + slabRows);
    for (let row = slabStart; row < slabEnd; row += step) {
      const end = Math.min(slabEnd, row + step);
      yield async (buffer) => {
        if (row === slabStart) {
          const part = slab.subarray(0, (slabEnd - slabStart) * rowBytes);
          filled = weight.readRows({ rows: [slabStart, slabEnd], columns: area.columns }, part, signal);
        }
        await filled;
        const data = buffer.subarray(0, (end - row) * rowBytes);
        const from = (row - slabStart) * rowBytes;
        data.set(slab.subarray(from, from + data.length));
        return { first: (row - row0) * columns, data };
      };
    }
  }
}

/** Bytes of a number as it is handed out; throws bad-file for types without whole bytes. */
function elementBytes({ name, type }: RowSource): number {
  const bits = numberType(type)?.bits ?? 0;
  if (bits === 0 || bits % 8 !== 0)
    throw new OffaxisError('bad-file', say`Tensor ${JSON.stringify(name)} of type ${type} cannot be read as numbers.`);
  return bits / 8;
}

function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length));
}
