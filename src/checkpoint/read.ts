/** The weights of a view as contiguous row-major codes: the whole matrix, or chunk by chunk for passes that hold no tensor. */
import { decodeFloat8, dtypeOf, float8Table } from '../formats/index.ts';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import type { TensorRow } from '../protocol/engine.ts';
import type { Checkpoint, MatrixView } from './types.ts';

/** A strided view is gathered from blocks of the tensor of this size. */
const GATHER_BLOCK_BYTES = 8 * 1024 * 1024;
/** Rows of a transposed view cross the whole tensor, so many are gathered in one pass over it: as many as fit in this. */
const SLAB_BYTES = 128 * 1024 * 1024;
/** Side of the tiles in which a block is transposed: two tiles of 8-byte elements fit the first cache. */
const TILE = 32;

export interface ChunkOptions {
  /** weights a chunk, at most; whole rows for matrices, at least one */
  weights: number;
  signal?: AbortSignal;
}
export interface Chunk {
  /** row-major number of its first weight in the view */
  first: number;
  /** codes in the storage type, F8 kinds as F32; over a SharedArrayBuffer, valid until the next chunk is asked for */
  data: Uint8Array;
}

/**
 * The matrix [rows, columns] of a view in row-major order, over a SharedArrayBuffer: in the storage type for F64, F32, F16 and BF16, as
 * F32 for F8 kinds. Peak: the matrix, plus 8 MiB where the view is strided, plus its codes where it is F8. Throws read-failed, cancelled.
 */
export async function readMatrix(
  checkpoint: Checkpoint,
  tensor: TensorRow,
  view: MatrixView,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const codes = sharedBytes(view.rows * view.columns * storageBytes(tensor));
  await readRows(checkpoint, tensor, view, 0, view.rows, codes, signal);
  return isFloat8(tensor) ? decoded(tensor, codes, sharedBytes(codes.length * 4)) : codes;
}

/**
 * A view in order, chunk by chunk, with the next chunk read while the caller works on one. Two views of one shape give chunks of the
 * same weights, whatever their types. Peak: two chunks; 128 MiB more where the view is a transpose. Throws read-failed, cancelled.
 */
export async function* readChunks(
  checkpoint: Checkpoint,
  tensor: TensorRow,
  view: MatrixView,
  options: ChunkOptions,
): AsyncGenerator<Chunk, void, undefined> {
  const { rows, columns } = view;
  if (rows * columns === 0) return;
  const weights = Math.max(1, Math.floor(options.weights));
  const steps =
    view.columnStride === 1 || rows === 1
      ? directSteps(checkpoint, tensor, view, weights, options.signal)
      : slabSteps(checkpoint, tensor, view, weights, options.signal);
  const capacity = Math.min(rows * columns, rows === 1 ? weights : Math.max(columns, weights)) * storageBytes(tensor);
  const buffers = [sharedBytes(capacity), sharedBytes(rows * columns > weights ? capacity : 0)];
  const wide = isFloat8(tensor) ? sharedBytes(capacity * 4) : null;
  let turn = 0;
  const start = (step: Step | undefined): Promise<Chunk> | null => {
    if (!step) return null;
    const buffer = buffers[turn++ % 2] as Uint8Array;
    const pending = step(buffer);
    // A failure is met when its chunk is awaited; until then it must not count as unhandled.
    pending.catch(() => undefined);
    return pending;
  };
  let pending = start(steps.next().value ?? undefined);
  try {
    while (pending) {
      const { first, data } = await pending;
      pending = start(steps.next().value ?? undefined);
      yield { first, data: wide ? decoded(tensor, data, wide) : data };
    }
  } finally {
    await pending?.catch(() => undefined);
  }
}

/** Fills a buffer with the next chunk. */
type Step = (buffer: Uint8Array) => Promise<Chunk>;

/** Chunks that are read straight into their buffer: rows that lie together, or pieces of a single row. */
function* directSteps(
  checkpoint: Checkpoint,
  tensor: TensorRow,
  view: MatrixView,
  weights: number,
  signal?: AbortSignal,
): Generator<Step, void> {
  const width = storageBytes(tensor);
  const { rows, columns } = view;
  if (rows === 1) {
    for (let first = 0; first < columns; first += weights) {
      const count = Math.min(weights, columns - first);
      const piece = { ...view, columns: count, start: view.start + first * view.columnStride };
      yield async (buffer) => {
        const data = buffer.subarray(0, count * width);
        await readRows(checkpoint, tensor, piece, 0, 1, data, signal);
        return { first, data };
      };
    }
    return;
  }
  const step = Math.max(1, Math.floor(weights / columns));
  for (let row = 0; row < rows; row += step) {
    const end = Math.min(rows, row + step);
    yield async (buffer) => {
      const data = buffer.subarray(0, (end - row) * columns * width);
      await readRows(checkpoint, tensor, view, row, end, data, signal);
      return { first: row * columns, data };
    };
  }
}

/** Chunks of a transposed view: slabs of rows are gathered, each in one pass over the tensor, and copied out chunk by chunk. */
function* slabSteps(
  checkpoint: Checkpoint,
  tensor: TensorRow,
  view: MatrixView,
  weights: number,
  signal?: AbortSignal,
): Generator<Step, void> {
  const width = storageBytes(tensor);
  const { rows, columns } = view;
  const step = Math.max(1, Math.floor(weights / columns));
  const slabRows = Math.min(rows, step * Math.max(1, Math.floor(SLAB_BYTES / (step * columns * width))));
  const slab = sharedBytes(slabRows * columns * width);
  let filled: Promise<void> = Promise.resolve();
  for (let slabStart = 0; slabStart < rows; slabStart += slabRows) {
    const slabEnd = Math.min(rows, slabStart + slabRows);
    for (let row = slabStart; row < slabEnd; row += step) {
      const end = Math.min(slabEnd, row + step);
      yield async (buffer) => {
        if (row === slabStart) {
          filled = readRows(
            checkpoint,
            tensor,
            view,
            slabStart,
            slabEnd,
            slab.subarray(0, (slabEnd - slabStart) * columns * width),
            signal,
          );
        }
        await filled;
        const data = buffer.subarray(0, (end - row) * columns * width);
        const from = (row - slabStart) * columns * width;
        data.set(slab.subarray(from, from + data.length));
        return { first: row * columns, data };
      };
    }
  }
}

/** Rows [from, to) of a view into `target`, contiguous. */
async function readRows(
  checkpoint: Checkpoint,
  tensor: TensorRow,
  view: MatrixView,
  from: number,
  to: number,
  target: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const width = storageBytes(tensor);
  const { columns } = view;
  if (columns === 0) return;
  if (view.columnStride !== 1 && columns > 1) return gatherRows(checkpoint, tensor, view, from, to, target, signal);
  for (let row = from; row < to;) {
    let end = row + 1;
    while (end < to && rowStart(view, end) === rowStart(view, row) + (end - row) * columns) end++;
    const part = target.subarray((row - from) * columns * width, (end - from) * columns * width);
    await checkpoint.read(tensor, rowStart(view, row) * width, part, signal);
    row = end;
  }
}

function rowStart({ start, rowStride, rowBlock }: MatrixView, row: number): number {
  if (!rowBlock) return start + row * rowStride;
  return start + Math.floor(row / rowBlock.size) * rowBlock.stride + (row % rowBlock.size) * rowStride;
}

/** A view whose columns lie apart: blocks of columns are read as they lie and put in their places. */
async function gatherRows(
  checkpoint: Checkpoint,
  tensor: TensorRow,
  view: MatrixView,
  from: number,
  to: number,
  target: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const width = storageBytes(tensor);
  const { columns, columnStride } = view;
  const offsets = Float64Array.from({ length: to - from }, (_, i) => rowStart(view, from + i));
  const lowest = offsets.reduce((a, b) => Math.min(a, b), Infinity);
  const extent = offsets.reduce((a, b) => Math.max(a, b), 0) - lowest + 1;
  for (let i = 0; i < offsets.length; i++) offsets[i] = (offsets[i] as number) - lowest;
  const atOnce = Math.max(1, Math.min(columns, Math.floor(GATHER_BLOCK_BYTES / width / columnStride)));
  const block = new Uint8Array(((atOnce - 1) * columnStride + extent) * width);
  for (let column = 0; column < columns; column += atOnce) {
    const count = Math.min(atOnce, columns - column);
    const read = block.subarray(0, ((count - 1) * columnStride + extent) * width);
    await checkpoint.read(tensor, (lowest + column * columnStride) * width, read, signal);
    scatter(width, block, target, { offsets, columnStride, count, columns, column });
    throwIfAborted(signal);
  }
}

interface Placement {
  /** of each row inside the block, elements */
  offsets: Float64Array;
  columnStride: number;
  /** columns in the block */
  count: number;
  /** columns of the target */
  columns: number;
  /** first column of the block in the target */
  column: number;
}
function scatter(width: number, block: Uint8Array, target: Uint8Array, placement: Placement): void {
  if (width === 1) move(block, target, placement);
  else if (width === 2)
    move(
      new Uint16Array(block.buffer),
      new Uint16Array(target.buffer, target.byteOffset, target.length / 2),
      placement,
    );
  else if (width === 4)
    move(
      new Uint32Array(block.buffer),
      new Uint32Array(target.buffer, target.byteOffset, target.length / 4),
      placement,
    );
  else {
    // 64-bit codes as integers: a NaN must keep its payload.
    const to = new BigUint64Array(target.buffer, target.byteOffset, target.length / 8);
    move(new BigUint64Array(block.buffer), to, placement);
  }
}
function move<T extends number | bigint>(
  from: { [index: number]: T },
  to: { [index: number]: T },
  placement: Placement,
): void {
  const { offsets, columnStride, count, columns, column } = placement;
  for (let i0 = 0; i0 < offsets.length; i0 += TILE) {
    const i1 = Math.min(offsets.length, i0 + TILE);
    for (let j0 = 0; j0 < count; j0 += TILE) {
      const j1 = Math.min(count, j0 + TILE);
      for (let i = i0; i < i1; i++) {
        const offset = offsets[i] as number;
        const base = i * columns + column;
        for (let j = j0; j < j1; j++) to[base + j] = from[offset + j * columnStride] as T;
      }
    }
  }
}

function isFloat8(tensor: TensorRow): boolean {
  return float8Table(tensor.dtype) !== undefined;
}

/** Bytes of an element; throws bad-file for types without whole bytes. */
function storageBytes(tensor: TensorRow): number {
  const bits = dtypeOf(tensor.dtype)?.bits ?? 0;
  if (bits === 0 || bits % 8 !== 0) {
    throw new OffaxisError(
      'bad-file',
      `Tensor ${JSON.stringify(tensor.name)} of type ${tensor.dtype} cannot be read as numbers.`,
    );
  }
  return bits / 8;
}

function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length));
}

function decoded(tensor: TensorRow, codes: Uint8Array, target: Uint8Array): Uint8Array {
  const values = target.subarray(0, codes.length * 4);
  decodeFloat8(tensor.dtype, codes, new Float32Array(values.buffer, values.byteOffset, codes.length));
  return values;
}
