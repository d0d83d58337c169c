/** Section D's figures of two updates of one base. */
import type { UpdatePair, UpdatePairsResult } from '../protocol/updatePair.ts';

/** K of `subspaceSimilarity`, or q if that is less. */
export const SUBSPACE_RANK = 16;

/** norm_F(V1' V2)^2 / K, of as many orthonormal vectors on both sides. */
export function subspaceSimilarity(one: readonly Float64Array[], other: readonly Float64Array[]): number {
  let sum = 0;
  for (const a of one)
    for (const b of other) sum += a.reduce((product, value, i) => product + value * (b[i] as number), 0) ** 2;
  return sum / one.length;
}

/** The model's figure is the ratio of the sums over all matrices. */
export function modelOfPairs(matrices: readonly UpdatePair[]): UpdatePairsResult['model'] {
  let [inner, first, second] = [0, 0, 0];
  for (const {
    updateNorms: [a, b],
    updateCosine,
  } of matrices) {
    inner += (updateCosine ?? 0) * a * b;
    first += a * a;
    second += b * b;
  }
  return {
    updateNorms: [Math.sqrt(first), Math.sqrt(second)],
    updateCosine: first > 0 && second > 0 ? inner / Math.sqrt(first * second) : null,
  };
}
