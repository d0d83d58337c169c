/** The streaming pass on one thread: pieces of both chunks pass through the cache of the core that reads them. */
import { readSync } from 'node:fs';
import type { FilePlace } from '../../protocol/filePlace.ts';
import type { ChunkStats } from '../backend.ts';
import { bytesOf, type MatrixType } from '../../numbers/index.ts';
import { gridNumbers, typeNumber } from './grids.ts';
import { Layout, type Address, type KernelMemory, type Kernels } from './kernels.ts';
import type { CompareSettings, Tasks } from './messages.ts';

/** Weights copied into the kernels' memory at once: both sides of a bf16 pair fit the second-level cache. */
const PIECE = 1 << 16;
/** Rows after which 16-bit column counters are emptied. */
const FLUSH_ROWS = 30_000;
/** Weights of a chunk from which sums of squares may take the faster way, off by a few 1e-9; the standard deviation of a small tensor that
 * hardly varies would show it. */
const MANY = 1 << 20;
/** Slots of the kernels' record (src/kernels/elements.ts). */
const SLOTS = 26;
const SIDE = 9;
/** Of a thread's memory, beside counters of rows and columns. */
export const elementBytes = 2 * PIECE * 8;

interface ElementPlan {
  kernels: Kernels;
  base: Address;
  tuned: Address;
  out: Address;
  rows: Address;
  columns: Address;
  columnTotals: Address;
}
function plan(memory: KernelMemory, rows: number, columns: number): ElementPlan {
  const layout = new Layout();
  const places = {
    base: layout.take(PIECE * 8),
    tuned: layout.take(PIECE * 8),
    out: layout.take(SLOTS * 8),
    rows: layout.take(rows * 8),
    columns: layout.take(columns * 2 + 16),
    columnTotals: layout.take(Math.max(columns, 64) * 8),
  };
  const kernels = memory.reserve(layout.end);
  kernels.clearElements(places.out);
  memory.f64(places.rows, rows).fill(0);
  memory.bytes(places.columns, columns * 2).fill(0);
  memory.f64(places.columnTotals, Math.max(columns, 64)).fill(0);
  return { kernels, ...places };
}

function copyPiece(
  memory: KernelMemory,
  data: Uint8Array,
  size: number,
  first: number,
  count: number,
  to: Address,
): void {
  memory.bytes(to, count * size).set(data.subarray(first * size, (first + count) * size));
}
function statsAt(record: Float64Array, side: number): ChunkStats {
  const slot = (i: number): number => record[side * SIDE + i] ?? 0;
  return {
    finite: slot(0),
    sum: slot(1),
    sumSquares: slot(2),
    min: slot(3),
    max: slot(4),
    zeros: slot(5),
    nan: slot(6),
    inf: slot(7),
    subnormal: slot(8),
  };
}

type Input<T extends keyof Tasks> = Tasks[T]['input'];
type Output<T extends keyof Tasks> = Tasks[T]['output'];

export function elementStats(
  memory: KernelMemory,
  { type, data }: Input<'stats'>,
  checkCancelled: () => void,
): Output<'stats'> {
  const { kernels, base, out } = plan(memory, 0, 0);
  const size = bytesOf(type);
  const weights = data.byteLength / size;
  for (let first = 0; first < weights; first += PIECE) {
    const count = Math.min(PIECE, weights - first);
    copyPiece(memory, data, size, first, count, base);
    // a bf16 chunk against itself: the comparison is vectorised
    if (type === 'BF16') kernels.compare16(base, base, 0, count, 0, 0, 0, 0, 0, weights >= MANY ? 1 : 0, out);
    else kernels.statsAlike(typeNumber(type), base, count, out);
    checkCancelled();
  }
  return statsAt(memory.f64(out, SLOTS).slice(), 0);
}

export function elementHistogram(
  memory: KernelMemory,
  { type, data, min, max }: Input<'histogram'>,
  checkCancelled: () => void,
): Output<'histogram'> {
  const { kernels, base, columnTotals } = plan(memory, 0, 64);
  const size = bytesOf(type);
  const weights = data.byteLength / size;
  for (let first = 0; first < weights; first += PIECE) {
    const count = Math.min(PIECE, weights - first);
    copyPiece(memory, data, size, first, count, base);
    kernels.elementHistogram(typeNumber(type), base, count, min, max, columnTotals);
    checkCancelled();
  }
  return memory.f64(columnTotals, 64).slice();
}

export function elementCompare(
  memory: KernelMemory,
  { baseType, base, tunedType, tuned, options }: Input<'compare'>,
  checkCancelled: () => void,
): Output<'compare'> {
  const load =
    (data: Uint8Array, type: MatrixType): Load =>
    (first, count, to) =>
      copyPiece(memory, data, bytesOf(type), first, count, to);
  const weights = base.byteLength / bytesOf(baseType);
  const sides = { baseType, base: load(base, baseType), tunedType, tuned: load(tuned, tunedType) };
  return compareLoaded(memory, { ...sides, weights, options }, checkCancelled);
}

/**
 * The same of files: each piece goes from the system's cache into that of the core, with no copy between. Null if a file can't be read to
 * the end: whoever asks reads it in the ordinary way, and hears what is wrong.
 */
export function elementCompareFiles(
  memory: KernelMemory,
  { baseType, base, tunedType, tuned, weights, options }: Input<'compareFiles'>,
  checkCancelled: () => void,
): Output<'compareFiles'> {
  const load =
    (place: FilePlace, type: MatrixType): Load =>
    (first, count, to) =>
      readPiece(memory, place, first * bytesOf(type), count * bytesOf(type), to);
  const sides = { baseType, base: load(base, baseType), tunedType, tuned: load(tuned, tunedType) };
  try {
    return compareLoaded(memory, { ...sides, weights, options }, checkCancelled);
  } catch (error) {
    if (error instanceof Unread) return null;
    throw error;
  }
}

class Unread extends Error {}

function readPiece(
  memory: KernelMemory,
  { descriptor, position }: FilePlace,
  from: number,
  bytes: number,
  to: Address,
): void {
  for (let done = 0; done < bytes;) {
    let read: number;
    try {
      const target = memory.bytes(to + done, bytes - done);
      read = readSync(descriptor, target, 0, target.length, position + from + done);
    } catch (cause) {
      throw new Unread('failed', { cause });
    }
    if (read === 0) throw new Unread('short');
    done += read;
  }
}

/** Brings weights first .. first + count - 1 to an address. */
type Load = (first: number, count: number, to: Address) => void;

function compareLoaded(
  memory: KernelMemory,
  {
    baseType,
    base,
    tunedType,
    tuned,
    weights,
    options,
  }: {
    baseType: MatrixType;
    base: Load;
    tunedType: MatrixType;
    tuned: Load;
    weights: number;
    options: CompareSettings;
  },
  checkCancelled: () => void,
): Output<'compare'> {
  const { grid, eta, absoluteTolerance, columns } = options;
  const [sizeA, sizeB] = [bytesOf(baseType), bytesOf(tunedType)];
  const rows = columns > 0 ? weights / columns : 0;
  const at = plan(memory, rows, columns);
  const { kernels, out } = at;
  const { p, emin, most, overflow } = gridNumbers(grid.grid);
  // neighbours on the bf16 grid lie at least 2^-9 of the greater one apart, so a smaller eta asks for equality
  const fast = baseType === 'BF16' && tunedType === 'BF16' && grid.grid === 'BF16' && eta < 2 ** -9 && eta >= 0;
  const alike = baseType === tunedType && baseType !== 'BF16' && grid.grid === (baseType === 'F16' ? 'F16' : 'BF16');
  const types: [MatrixType, MatrixType] = [baseType, tunedType];
  const [typeA, typeB] = types.map(typeNumber) as [number, number];
  const single = weights >= MANY ? 1 : 0;
  let pending = 0; // rows since the last emptying
  for (let first = 0; first < weights; first += PIECE) {
    const count = Math.min(PIECE, weights - first);
    base(first, count, at.base);
    tuned(first, count, at.tuned);
    // whole pieces in rows shorter than a few weights could overflow a column's counter: go by runs of FLUSH_ROWS rows
    const run = columns > 0 ? Math.min(count, FLUSH_ROWS * columns) : count;
    for (let done = 0; done < count; done += run) {
      const length = Math.min(run, count - done);
      const [a, b] = [at.base + done * sizeA, at.tuned + done * sizeB];
      if (fast && absoluteTolerance >= 0)
        kernels.compare16(
          a,
          b,
          first + done,
          length,
          columns,
          eta,
          absoluteTolerance,
          at.rows,
          at.columns,
          single,
          out,
        );
      else if (alike)
        // prettier-ignore
        kernels.compareAlike(typeA, a, b, first + done, length, columns, eta, absoluteTolerance, at.rows, at.columns, out);
      else
        // prettier-ignore
        kernels.elementCompare(typeA, a, typeB, b, first + done, length, columns, p, emin, most, overflow, eta, absoluteTolerance, at.rows, at.columns, out);
      pending += columns > 0 ? Math.ceil(length / columns) + 1 : 0;
      if (pending >= FLUSH_ROWS) {
        kernels.flushCounters(at.columns, at.columnTotals, columns);
        pending = 0;
      }
    }
    checkCancelled();
  }
  kernels.flushCounters(at.columns, at.columnTotals, columns);
  const record = memory.f64(out, SLOTS).slice();
  return {
    base: statsAt(record, 0),
    tuned: statsAt(record, 1),
    equalBf16: record[18] ?? 0,
    equalRelative: record[19] ?? 0,
    equalAbsolute: record[20] ?? 0,
    changed: record[21] ?? 0,
    sumSquaresUpdate: record[22] ?? 0,
    hidden: record[23] ?? 0,
    sumSquaresHidden: record[24] ?? 0,
    offGrid: record[25] ?? 0,
    rowChanged: memory.f64(at.rows, rows).slice(),
    columnChanged: memory.f64(at.columnTotals, columns).slice(),
  };
}
