/** The masks of one matrix (METRICS section E), one byte a weight, row-major [out, in]. */
import { setImmediate } from 'node:timers/promises';
import type { LeadingTriplets, LinearAlgebraBackend, Matrix } from '../../linalg/backend.ts';
import { maskSize } from '../../linalg/reference/masks.ts';
import { rankTolerance } from '../../metrics/figures/numericalRank.ts';
import { decodeCodes } from '../../numbers/index.ts';
import { throwIfAborted } from '../../protocol/errors.ts';
import type { MaskKind } from '../../protocol/mask.ts';
import { extreme } from './extreme.ts';

export interface MaskOptions {
  kind: Exclude<MaskKind, 'changed'>;
  alpha: number;
  rho: number;
  /** of the reconstruction, 1 to min(m, n) */
  rank: number;
}

/** Multiply-adds between two looks at the signal; other work runs in between. */
const STEP = 5e7;

/**
 * Ties to the lowest index. `illDefined`: the reconstruction is not determined, (s_r - s_{r+1}) / s_1 < 1e-5 or s_r <= tol, so that
 * another library may choose other entries. The matrix is finite. Peak beside the backend's: three copies of it in float64. Throws
 * cancelled, and what the backend throws.
 */
export async function maskOf(
  matrix: Matrix,
  { kind, alpha, rho, rank }: MaskOptions,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<{ mask: Uint8Array; illDefined: boolean }> {
  const size = maskSize(kind === 'geo' ? rho : alpha, matrix.rows * matrix.columns);
  const smallest = (): Uint8Array => extreme(decodeCodes(matrix.type, matrix.data), size, 'smallest');
  if (kind === 'low') return { mask: smallest(), illDefined: false };
  // How exact the triplets must be is judged at the limit of the mask that the backend is asked for, which is of the largest entries.
  const largest = kind === 'geo' ? 1 - rho : alpha;
  const leading = await leadingOf(matrix, rank, largest, backend, signal);
  const entries = await reconstruction(matrix, leading, rank, signal);
  const illDefined = isIllDefined(leading.values, rank, matrix);
  if (kind === 'geo') return { mask: either(extreme(entries, size, 'smallest'), smallest()), illDefined };
  const principal = extreme(entries, size, 'largest');
  if (kind === 'principal') return { mask: principal, illDefined };
  const off = principal.map((bit) => 1 - bit);
  return { mask: kind === 'safe' ? either(off, smallest()) : off, illDefined };
}

function either(mask: Uint8Array, other: Uint8Array): Uint8Array {
  return mask.map((bit, i) => bit | (other[i] as number));
}

/** As a comparison has them, of the matrix beside itself: no update, of which nothing is then computed. */
async function leadingOf(
  matrix: Matrix,
  maskRank: number,
  alpha: number,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<LeadingTriplets> {
  // the classes that changes are counted by: there are no changes
  const grid = { grid: 'BF16', onGrid: true } as const;
  return (await backend.alignPair(matrix, matrix, { maskRank, alpha, grid, signal })).leading;
}

/** W^(r), row-major. */
async function reconstruction(
  { rows, columns }: Matrix,
  { small, large }: LeadingTriplets,
  rank: number,
  signal: AbortSignal,
): Promise<Float64Array> {
  const entries = new Float64Array(rows * columns);
  const [left, right] = rows >= columns ? [large, small] : [small, large];
  const step = Math.max(1, Math.floor(STEP / (columns * rank)));
  for (let first = 0; first < rows; first += step) {
    throwIfAborted(signal);
    products(entries, left, right, columns, rank, first, Math.min(rows, first + step));
    await setImmediate();
  }
  return entries;
}

/** Rows of `left` [m, r] times `right` [n, r] transposed, four columns at a time. */
function products(
  entries: Float64Array,
  left: Float64Array,
  right: Float64Array,
  columns: number,
  r: number,
  from: number,
  to: number,
): void {
  const fours = columns - (columns % 4);
  for (let i = from; i < to; i++) {
    const a = i * r;
    const row = i * columns;
    for (let j = 0; j < fours; j += 4) {
      const [b, c, d, e] = [j * r, (j + 1) * r, (j + 2) * r, (j + 3) * r];
      let [w, x, y, z] = [0, 0, 0, 0];
      for (let t = 0; t < r; t++) {
        const factor = left[a + t] as number;
        w += factor * (right[b + t] as number);
        x += factor * (right[c + t] as number);
        y += factor * (right[d + t] as number);
        z += factor * (right[e + t] as number);
      }
      entries[row + j] = w;
      entries[row + j + 1] = x;
      entries[row + j + 2] = y;
      entries[row + j + 3] = z;
    }
    for (let j = fours; j < columns; j++) {
      let sum = 0;
      for (let t = 0; t < r; t++) sum += (left[a + t] as number) * (right[j * r + t] as number);
      entries[row + j] = sum;
    }
  }
}

function isIllDefined(values: Float64Array, rank: number, { rows, columns }: Matrix): boolean {
  const [first = 0, last = 0, next = 0] = [values[0], values[rank - 1], values[rank]];
  return (first > 0 && (last - next) / first < 1e-5) || last <= rankTolerance(first, rows, columns);
}
