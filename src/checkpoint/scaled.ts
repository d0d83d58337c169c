/** Quantised weights: float32 values that codes and scales make, by whatever layout. */
import type { TensorRow } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { quantisationText, type Claim } from './quantised/index.ts';
import { storageEntry } from './stored.ts';
import { readStrided, type Run, type Strides } from './strided.ts';
import type { Checkpoint, MatrixView } from './types.ts';
import type { Area, Place, StorageEntry, Weight } from './weight.ts';
import { elementCount } from '../protocol/lists.ts';

/** `view` says where in the weight it lies, in elements of the weight's own shape. */
export class ScaledWeight implements Weight {
  readonly name: string;
  readonly tensor: string;
  readonly place: Place;
  readonly shape: readonly number[];
  readonly type = 'F32';
  readonly grid = null;
  readonly stored = null;
  /** "FP8, blocks of 128" */
  readonly dtype: string;
  readonly order: 'rows' | 'columns';
  private readonly strides: Strides;

  constructor(
    private readonly checkpoint: Pick<Checkpoint, 'read'>,
    private readonly codes: TensorRow,
    private readonly claim: Claim,
    private readonly view: MatrixView,
    shape?: readonly number[],
  ) {
    this.name = view.name;
    this.tensor = codes.name;
    this.shape = shape ?? [view.rows, view.columns];
    this.place = { layer: view.layer, module: view.module, expert: view.expert, role: codes.role };
    this.dtype = quantisationText(claim);
    this.strides = claim.flipped ? flipped(view, codes.shape) : view;
    this.order = this.strides.columnStride === 1 ? 'rows' : 'columns';
  }

  get quantised(): string {
    return this.dtype;
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
  get entries(): readonly StorageEntry[] {
    return [this.codes, ...this.claim.sides].map((row) => storageEntry(this.checkpoint, row));
  }
  get storedBytes(): number {
    const whole = [this.codes, ...this.claim.sides].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return whole * (this.count / Math.max(1, elementCount(this.codes.shape)));
  }

  async readRows(area: Area, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { claim, checkpoint } = this;
    if (typeof claim.decoder === 'string') throw new OffaxisError('bug', `${this.name}: ${claim.decoder}.`);
    const decoder = claim.decoder((...read) => checkpoint.read(...read));
    const run: Run = {
      width: 4,
      read: (first, into, stop) =>
        decoder.decode(first, new Float32Array(into.buffer, into.byteOffset, into.length / 4), stop),
    };
    await readStrided(run, this.strides, area, target, signal);
  }
}

/** The same view with the last two axes of `shape` the other way round. */
function flipped(view: MatrixView, shape: readonly number[]): Strides {
  const [a = 1, b = 1] = shape.slice(-2);
  const stride = (step: number): number => (step % b === 0 ? step / b : step * a);
  const { start, rows, rowStride, columnStride, rowBlock } = view;
  const plane = Math.floor(start / (a * b));
  const inPlane = start % (a * b);
  const turned = plane * a * b + (inPlane % b) * a + Math.floor(inPlane / b);
  // Rows of a whole stack go on in the next plane, which lies behind.
  const planes = rows > a && rowStride === b ? { size: a, stride: a * b } : null;
  const turn = (block: { size: number; stride: number }): typeof block => ({ ...block, stride: stride(block.stride) });
  const inner = rowBlock?.inner;
  const block = rowBlock ? { ...turn(rowBlock), ...(inner ? { inner: turn(inner) } : {}) } : planes;
  return {
    start: turned,
    rowStride: stride(rowStride),
    columnStride: stride(columnStride),
    ...(block ? { rowBlock: block } : {}),
  };
}
