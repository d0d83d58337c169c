/** The streaming passes over raw codes, in plain TypeScript: the definition that faster kernels are tested against. */
import type { ChunkChange, ChunkStats, ElementKernels } from '../linalg/backend.ts';
import type { ChangeTotals } from './figure.ts';
import { noStats } from './statistics.ts';
import { decodeCodes, Grid, smallestNormal, type MatrixType } from '../numbers/index.ts';
import { OffaxisError } from '../protocol/errors.ts';

export const HISTOGRAM_BINS = 64;

/** Counts, sums and extrema of one chunk; min Infinity and max -Infinity without a finite entry. */
export function chunkStats(type: MatrixType, data: Uint8Array): ChunkStats {
  return statsOf(decodeCodes(type, data), smallestNormal(type));
}

/**
 * 64 equal bins from min to max of the finite entries, the last one closed: bin floor((w - min) / (max - min) * 64), at most 63. All
 * fall into the last one if min = max.
 */
export function chunkHistogram(type: MatrixType, data: Uint8Array, min: number, max: number): Float64Array {
  const counts = new Float64Array(HISTOGRAM_BINS);
  for (const value of decodeCodes(type, data)) {
    if (!Number.isFinite(value)) continue;
    const bin = max > min ? Math.floor(((value - min) / (max - min)) * HISTOGRAM_BINS) : HISTOGRAM_BINS;
    const index = Math.min(HISTOGRAM_BINS - 1, bin);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

/** The counts and sums of no weight at all. */
export const noChange = (): ChangeTotals => ({
  equalBf16: 0,
  equalRelative: 0,
  equalAbsolute: 0,
  changed: 0,
  sumSquaresUpdate: 0,
  hidden: 0,
  sumSquaresHidden: 0,
  offGrid: 0,
});

export type CompareOptions = Parameters<ElementKernels['compare']>[4];
export type ChunkComparison = Awaited<ReturnType<ElementKernels['compare']>>;

/**
 * How the weights of two chunks of equal length differ. A NaN equals a NaN and equal infinities are unchanged, a non-finite value
 * against any other is changed, in all three probes and in the mask. With `columns` > 0 the chunks are whole rows and the changed
 * weights of each row and column are counted; with 0 both arrays are empty.
 */
export function chunkCompare(
  baseType: MatrixType,
  base: Uint8Array,
  tunedType: MatrixType,
  tuned: Uint8Array,
  options: CompareOptions,
): ChunkComparison {
  const { grid: spec, eta, absoluteTolerance, columns } = options;
  const grid = new Grid(spec.grid);
  const bf16 = new Grid('BF16');
  const before = decodeCodes(baseType, base);
  const after = decodeCodes(tunedType, tuned);
  const count = before.length;
  if (after.length !== count || (columns > 0 && count % columns !== 0))
    throw new OffaxisError(
      'bug',
      `Chunks of ${count} and ${after.length} weights cannot be compared in rows of ${columns}.`,
    );
  const rowChanged = new Float64Array(columns > 0 ? count / columns : 0);
  const columnChanged = new Float64Array(columns);
  const change: ChunkChange = {
    base: statsOf(before, smallestNormal(baseType)),
    tuned: statsOf(after, smallestNormal(tunedType)),
    ...noChange(),
  };
  for (let i = 0; i < count; i++) {
    const w0 = before[i] ?? 0;
    const w1 = after[i] ?? 0;
    if (same(bf16.round(w0), bf16.round(w1))) change.equalBf16++;
    if (Number.isFinite(w0) && Number.isFinite(w1)) {
      const difference = Math.abs(w1 - w0);
      if (difference <= eta * Math.max(Math.abs(w0), Math.abs(w1))) change.equalRelative++;
      if (difference <= absoluteTolerance) change.equalAbsolute++;
      change.sumSquaresUpdate += difference * difference;
    } else if (same(w0, w1)) {
      change.equalRelative++;
      change.equalAbsolute++;
    }
    const onGrid = grid.round(w0);
    if (Number.isFinite(w0) && onGrid !== w0) change.offGrid++;
    if (same(onGrid, grid.round(w1))) {
      if (same(w0, w1)) continue;
      change.hidden++;
      if (Number.isFinite(w1 - w0)) change.sumSquaresHidden += (w1 - w0) ** 2;
      continue;
    }
    change.changed++;
    if (columns > 0) {
      const row = Math.floor(i / columns);
      const column = i % columns;
      rowChanged[row] = (rowChanged[row] ?? 0) + 1;
      columnChanged[column] = (columnChanged[column] ?? 0) + 1;
    }
  }
  return { ...change, rowChanged, columnChanged };
}

/** +0 = -0, NaN = NaN, equal infinities. */
function same(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

function statsOf(values: Float64Array, smallestNormal: number): ChunkStats {
  const stats = noStats();
  for (const value of values) {
    if (Number.isNaN(value)) stats.nan++;
    else if (!Number.isFinite(value)) stats.inf++;
    else {
      stats.finite++;
      stats.sum += value;
      stats.sumSquares += value * value;
      if (value < stats.min) stats.min = value;
      if (value > stats.max) stats.max = value;
      if (value === 0) stats.zeros++;
      else if (Math.abs(value) < smallestNormal) stats.subnormal++;
    }
  }
  return stats;
}
