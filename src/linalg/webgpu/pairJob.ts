/** A pair that the device is asked for. */
import type { Matrix, PairOptions } from '../backend.ts';
import { BLOCK } from './matrix.ts';

export interface PairJob {
  base: Matrix;
  tuned: Matrix;
  options: PairOptions;
}
/** The tuned sides of a pair: W1 and the others that are asked for. Pairs of one batch have as many. */
export function tunedSides({ tuned, options: { others = [] } }: PairJob): Matrix[] {
  return [tuned, ...others];
}

/** Leading vectors that the refinement starts from, over the r that it is after. */
const START = 2;

export interface Ranks {
  k: number;
  r: number;
  /** vectors that the refinement starts from */
  count: number;
  /** vectors of the base's band */
  most: number;
  /** vectors of the differences' bands, which the refinement of their leading ones starts from; 0 if none are wanted */
  update: number;
}
export function ranksOf({ base, options }: PairJob): Ranks {
  const q = Math.min(base.rows, base.columns);
  const count = Math.min(q, START * options.maskRank);
  return {
    ...{ k: options.angleRank, r: options.maskRank, count, most: Math.max(count, options.angleRank) },
    update: Math.min(q, START * (options.updateRank ?? 0)),
  };
}

/** Whether the device's kernels take such a pair: types that it decodes, and enough of it to be worth the way. */
export function suitsDevice({ base, tuned }: PairJob): boolean {
  return Math.min(base.rows, base.columns) > BLOCK && base.type !== 'F64' && tuned.type !== 'F64';
}
