/** Floating-point operations, for estimates of time: of a plan, and of how long a device may take before it counts as hung. */

/** All singular values of one matrix: Gram matrix of the smaller side and its reduction. */
export function valuesFlops(rows: number, columns: number): number {
  const q = Math.min(rows, columns);
  return q * q * Math.max(rows, columns) + (4 / 3) * q ** 3;
}

/**
 * One pair: three matrices' values, k vectors of both sides with their angles and the update in those of the base, the rank-r
 * reconstruction and its masks. `sides`: tuned sides beside the same base.
 */
export function pairFlops(rows: number, columns: number, angleRank: number, maskRank: number, sides = 1): number {
  const q = Math.min(rows, columns);
  const vectors = 2 * q * q * angleRank + 2 * rows * columns * angleRank;
  const side =
    2 * valuesFlops(rows, columns) +
    vectors +
    4 * (rows + columns) * angleRank * angleRank +
    4 * rows * columns * (angleRank + maskRank);
  return valuesFlops(rows, columns) + vectors + 2 * rows * columns * maskRank + sides * side;
}

/** One pair's leading triplets, masks and energies, of a spectrum that falls: some 400 vectors through W0, 200 through D. */
export function alignmentFlops(rows: number, columns: number, maskRank: number, sides = 1): number {
  const [q, weights] = [Math.min(rows, columns), rows * columns];
  const columnsOf = (wanted: number): number => Math.min(q, 5 * (wanted + 16));
  const base = 4 * weights * columnsOf(maskRank) + 10 * weights * maskRank;
  return base + sides * (4 * weights * Math.min(q, 180) + 4 * weights * maskRank);
}
