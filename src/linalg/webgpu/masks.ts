/**
 * The masks on the device, given the leading vectors in float64: reconstruction, both selections by radix over the bits of absolute values,
 * and the weights counted by mask and rounding class. Entries of the reconstruction so close to the threshold that float32 may be wrong
 * about them are few: their indices come back, and they are told apart in float64.
 */
import type { ClassCounts, PairQuantities, RefinedLeading } from '../backend.ts';
import { bytesOf, cellCount, decodeCodes, Grid, hasPositions } from '../../numbers/index.ts';
import type { GpuContext } from './context.ts';
import { STORAGE_BUFFER } from './flags.ts';
import { BINS, BLOCK_WEIGHTS, fromBits, MaskPasses, ROOM } from './maskPasses.ts';
import type { DeviceMatrix } from './matrix.ts';
import type { PairJob } from './pairJob.ts';
import type { RawPair } from './unpack.ts';

const PRINCIPAL = 1;
const LOW = 2;
/** Entries off by this many times the root mean square of the refinement's error are still in doubt. */
const SPREAD = 4;
export interface DeviceMasks {
  masks: NonNullable<PairQuantities['masks']>;
  zeros: number;
  /** see FloatTail.leading */
  doubtful: number;
}

/** Grids whose classes the shader knows. */
export function countsOnDevice({ options, base }: PairJob): boolean {
  const { grid } = options;
  return grid.grid === 'BF16' || (grid.grid === 'F16' && grid.onGrid && base.type === 'F16');
}

/** Row-major factors of the reconstruction, left [rows, r] and right [columns, r], in float64. */
export interface Factors {
  left: Float64Array;
  right: Float64Array;
}
export function factorsOf({ base }: PairJob, { small, large }: RefinedLeading): Factors {
  return base.rows >= base.columns ? { left: large, right: small } : { left: small, right: large };
}

/**
 * `reconstruction`: [rows, columns] on the device, in float32. Null if more entries share the threshold than can be told apart. Throws
 * device-lost, cancelled, DeviceMemoryError.
 */
export async function deviceMasks(
  context: GpuContext,
  job: PairJob,
  pair: RawPair,
  reconstruction: DeviceMatrix,
  factors: Factors,
  error: number,
  signal?: AbortSignal,
): Promise<DeviceMasks | null> {
  const { rows, columns } = job.base;
  const { maskRank: r, alpha, grid } = job.options;
  const weights = rows * columns;
  const size = Math.floor(alpha * weights + 0.5);
  const cells = cellCount(grid);
  const words = Math.max(2 * BINS, Math.ceil(weights / BLOCK_WEIGHTS), 4 * cells * 2);
  const counts = await context.pool.acquire('counts of the masks', words * 4, STORAGE_BUFFER);
  try {
    const doubt = await context.pool.acquire('entries in doubt', (4 + ROOM) * 4, STORAGE_BUFFER);
    try {
      const task = new MaskPasses(context, job, pair, reconstruction, counts, doubt, signal);
      const { largest, smallest, ties } = await task.thresholds(size);
      const threshold = fromBits(largest);
      const margin = threshold * 2 ** -24 * (32 + 2 * r) + (SPREAD * error) / Math.sqrt(weights);
      const { histogram, entries, above, zeros } = await task.count({
        high: Math.fround(threshold + margin),
        low: Math.max(0, Math.fround(threshold - margin)),
        least: size > 0 ? smallest : 0,
        cut: size > 0 ? await task.cut(smallest, ties) : 0,
        cells,
      });
      if (!entries) return null;
      const wanted = size - above;
      if (wanted < 0 || wanted > entries.length) return null;
      const ranked = rank(entries, factors, columns, r);
      const last = ranked[wanted - 1]?.magnitude ?? threshold;
      const doubtful = ranked.filter(
        ({ magnitude }) => Math.abs(magnitude - last) <= (SPREAD * error) / Math.sqrt(weights),
      );
      const chosen = Uint32Array.from(ranked.slice(0, Math.max(0, wanted)), ({ index }) => index);
      promote(histogram, chosen, cells, job, fromBits(smallest), size > 0 ? task.lastCut : -1);
      return { masks: masksOf(histogram, cells), zeros, doubtful: Math.max(0, doubtful.length - 1) };
    } finally {
      context.pool.release(doubt);
    }
  } finally {
    context.pool.release(counts);
  }
}

/** Entries in doubt by their absolute value in float64, largest first, ties by the index. */
function rank(
  entries: Uint32Array,
  { left, right }: Factors,
  columns: number,
  r: number,
): { index: number; magnitude: number }[] {
  const exact = (index: number): number => {
    const row = Math.floor(index / columns) * r;
    const column = (index % columns) * r;
    let sum = 0;
    for (let i = 0; i < r; i++) sum += (left[row + i] as number) * (right[column + i] as number);
    return Math.abs(sum);
  };
  return Array.from(entries, (index) => ({ index, magnitude: exact(index) })).sort(
    (a, b) => b.magnitude - a.magnitude || a.index - b.index,
  );
}

/** Moves chosen weights from where the device has counted them into the principal mask. */
function promote(
  histogram: Uint32Array,
  chosen: Uint32Array,
  cells: number,
  { base, tuned, options }: PairJob,
  least: number,
  cut: number,
): void {
  const grid = new Grid(options.grid.grid);
  const positions = hasPositions(options.grid);
  const weight = ({ type, data }: PairJob['base'], i: number): number => {
    const bytes = bytesOf(type);
    const [x = 0] = decodeCodes(type, data.slice(i * bytes, (i + 1) * bytes));
    return x;
  };
  for (const i of chosen) {
    const x = weight(base, i);
    if (x === 0) continue;
    const magnitude = Math.abs(x);
    const isLow = magnitude < least || (magnitude === least && i <= cut);
    const changed = grid.round(x) === grid.round(weight(tuned, i)) ? 0 : 1;
    const at = (flags: number): number => (flags * cells + grid.cellOf(x, positions)) * 2 + changed;
    const from = at(isLow ? LOW : 0);
    const to = at((isLow ? LOW : 0) | PRINCIPAL);
    histogram[from] = (histogram[from] ?? 0) - 1;
    histogram[to] = (histogram[to] ?? 0) + 1;
  }
}

function masksOf(histogram: Uint32Array, cells: number): NonNullable<PairQuantities['masks']> {
  const counts = (wanted: (flags: number) => boolean): ClassCounts => {
    const total = new Float64Array(cells);
    const changed = new Float64Array(cells);
    for (const flags of [0, PRINCIPAL, LOW, PRINCIPAL | LOW])
      if (wanted(flags))
        for (let cell = 0; cell < cells; cell++) {
          const differing = histogram[(flags * cells + cell) * 2 + 1] ?? 0;
          changed[cell] = (changed[cell] ?? 0) + differing;
          total[cell] = (total[cell] ?? 0) + differing + (histogram[(flags * cells + cell) * 2] ?? 0);
        }
    return { total, changed };
  };
  return {
    principal: counts((flags) => (flags & PRINCIPAL) > 0),
    low: counts((flags) => (flags & LOW) > 0),
    principalNotLow: counts((flags) => flags === PRINCIPAL),
    all: counts(() => true),
  };
}
