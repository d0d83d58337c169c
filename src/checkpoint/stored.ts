/** Weights that lie in one entry of a file: whole, strided, part of a fused matrix, one of a stack, transposed. */
import { decodeFloat8, isByteFloat, numberType } from '../numbers/index.ts';
import type { FilePlace } from '../protocol/filePlace.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { readStrided, type Run } from './strided.ts';
import type { Checkpoint, MatrixView } from './types.ts';
import type { Area, Place, RowSource, StorageEntry, Weight } from './weight.ts';
import { elementCount } from '../protocol/lists.ts';

/** `view` says where in the tensor it lies; `shape` if it is not a matrix of the view's rows and columns. */
export class StoredWeight implements Weight {
  readonly shape: readonly number[];

  constructor(
    private readonly checkpoint: Pick<Checkpoint, 'read' | 'direct'>,
    private readonly row: TensorRow,
    readonly view: MatrixView,
    shape?: readonly number[],
  ) {
    this.shape = shape ?? [view.rows, view.columns];
  }

  get name(): string {
    return this.view.name;
  }
  get place(): Place {
    const { layer, module, expert } = this.view;
    return { layer, module, expert, role: this.row.role };
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

  /** The same weights as their codes, bit by bit, in the type that they are stored in. */
  get codes(): RowSource {
    const { name, rows, columns, order, row } = this;
    return {
      ...{ name, rows, columns, order, type: row.dtype },
      readRows: (area, target, signal) => this.readCodes(area, target, signal),
    };
  }

  /**
   * `work` with where the first of these weights lies, the others row by row behind it, in a file that is open until it ends. Null, without
   * `work`, if they are not one run of codes in a file of this machine. Throws read-failed if the file has changed.
   */
  async direct<T>(work: (place: FilePlace) => Promise<T>): Promise<T | null> {
    const { stored, row, view, count } = this;
    const width = codeBytes(row);
    if (!stored || isByteFloat(row.dtype) || (view.start + count) * width > row.sizeBytes) return null;
    const from = view.start * width;
    const found = this.checkpoint.direct?.(row, ({ descriptor, position }) =>
      work({ descriptor, position: position + from }),
    );
    return (await found) ?? null;
  }

  async readRows(area: Area, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { dtype } = this.row;
    if (!isByteFloat(dtype)) return this.readCodes(area, target, signal);
    // One byte becomes four: the codes are read into the last quarter, and each is decoded before its place is written.
    const codes = target.subarray((target.length * 3) / 4);
    await this.readCodes(area, codes, signal);
    decodeFloat8(dtype, codes, new Float32Array(target.buffer, target.byteOffset, codes.length));
  }

  private readCodes(area: Area, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    const width = codeBytes(this.row);
    const run: Run = {
      width,
      read: (first, into, stop) => this.checkpoint.read(this.row, first * width, into, stop),
    };
    return readStrided(run, this.view, area, target, signal);
  }

  private entry(): StorageEntry {
    return storageEntry(this.checkpoint, this.row);
  }
}

/** Bytes of a code; throws bad-file for types without whole bytes. */
function codeBytes({ name, dtype }: TensorRow): number {
  const bits = numberType(dtype)?.bits ?? 0;
  if (bits === 0 || bits % 8 !== 0)
    throw new OffaxisError('bad-file', say`Tensor ${JSON.stringify(name)} of type ${dtype} cannot be read as numbers.`);
  return bits / 8;
}

/** The entry of a file that a row describes. */
export function storageEntry(checkpoint: Pick<Checkpoint, 'read'>, row: TensorRow): StorageEntry {
  const { name, file, dtype, shape, sizeBytes, quantised } = row;
  const read: StorageEntry['read'] = (offset, target, signal) => checkpoint.read(row, offset, target, signal);
  return { name, file, dtype, shape: quantised?.storedShape ?? shape, sizeBytes, read };
}
