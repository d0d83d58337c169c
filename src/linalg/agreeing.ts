/**
 * How several tuned sides of one base matrix lie to each other, weight by weight (METRICS D): one pass over all of them at once. Counts
 * are over the weights that are not 0 in W0, on the grid; products are of every weight, in float64.
 */
import {
  bytesOf,
  cellCount,
  decodeCodes,
  Grid,
  hasPositions,
  type GridSpec,
  type MatrixType,
} from '../numbers/index.ts';

interface Codes {
  type: MatrixType;
  data: Uint8Array;
}
/** One tuned side with W0 as it is stored beside it. Codes row by row, as many on all sides. */
export interface AgreeingSide {
  base: Codes;
  tuned: Codes;
  /** type in which an update that no file holds would be stored, for what counts as changed; null: as it is */
  merged: MatrixType | null;
  grid: GridSpec;
}
/** Pairs (i, j), i < j, in the order (0, 1), (0, 2), ... (1, 2), ... */
export interface AgreeingSums {
  /** weights that are not 0 in the W0 of any side */
  weights: number;
  /** of them, those that each side changed */
  changed: Float64Array;
  /** of them, those changed by exactly 0 .. N sides */
  consensus: Float64Array;
  /** norm_F(D_i)^2 over the weights that are finite on both sides */
  squares: Float64Array;
  /** norm_F(D_i - D_{i-1})^2, D_{-1} = 0 */
  increments: Float64Array;
  /** norm_F(W0)^2 */
  baseSquares: number;
  pairs: { inner: Float64Array; shared: Float64Array; sameSign: Float64Array };
  /** for each side the histogram of those weights over its rounding cells; sides of one W0 and one grid share it */
  cells: Float64Array[];
}

/** Weights that are looked at together: their differences stay in the second-level cache. */
const BLOCK = 2048;

/** Number of the pair (i, j), i < j, of n. */
export function pairIndex(i: number, j: number, n: number): number {
  return (i * (2 * n - i - 1)) / 2 + j - i - 1;
}

/** `checkCancelled` throws `cancelled`. Peak: 20 bytes a weight of a block and side. */
export function agreeingSums(sides: readonly AgreeingSide[], checkCancelled: () => void): AgreeingSums {
  const n = sides.length;
  const count = sides[0] ? sides[0].base.data.byteLength / bytesOf(sides[0].base.type) : 0;
  const pairs = (n * (n - 1)) / 2;
  const sums: AgreeingSums = {
    weights: 0,
    changed: new Float64Array(n),
    consensus: new Float64Array(n + 1),
    squares: new Float64Array(n),
    increments: new Float64Array(n),
    baseSquares: 0,
    pairs: {
      inner: new Float64Array(pairs),
      shared: new Float64Array(pairs),
      sameSign: new Float64Array(pairs),
    },
    cells: [],
  };
  const blocks = sides.map((side) => new SideBlock(side));
  const bases = distinct(sides, ({ base }) => base, false);
  const counters = distinct(sides, ({ grid }, i) => new CellCounter(bases.of[i] as Codes, grid));
  sums.cells = counters.of.map((counter) => counter.total);
  const counted = new Uint8Array(BLOCK);
  const none = new Float64Array(BLOCK);
  for (let first = 0, turn = 0; first < count; first += BLOCK) {
    const length = Math.min(BLOCK, count - first);
    if (turn++ % 64 === 0) checkCancelled();
    counted.fill(1);
    const values = new Map(bases.all.map((base) => [base, decoded(base, first, length)]));
    for (const w0 of values.values()) for (let k = 0; k < length; k++) if (w0[k] === 0) counted[k] = 0;
    for (const w of values.get(bases.of[0] as Codes) ?? []) if (Number.isFinite(w)) sums.baseSquares += w * w;
    for (let k = 0; k < length; k++) sums.weights += counted[k] as number;
    for (const counter of counters.all) counter.add(first, values.get(counter.base) as Float64Array, counted);
    for (const [i, block] of blocks.entries()) {
      block.load(first, values.get(bases.of[i] as Codes) as Float64Array, counted);
      sums.changed[i] = (sums.changed[i] as number) + total(block.changed, length);
      sums.squares[i] = (sums.squares[i] as number) + apart(block.update, none, length);
      const before = blocks[i - 1]?.update ?? none;
      sums.increments[i] = (sums.increments[i] as number) + apart(block.update, before, length);
    }
    addConsensus(sums.consensus, blocks, counted, length);
    let at = 0;
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++, at++)
        addPair(sums.pairs, at, blocks[i] as SideBlock, blocks[j] as SideBlock, length);
  }
  return sums;
}

/** One thing for each side, made once for the sides that share W0's codes and the grid. */
function distinct<T>(
  sides: readonly AgreeingSide[],
  make: (side: AgreeingSide, i: number) => T,
  byGrid = true,
): { all: T[]; of: T[] } {
  const made = new Map<string, T>();
  const buffers: ArrayBufferLike[] = [];
  const of = sides.map((side, i) => {
    const { base, grid } = side;
    if (!buffers.includes(base.data.buffer)) buffers.push(base.data.buffer);
    const place = [buffers.indexOf(base.data.buffer), base.data.byteOffset, base.type];
    const key = JSON.stringify(byGrid ? [...place, grid.grid, grid.onGrid] : place);
    const present = made.get(key) ?? make(side, i);
    made.set(key, present);
    return present;
  });
  return { all: [...made.values()], of };
}

function decoded({ type, data }: Codes, first: number, length: number): Float64Array {
  const bytes = bytesOf(type);
  return decodeCodes(type, data.subarray(first * bytes, (first + length) * bytes));
}

/** One side's part of a block. */
class SideBlock {
  readonly update = new Float64Array(BLOCK);
  readonly changed = new Uint8Array(BLOCK);
  /** of the update if the weight has changed, else 0 */
  readonly sign = new Int8Array(BLOCK);
  private readonly grid: Grid;
  /** the tuned codes lie on the grid, and the base's */
  private readonly stored: Grid | null;

  constructor(readonly side: AgreeingSide) {
    this.grid = new Grid(side.grid.grid);
    const { merged } = side;
    this.stored = merged === null || merged === 'F64' || merged === 'F32' ? null : new Grid(merged);
  }

  load(first: number, w0: Float64Array, counted: Uint8Array): void {
    const { side, grid, stored, update, changed, sign } = this;
    const w1 = decoded(side.tuned, first, w0.length);
    const single = side.merged === 'F32';
    const exact = side.base.type === grid.name && side.tuned.type === grid.name;
    for (let k = 0; k < w0.length; k++) {
      const [before, after] = [w0[k] as number, w1[k] as number];
      const d = after - before;
      update[k] = Number.isFinite(d) ? d : 0;
      let same = before === after;
      if (!same && !exact) {
        const kept = stored ? stored.round(after) : single ? Math.fround(after) : after;
        const code = grid.round(kept);
        const old = grid.round(before);
        same = code === old || (Number.isNaN(code) && Number.isNaN(old));
      } else if (!same) same = Number.isNaN(before) && Number.isNaN(after);
      const isChanged = !same && counted[k] === 1;
      changed[k] = isChanged ? 1 : 0;
      sign[k] = isChanged ? Math.sign(update[k] as number) : 0;
    }
  }
}

/** Counts the weights of W0 by rounding cell; through a table of all codes if there are few. */
class CellCounter {
  readonly total: Float64Array;
  private readonly grid: Grid;
  private readonly positions: boolean;
  private readonly table: Int32Array | null;

  constructor(
    readonly base: Codes,
    grid: GridSpec,
  ) {
    this.grid = new Grid(grid.grid);
    this.positions = hasPositions(grid);
    this.total = new Float64Array(cellCount(grid));
    this.table = bytesOf(base.type) === 2 ? new Int32Array(2 ** 16).fill(-1) : null;
  }

  add(first: number, values: Float64Array, counted: Uint8Array): void {
    const { table, total, base } = this;
    const from = base.data.byteOffset + first * 2;
    const codes = table && from % 2 === 0 ? new Uint16Array(base.data.buffer, from, values.length) : null;
    for (let k = 0; k < values.length; k++) {
      if (counted[k] === 0) continue;
      let cell: number;
      if (codes && table) {
        const code = codes[k] as number;
        cell = table[code] as number;
        if (cell < 0) table[code] = cell = this.grid.cellOf(values[k] as number, this.positions);
      } else cell = this.grid.cellOf(values[k] as number, this.positions);
      total[cell] = (total[cell] as number) + 1;
    }
  }
}

function total(values: Uint8Array, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += values[k] as number;
  return sum;
}
/** sum (a - b)^2 */
function apart(a: Float64Array, b: Float64Array, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) {
    const d = (a[k] as number) - (b[k] as number);
    sum += d * d;
  }
  return sum;
}
function addPair(sums: AgreeingSums['pairs'], at: number, one: SideBlock, other: SideBlock, length: number): void {
  const [a, b] = [one.update, other.update];
  const [x, y] = [one.changed, other.changed];
  const [s, t] = [one.sign, other.sign];
  let inner = 0;
  let shared = 0;
  let sameSign = 0;
  for (let k = 0; k < length; k++) {
    inner += (a[k] as number) * (b[k] as number);
    shared += (x[k] as number) & (y[k] as number);
    if ((s[k] as number) * (t[k] as number) > 0) sameSign++;
  }
  sums.inner[at] = (sums.inner[at] as number) + inner;
  sums.shared[at] = (sums.shared[at] as number) + shared;
  sums.sameSign[at] = (sums.sameSign[at] as number) + sameSign;
}
function addConsensus(
  consensus: Float64Array,
  blocks: readonly SideBlock[],
  counted: Uint8Array,
  length: number,
): void {
  for (let k = 0; k < length; k++) {
    if (counted[k] === 0) continue;
    let sides = 0;
    for (const { changed } of blocks) sides += changed[k] as number;
    consensus[sides] = (consensus[sides] as number) + 1;
  }
}
