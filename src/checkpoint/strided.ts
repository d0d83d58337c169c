/** Reading by strides: the rows of a view from whatever hands out runs of a tensor's elements. */
import { throwIfAborted } from '../protocol/errors.ts';
import type { MatrixView } from './types.ts';
import type { Area } from './weight.ts';

/** A strided weight is gathered from blocks of the tensor of this size. */
const GATHER_BLOCK_BYTES = 8 * 1024 * 1024;
/** Side of the tiles in which a block is transposed: two tiles of 8-byte elements fit the first cache. */
const TILE = 32;

/** Elements of a tensor in the order in which they lie. */
export interface Run {
  /** bytes of an element */
  width: number;
  /** from the element `first` on, as many as `target` holds */
  read(first: number, target: Uint8Array, signal?: AbortSignal): Promise<void>;
}
export type Strides = Pick<MatrixView, 'start' | 'rowStride' | 'columnStride' | 'rowBlock'>;

/** An area of a view in row-major order into `target`. Throws what the run throws, and cancelled. */
export async function readStrided(
  run: Run,
  view: Strides,
  area: Area,
  target: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const { width } = run;
  const [from, to] = area.rows;
  const [first, last] = area.columns;
  const columns = last - first;
  if (columns === 0) return;
  if (view.columnStride !== 1 && columns > 1) return gather(run, view, area, target, signal);
  const start = (at: number): number => rowStart(view, at) + first * view.columnStride;
  for (let at = from; at < to;) {
    let end = at + 1;
    while (end < to && start(end) === start(at) + (end - at) * columns) end++;
    await run.read(start(at), target.subarray((at - from) * columns * width, (end - from) * columns * width), signal);
    at = end;
  }
}

/** Columns that lie apart: blocks of them are read as they lie and put in their places. */
async function gather(
  run: Run,
  view: Strides,
  { rows, columns: [first, last] }: Area,
  target: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const { width } = run;
  const [from, to] = rows;
  const columns = last - first;
  const { columnStride } = view;
  const offsets = Float64Array.from({ length: to - from }, (_, i) => rowStart(view, from + i));
  const lowest = offsets.reduce((a, b) => Math.min(a, b), Infinity);
  const extent = offsets.reduce((a, b) => Math.max(a, b), 0) - lowest + 1;
  for (let i = 0; i < offsets.length; i++) offsets[i] = (offsets[i] as number) - lowest;
  const atOnce = Math.max(1, Math.min(columns, Math.floor(GATHER_BLOCK_BYTES / width / columnStride)));
  const block = new Uint8Array(((atOnce - 1) * columnStride + extent) * width);
  for (let column = 0; column < columns; column += atOnce) {
    const count = Math.min(atOnce, columns - column);
    const read = block.subarray(0, ((count - 1) * columnStride + extent) * width);
    await run.read(lowest + (first + column) * columnStride, read, signal);
    scatter(width, block, target, { offsets, columnStride, count, columns, column });
    throwIfAborted(signal);
  }
}

/** Where the first element of a row lies. */
export function rowStart({ start, rowStride, rowBlock }: Omit<Strides, 'columnStride'>, row: number): number {
  if (!rowBlock) return start + row * rowStride;
  const { size, stride, inner } = rowBlock;
  const within = row % size;
  const first = start + Math.floor(row / size) * stride;
  if (!inner) return first + within * rowStride;
  return first + Math.floor(within / inner.size) * inner.stride + (within % inner.size) * rowStride;
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
