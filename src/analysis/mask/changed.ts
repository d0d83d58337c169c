/** The change mask M of METRICS section B: codes on the grid differ, +0 = -0 and NaN equals NaN. */
import { AdaptedWeight, readChunks, type WeightPair } from '../../checkpoint/index.ts';
import { bytesOf, castCodes, decodeCodes, Grid, type MatrixType } from '../../numbers/index.ts';
import { CHUNK_WEIGHTS, gridFor, matrixType } from '../change.ts';

/** One byte a weight, row-major. Throws read-failed, bad-file, cancelled. */
export async function changedIn({ base, tuned }: WeightPair, signal: AbortSignal): Promise<Uint8Array> {
  const mask = new Uint8Array(base.count);
  const grid = new Grid(gridFor({ base, tuned }).grid.grid);
  const read = { weights: CHUNK_WEIGHTS, signal };
  const [baseType, tunedType] = [matrixType(base) as MatrixType, matrixType(tuned) as MatrixType];
  // What changes is what a merge would store (METRICS F).
  const merged = tuned instanceof AdaptedWeight ? tuned.storage : null;
  const others = readChunks(tuned, read)[Symbol.asyncIterator]();
  for await (const { first, data } of readChunks(base, read)) {
    const other = await others.next();
    if (other.done) break;
    if (baseType === tunedType && Buffer.compare(data, other.value.data) === 0) continue;
    const [w0, w1] = [decodeCodes(baseType, data), stored(tunedType, other.value.data, merged)];
    for (let i = 0; i < w0.length; i++) {
      const [before, after] = [w0[i] as number, w1[i] as number];
      if (before === after) continue;
      const [x, y] = [grid.round(before), grid.round(after)];
      if (x !== y && !(Number.isNaN(x) && Number.isNaN(y))) mask[first + i] = 1;
    }
  }
  return mask;
}

function stored(type: MatrixType, data: Uint8Array, as: MatrixType | null): Float64Array {
  if (as === null || as === type) return decodeCodes(type, data);
  const codes = new Uint8Array((data.length / bytesOf(type)) * bytesOf(as));
  castCodes(type, data, as, codes);
  return decodeCodes(as, codes);
}
