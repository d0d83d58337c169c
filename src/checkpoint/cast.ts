/** A base as the tuned file would have stored it (METRICS: Storage): its weights cast to another type, nearest even. */
import { bytesOf, carrierOf, castCodes, isMatrixType, type FloatName, type MatrixType } from '../numbers/index.ts';
import type { Area, Weight } from './weight.ts';

/** Rows are read for the cast in blocks of this size. */
const BLOCK_BYTES = 8 * 1024 * 1024;

export class CastWeight implements Weight {
  readonly name: string;
  readonly tensor: string;
  readonly place: Weight['place'];
  readonly shape: readonly number[];
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  readonly dtype: string;
  readonly type: MatrixType;
  readonly grid: string | null;
  readonly quantised?: string;
  readonly entries: Weight['entries'];
  readonly storedBytes: number;
  readonly stored = null;
  readonly order: Weight['order'];
  private changed = false;

  /** `source` hands out rows of a type that backends take; `to`: the type of the tuned side. */
  constructor(
    readonly source: Weight,
    private readonly from: MatrixType,
    private readonly to: FloatName,
  ) {
    const { name, tensor, place, shape, rows, columns, count, dtype, entries, storedBytes, order } = source;
    this.name = name;
    this.tensor = tensor;
    this.place = place;
    this.shape = shape;
    this.rows = rows;
    this.columns = columns;
    this.count = count;
    this.dtype = dtype;
    this.entries = entries;
    this.storedBytes = storedBytes;
    this.order = order;
    if (source.quantised !== undefined) this.quantised = source.quantised;
    this.type = carrierOf(to);
    this.grid = source.grid === null ? null : to;
  }

  /** Whether the cast has changed a value of what was read so far. */
  get hasChanged(): boolean {
    return this.changed;
  }

  async readRows(area: Area, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    const [first, last] = area.rows;
    const width = area.columns[1] - area.columns[0];
    const step = this.order === 'columns' ? last - first : Math.max(1, Math.floor(BLOCK_BYTES / (width * 8)));
    for (let row = first; row < last; row += step) {
      const end = Math.min(last, row + step);
      const weights = (end - row) * width;
      const codes = new Uint8Array(weights * bytesOf(this.from));
      await this.source.readRows({ rows: [row, end], columns: area.columns }, codes, signal);
      const at = (row - first) * width * bytesOf(this.type);
      const piece = target.subarray(at, at + weights * bytesOf(this.type));
      if (castCodes(this.from, codes, this.to, piece)) this.changed = true;
    }
  }
}

/**
 * Both sides of a pair in one type: the base in the tuned side's storage. If a side is computed from several numbers (codes and scales),
 * nobody would store it once more: its difference is wanted as it is, and the narrower type is widened, which changes no value. As they
 * are if they have one type already, or if a side has no floating type.
 */
export function inOneStorage(base: Weight, tuned: Weight): [base: Weight, tuned: Weight] {
  if (!isMatrixType(base.type) || !isMatrixType(tuned.type)) return [base, tuned];
  if (base.grid === null || tuned.grid === null) {
    const wide = base.type === 'F64' || tuned.type === 'F64' ? 'F64' : 'F32';
    const widened = (side: Weight): Weight =>
      side.type === wide ? side : new CastWeight(side, side.type as MatrixType, wide);
    return [widened(base), widened(tuned)];
  }
  // A base with an adapter's update in it lies between the grid's values, where a tuned side that was stored does not.
  const isStored = base.grid === tuned.grid && (base.type === tuned.type || tuned.type === 'F64');
  return [isStored ? base : new CastWeight(base, base.type, tuned.grid as FloatName), tuned];
}

/** The weight as its file stores it: of a cast one the source. */
export const uncast = (weight: Weight): Weight => (weight instanceof CastWeight ? uncast(weight.source) : weight);
