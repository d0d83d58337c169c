/** Gram-Schmidt for the few vectors that a rank-deficient matrix does not determine. */

/** A vector that keeps less of its length after the projection than this was spanned by the others. */
const SPANNED = 1e-3;

/**
 * Replaces columns from..count-1 of `basis` (rows x count, row-major) so that all columns are orthonormal: each by its own part
 * orthogonal to the ones before, or by that of a unit vector if nothing is left. count <= rows. Throws cancelled.
 */
export function completeBasis(
  basis: Float64Array,
  rows: number,
  count: number,
  from: number,
  checkCancelled: () => void,
): void {
  let unit = 0;
  for (let column = from; column < count; column++) {
    checkCancelled();
    while (unit <= rows && !orthogonalise(basis, rows, count, column)) {
      for (let i = 0; i < rows; i++) basis[i * count + column] = i === unit ? 1 : 0;
      unit++;
    }
  }
}

/** Makes a column a unit vector orthogonal to those before it, in two passes. False if it lay in their span. */
function orthogonalise(basis: Float64Array, rows: number, count: number, column: number): boolean {
  for (let pass = 0; pass < 2; pass++) {
    const before = norm(basis, rows, count, column);
    if (!(before > 0)) return false;
    for (let other = 0; other < column; other++) {
      let part = 0;
      for (let i = 0; i < rows; i++) part += (basis[i * count + other] ?? 0) * (basis[i * count + column] ?? 0);
      for (let i = 0; i < rows; i++)
        basis[i * count + column] = (basis[i * count + column] ?? 0) - part * (basis[i * count + other] ?? 0);
    }
    const after = norm(basis, rows, count, column);
    if (!(after > SPANNED * before)) return false;
    for (let i = 0; i < rows; i++) basis[i * count + column] = (basis[i * count + column] ?? 0) / after;
  }
  return true;
}
function norm(basis: Float64Array, rows: number, count: number, column: number): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += (basis[i * count + column] ?? 0) ** 2;
  return Math.sqrt(sum);
}
