/** Default ranks, and the ranges of the parameters: out of range is an error, never a clamp. */
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { ComparisonParameters } from '../protocol/results.ts';

/** r = min(64, ceil(q/8)) (arXiv 2606.07082, App. C.3, capped for small matrices). */
export function defaultMaskRank(q: number): number {
  return Math.min(64, Math.ceil(q / 8));
}

/** k = min(512, floor(q/2)). */
export function defaultAngleRank(q: number): number {
  return Math.min(512, Math.floor(q / 2));
}

/** Throws bad-parameter, naming the parameter and its range. Ranks are checked against each matrix by `checkRank`. */
export function checkParameters(
  parameters: Pick<ComparisonParameters, 'alpha' | 'eta' | 'absoluteTolerance' | 'twinSeed'>,
): void {
  const { alpha, eta, absoluteTolerance, twinSeed } = parameters;
  if (!(Number.isSafeInteger(twinSeed) && twinSeed >= 0))
    throw new OffaxisError('bad-parameter', say`twinSeed is ${twinSeed}; give a whole number from 0 to 2^53 - 1.`);
  if (!(alpha > 0 && alpha < 1))
    throw new OffaxisError('bad-parameter', say`alpha is ${alpha}; give a fraction between 0 and 1, both excluded.`);
  for (const [name, value] of [
    ['eta', eta],
    ['absoluteTolerance', absoluteTolerance],
  ] as const)
    if (!(value >= 0 && Number.isFinite(value)))
      throw new OffaxisError('bad-parameter', say`${name} is ${value}; give a finite number of 0 or more.`);
}

/** Throws bad-parameter unless `rank` is a whole number from 1 to q. `what`: "mask rank"; `name`: the matrix. */
export function checkRank(what: string, rank: number, name: string, q: number): void {
  if (!Number.isInteger(rank) || rank < 1 || rank > q)
    throw new OffaxisError(
      'bad-parameter',
      say`The ${what} ${rank} is out of range for ${name}: choose a whole number from 1 to ${q}, or leave the matrix out.`,
    );
}
