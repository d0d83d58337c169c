/** A base's weight with an adapter's update in it: W1 of METRICS F, in float64, on the base's grid, as a merge would store it. */
import { castCodes, isMatrixType, type MatrixType } from '../../numbers/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import type { Area, Weight } from '../weight.ts';
import type { ModuleUpdate } from './updates.ts';

/** Rows are made in blocks of this many bytes, beside the target. */
const BLOCK_BYTES = 8 * 1024 * 1024;

export class AdaptedWeight implements Weight {
  readonly type = 'F64';
  readonly stored = null;
  readonly dtype: string;
  readonly entries: Weight['entries'];

  /** `outOf`: which output of the module a row of the base is, for the parts of a fused weight. */
  constructor(
    private readonly base: Weight,
    private readonly update: ModuleUpdate,
    private readonly outOf: (row: number) => number,
    kind: string,
  ) {
    this.dtype = `${base.dtype} + ${kind}`;
    this.entries = [...base.entries, ...update.entries];
  }

  get name(): string {
    return this.base.name;
  }
  get tensor(): string {
    return this.base.tensor;
  }
  get place(): Weight['place'] {
    return this.base.place;
  }
  get shape(): Weight['shape'] {
    return this.base.shape;
  }
  get rows(): number {
    return this.base.rows;
  }
  get columns(): number {
    return this.base.columns;
  }
  get count(): number {
    return this.base.count;
  }
  get grid(): Weight['grid'] {
    return this.base.grid;
  }
  /** the type that a merge would store it in; null if it is not one that takes an update */
  get storage(): MatrixType | null {
    const { base } = this;
    if (base instanceof AdaptedWeight) return base.storage;
    return isMatrixType(base.type) ? base.type : null;
  }
  get order(): Weight['order'] {
    return this.base.order;
  }
  get storedBytes(): number {
    return this.base.storedBytes + this.update.entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  async readRows(area: Area, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { base, columns } = this;
    if (!isMatrixType(base.type))
      throw new OffaxisError('bad-file', `${base.name} of type ${base.dtype} can't take an update.`);
    const update = await this.update.load(signal);
    const [first, last] = area.rows;
    const [from, to] = area.columns;
    const bytes = (base.storedBytes / Math.max(1, base.count)) * columns;
    // A transposed weight is read in one pass over it.
    const step = base.order === 'columns' ? last - first : Math.max(1, Math.floor(BLOCK_BYTES / Math.max(8, bytes)));
    const out = new Float64Array(target.buffer, target.byteOffset, (last - first) * (to - from));
    for (let row = first; row < last; row += step) {
      const end = Math.min(last, row + step);
      const whole = new Float64Array((end - row) * columns);
      const codes = new Uint8Array((end - row) * columns * (base.type === 'F64' ? 8 : base.type === 'F32' ? 4 : 2));
      await base.readRows({ rows: [row, end], columns: [0, columns] }, codes, signal);
      castCodes(base.type, codes, 'F64', new Uint8Array(whole.buffer));
      for (let at = row; at < end; at++) {
        const values = whole.subarray((at - row) * columns, (at - row + 1) * columns);
        update(this.outOf(at), values);
        out.set(values.subarray(from, to), (at - first) * (to - from));
      }
    }
  }
}
