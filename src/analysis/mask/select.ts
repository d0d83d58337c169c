/** The masks of one matrix (METRICS section E), one byte a weight, row-major [out, in]. */
import { leadingPart } from '../../checkpoint/index.ts';
import { maskSize, selectLargest } from '../../linalg/reference/masks.ts';
import { rankTolerance } from '../../metrics/figures/numericalRank.ts';
import type { MaskKind } from '../../protocol/mask.ts';

export interface MatrixValues {
  rows: number;
  columns: number;
  /** finite */
  values: Float64Array;
}
export interface MaskOptions {
  kind: Exclude<MaskKind, 'changed'>;
  alpha: number;
  rho: number;
  /** of the reconstruction, 1 to min(m, n) */
  rank: number;
}

/**
 * Ties to the lowest index. `illDefined`: the reconstruction is not determined, (s_r - s_{r+1}) / s_1 < 1e-5 or s_r <= tol, so that
 * another library may choose other entries. Peak: about 4 copies of the matrix in float64. Throws cancelled.
 */
export async function maskOf(
  matrix: MatrixValues,
  { kind, alpha, rho, rank }: MaskOptions,
  signal: AbortSignal,
): Promise<{ mask: Uint8Array; illDefined: boolean }> {
  const { values } = matrix;
  const size = maskSize(kind === 'geo' ? rho : alpha, values.length);
  const smallest = (): Uint8Array =>
    selectLargest(
      values.map((w) => -Math.abs(w)),
      size,
    );
  if (kind === 'low') return { mask: smallest(), illDefined: false };
  const { magnitudes, illDefined } = await reconstruction(matrix, rank, signal);
  if (kind === 'geo')
    return {
      mask: either(
        selectLargest(
          magnitudes.map((x) => -x),
          size,
        ),
        smallest(),
      ),
      illDefined,
    };
  const principal = selectLargest(magnitudes, size);
  if (kind === 'principal') return { mask: principal, illDefined };
  const off = principal.map((bit) => 1 - bit);
  return { mask: kind === 'safe' ? either(off, smallest()) : off, illDefined };
}

function either(mask: Uint8Array, other: Uint8Array): Uint8Array {
  return mask.map((bit, i) => bit | (other[i] as number));
}

/** abs(W^(r)), and whether the spectrum determines it. */
async function reconstruction(
  { rows, columns, values }: MatrixValues,
  rank: number,
  signal: AbortSignal,
): Promise<{ magnitudes: Float64Array; illDefined: boolean }> {
  const q = Math.min(rows, columns);
  // one more, for the gap behind the last
  const { left, right } = await leadingPart({ rows, columns, values }, Math.min(q, rank + 1), signal);
  const terms = left.columns;
  // The singular value lies on either side: the part of a wide matrix is that of its transpose.
  const sizes = Float64Array.from({ length: terms }, (_, t) => {
    let [of, by] = [0, 0];
    for (let i = 0; i < rows; i++) of += (left.values[i * terms + t] as number) ** 2;
    for (let j = 0; j < columns; j++) by += (right.values[t * columns + j] as number) ** 2;
    return Math.sqrt(of * by);
  });
  const magnitudes = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const row = magnitudes.subarray(i * columns, (i + 1) * columns);
    for (let t = 0; t < rank; t++) {
      const factor = left.values[i * terms + t] as number;
      const start = t * columns;
      for (let j = 0; j < columns; j++) row[j] = (row[j] as number) + factor * (right.values[start + j] as number);
    }
    for (let j = 0; j < columns; j++) row[j] = Math.abs(row[j] as number);
  }
  const [first = 0, last = 0, next = 0] = [sizes[0], sizes[rank - 1], sizes[rank]];
  const illDefined = (first > 0 && (last - next) / first < 1e-5) || last <= rankTolerance(first, rows, columns);
  return { magnitudes, illDefined };
}
