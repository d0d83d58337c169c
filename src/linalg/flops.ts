/** Floating-point operations, for estimates of time: of a plan, and of how long a device may take before it counts as hung. */

/** All singular values of one matrix: Gram matrix of the smaller side and its reduction. */
export function valuesFlops(rows: number, columns: number): number {
  const q = Math.min(rows, columns);
  return q * q * Math.max(rows, columns) + (4 / 3) * q ** 3;
}

/** One pair: three matrices' values, k vectors of both sides with their angles, the rank-r reconstruction and its masks. */
export function pairFlops(rows: number, columns: number, angleRank: number, maskRank: number): number {
  const q = Math.min(rows, columns);
  return (
    3 * valuesFlops(rows, columns) +
    2 * (2 * q * q * angleRank + 2 * rows * columns * angleRank) +
    4 * (rows + columns) * angleRank * angleRank +
    6 * rows * columns * maskRank
  );
}
