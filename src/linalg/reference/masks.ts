/** The three masks of a pair and the histograms of their weights over rounding cells. */
import type { ClassCounts, PairQuantities } from '../backend.ts';
import { cellCount, Grid, hasPositions, type GridSpec } from '../../numbers/index.ts';
import type { Dense } from './dense.ts';
import type { Svd } from './svd.ts';

/**
 * Marks the `size` entries of greatest score; ties to the lowest index. O(n log n).
 */
export function selectLargest(scores: Float64Array, size: number): Uint8Array {
  const mask = new Uint8Array(scores.length);
  if (size <= 0) return mask;
  const threshold = scores.slice().sort()[scores.length - size] ?? -Infinity;
  let left = size;
  for (const [i, score] of scores.entries())
    if (score > threshold) {
      mask[i] = 1;
      left--;
    }
  for (let i = 0; i < scores.length && left > 0; i++)
    if (scores[i] === threshold) {
      mask[i] = 1;
      left--;
    }
  return mask;
}

/** abs of the rank-r reconstruction sum_{i <= r} s_i u_i v_i', row-major. */
function reconstructionMagnitude({ values, left, right }: Svd, rank: number): Float64Array {
  const rows = left[0]?.length ?? 0;
  const columns = right[0]?.length ?? 0;
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let term = 0; term < rank; term++) {
      const factor = (values[term] ?? 0) * (left[term]?.[i] ?? 0);
      const vector = right[term] as Float64Array;
      for (let j = 0; j < columns; j++)
        result[i * columns + j] = (result[i * columns + j] as number) + factor * (vector[j] as number);
    }
  return result.map(Math.abs);
}

/** Mask size of alpha: floor(alpha m n + 0.5). */
export function maskSize(alpha: number, weights: number): number {
  return Math.floor(alpha * weights + 0.5);
}

/** Histograms of the non-zero weights of `base` inside each mask and over all, and how many of them changed on the grid. */
export function maskHistograms(
  base: Dense,
  tuned: Dense,
  factors: Svd,
  options: { maskRank: number; alpha: number; grid: GridSpec },
): NonNullable<PairQuantities['masks']> {
  const { grid: spec, alpha, maskRank } = options;
  const size = maskSize(alpha, base.data.length);
  const principal = selectLargest(reconstructionMagnitude(factors, maskRank), size);
  const low = selectLargest(
    base.data.map((w) => -Math.abs(w)),
    size,
  );
  const grid = new Grid(spec.grid);
  const positions = hasPositions(spec);
  const counts = (): ClassCounts => ({
    total: new Float64Array(cellCount(spec)),
    changed: new Float64Array(cellCount(spec)),
  });
  const result = { principal: counts(), low: counts(), principalNotLow: counts(), all: counts() };
  for (const [i, w0] of base.data.entries()) {
    if (w0 === 0) continue;
    const cell = grid.cellOf(w0, positions);
    const changed = grid.round(w0) === grid.round(tuned.data[i] ?? 0) ? 0 : 1;
    const count = (into: ClassCounts): void => {
      into.total[cell] = (into.total[cell] ?? 0) + 1;
      into.changed[cell] = (into.changed[cell] ?? 0) + changed;
    };
    count(result.all);
    if (principal[i]) count(result.principal);
    if (low[i]) count(result.low);
    if (principal[i] && !low[i]) count(result.principalNotLow);
  }
  return result;
}
