/** How several machines share a comparison: a part each, told from the headers alone, so that every machine comes to the same parts. */
import type { WeightPair } from '../checkpoint/index.ts';
import type { Shard } from '../protocol/part.ts';
import type { ComparisonParameters } from '../protocol/results.ts';
import { flopsOf } from './plan.ts';

/**
 * A byte of the streaming pass in floating-point operations of the spectra: a thread makes some 25 of these in the nanosecond in which
 * it goes over a byte. It decides only how even the parts are.
 */
const FLOPS_PER_BYTE = 25;

/**
 * The pairs of one part. The dearest come first and are dealt out to and fro (1, 2, ..., N, N, ..., 2, 1, 1, ...), so that no part costs
 * more than another by more than one pair's cost; equal costs keep the order of the plan.
 */
export function pairsOfShard(
  pairs: readonly WeightPair[],
  parameters: ComparisonParameters,
  { index, of }: Shard,
): WeightPair[] {
  const costs = pairs.map((pair, at) => ({ at, cost: costOf(pair, parameters) }));
  costs.sort((a, b) => b.cost - a.cost || a.at - b.at);
  const mine = new Set(costs.flatMap(({ at }, turn) => (partOfTurn(turn, of) === index ? [at] : [])));
  return pairs.filter((_, at) => mine.has(at));
}

/** Counted from 1. */
function partOfTurn(turn: number, of: number): number {
  const at = turn % (2 * of);
  return at < of ? at + 1 : 2 * of - at;
}

function costOf(pair: WeightPair, parameters: ComparisonParameters): number {
  const bytes = pair.base.storedBytes + pair.tuned.storedBytes;
  return bytes * FLOPS_PER_BYTE + (pair.spectral && parameters.spectra ? flopsOf(pair, parameters) : 0);
}
