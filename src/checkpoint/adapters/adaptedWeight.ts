/** A base's weight with an adapter's update in it: W1 of METRICS F, in float64, on the base's grid, as a merge would store it. */
import { castCodes, isMatrixType, type MatrixType } from '../../numbers/index.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import type { Area, Weight } from '../weight.ts';
import type { AdaptedPlace } from './fit.ts';
import type { ModuleUpdate } from './updates.ts';

/** Rows are made in blocks of this many bytes, beside the target. */
const BLOCK_BYTES = 8 * 1024 * 1024;

export class AdaptedWeight implements Weight {
  readonly type = 'F64';
  readonly stored = null;
  readonly dtype: string;
  readonly entries: Weight['entries'];

  constructor(
    private readonly base: Weight,
    private readonly update: ModuleUpdate,
    private readonly at: AdaptedPlace,
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
    const { inside, output, whole } = this.at;
    const update = await this.update.load(whole(), signal);
    const [first, last] = area.rows;
    const [from, to] = area.columns;
    const out = new Float64Array(target.buffer, target.byteOffset, (last - first) * (to - from));
    if (columns !== inside) {
      // One long row of what is not a matrix: the rows of the module's weight one behind the other.
      const rows = [Math.floor(from / inside), Math.ceil(to / inside)] as const;
      const step = Math.max(1, Math.floor(BLOCK_BYTES / 8 / inside));
      for (let row = rows[0]; row < rows[1]; row += step) {
        const end = Math.min(rows[1], row + step);
        const values = await this.baseValues({ rows: [0, 1], columns: [row * inside, end * inside] }, signal);
        for (let i = row; i < end; i++) update(i, values.subarray((i - row) * inside, (i - row + 1) * inside));
        const [start, stop] = [Math.max(from, row * inside), Math.min(to, end * inside)];
        out.set(values.subarray(start - row * inside, stop - row * inside), start - from);
      }
      return;
    }
    // A transposed weight is read in one pass over it.
    const step = base.order === 'columns' ? last - first : Math.max(1, Math.floor(BLOCK_BYTES / 8 / columns));
    for (let row = first; row < last; row += step) {
      const end = Math.min(last, row + step);
      const values = await this.baseValues({ rows: [row, end], columns: [0, columns] }, signal);
      for (let i = row; i < end; i++) {
        const one = values.subarray((i - row) * columns, (i - row + 1) * columns);
        update(output(i), one);
        out.set(one.subarray(from, to), (i - first) * (to - from));
      }
    }
  }

  private async baseValues(area: Area, signal?: AbortSignal): Promise<Float64Array> {
    const { type, name, dtype } = this.base;
    if (!isMatrixType(type)) throw new OffaxisError('bad-file', say`${name} of type ${dtype} can't take an update.`);
    const count = (area.rows[1] - area.rows[0]) * (area.columns[1] - area.columns[0]);
    const codes = new Uint8Array(count * (type === 'F64' ? 8 : type === 'F32' ? 4 : 2));
    const values = new Float64Array(count);
    await this.base.readRows(area, codes, signal);
    castCodes(type, codes, 'F64', new Uint8Array(values.buffer));
    return values;
  }
}
