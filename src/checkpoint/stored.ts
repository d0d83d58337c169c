/** Weights that lie in one entry of a file: whole, strided, part of a fused matrix, one of a stack, transposed. */
import { decodeFloat8, isByteFloat, numberType } from '../numbers/index.ts';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { elementCount } from './rows.ts';
import type { Checkpoint, MatrixView } from './types.ts';
import type { Area, Place, StorageEntry, Weight } from './weight.ts';

/** A strided weight is gathered from blocks of the tensor of this size. */
const GATHER_BLOCK_BYTES = 8 * 1024 * 1024;
/** Side of the tiles in which a block is transposed: two tiles of 8-byte elements fit the first cache. */
const TILE = 32;

/** `view` says where in the tensor it lies; `shape` if it is not a matrix of the view's rows and columns. */
export class StoredWeight implements Weight {
  readonly name: string;
  readonly place: Place;
  readonly shape: readonly number[];

  constructor(
    private readonly checkpoint: Pick<Checkpoint, 'read'>,
    private readonly row: TensorRow,
    private readonly view: MatrixView,
    shape?: readonly number[],
  ) {
    this.name = view.name;
    this.shape = shape ?? [view.rows, view.columns];
    this.place = { layer: view.layer, module: view.module, expert: view.expert, role: row.role };
  }

  get tensor(): string {
    return this.row.name;
  }
  get rows(): number {
    return this.view.rows;
  }
  get columns(): number {
    return this.view.columns;
  }
  get count(): number {
    return this.view.rows * this.view.columns;
  }
  get dtype(): string {
    return this.row.dtype;
  }
  get type(): string {
    return isByteFloat(this.row.dtype) ? 'F32' : this.row.dtype;
  }
  get grid(): string {
    return this.row.dtype;
  }
  get entries(): readonly StorageEntry[] {
    return [this.entry()];
  }
  get storedBytes(): number {
    return this.row.sizeBytes * (this.count / Math.max(1, elementCount(this.row.shape)));
  }
  get stored(): { entry: StorageEntry; first: number } | null {
    const { rows, columns, rowStride, columnStride, rowBlock, start } = this.view;
    const isRun =
      (columnStride === 1 || columns <= 1) && (rowStride === columns || rows <= 1) && rowBlock === undefined;
    return isRun ? { entry: this.entry(), first: start } : null;
  }
  get order(): 'rows' | 'columns' {
    return this.view.columnStride === 1 ? 'rows' : 'columns';
  }

  async readRows(area: Area, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { dtype } = this.row;
    if (!isByteFloat(dtype)) return this.readCodes(area, target, signal);
    // One byte becomes four: the codes are read into the last quarter, and each is decoded before its place is written.
    const codes = target.subarray((target.length * 3) / 4);
    await this.readCodes(area, codes, signal);
    decodeFloat8(dtype, codes, new Float32Array(target.buffer, target.byteOffset, codes.length));
  }

  private entry(): StorageEntry {
    const { checkpoint, row } = this;
    const { name, file, dtype, shape, sizeBytes } = row;
    const read: StorageEntry['read'] = (offset, target, signal) => checkpoint.read(row, offset, target, signal);
    return { name, file, dtype, shape, sizeBytes, read };
  }

  private async readCodes(area: Area, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { view, row } = this;
    const width = codeBytes(row);
    const [from, to] = area.rows;
    const [first, last] = area.columns;
    const columns = last - first;
    if (columns === 0) return;
    if (view.columnStride !== 1 && columns > 1) return this.gather(area, target, signal);
    const start = (at: number): number => rowStart(view, at) + first * view.columnStride;
    for (let at = from; at < to;) {
      let end = at + 1;
      while (end < to && start(end) === start(at) + (end - at) * columns) end++;
      const part = target.subarray((at - from) * columns * width, (end - from) * columns * width);
      await this.checkpoint.read(row, start(at) * width, part, signal);
      at = end;
    }
  }

  /** Columns that lie apart: blocks of them are read as they lie and put in their places. */
  private async gather(
    { rows, columns: [first, last] }: Area,
    target: Uint8Array,
    signal?: AbortSignal,
  ): Promise<void> {
    const { view, row } = this;
    const width = codeBytes(row);
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
      await this.checkpoint.read(row, (lowest + (first + column) * columnStride) * width, read, signal);
      scatter(width, block, target, { offsets, columnStride, count, columns, column });
      throwIfAborted(signal);
    }
  }
}

function rowStart({ start, rowStride, rowBlock }: MatrixView, row: number): number {
  if (!rowBlock) return start + row * rowStride;
  return start + Math.floor(row / rowBlock.size) * rowBlock.stride + (row % rowBlock.size) * rowStride;
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

/** Bytes of a code; throws bad-file for types without whole bytes. */
function codeBytes({ name, dtype }: TensorRow): number {
  const bits = numberType(dtype)?.bits ?? 0;
  if (bits === 0 || bits % 8 !== 0)
    throw new OffaxisError('bad-file', `Tensor ${JSON.stringify(name)} of type ${dtype} cannot be read as numbers.`);
  return bits / 8;
}
