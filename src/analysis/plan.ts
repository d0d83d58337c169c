/** From two opened checkpoints to the list of work, with its cost; nothing is read but headers. */
import { createHash } from 'node:crypto';
import { isRemote, remote } from '../bytes/index.ts';
import type { Weight, WeightPair } from '../checkpoint/index.ts';
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import { alignmentFlops, pairFlops } from '../linalg/flops.ts';
import { checkParameters, checkRank, defaultAngleRank, defaultMaskRank } from '../metrics/index.ts';
import type { ComparisonPlan } from '../protocol/engine.ts';
import { greatest } from '../protocol/lists.ts';
import type { ComparisonParameters } from '../protocol/results.ts';
import type { OpenComparison } from './comparisonCache.ts';
import { leftOutOf, leftOutProblems, stageBytes, type LeftOut } from './memoryCap.ts';

/**
 * A pair of it is `spectral` if its spectra are computed. `beyond`: those without room, if other pairs are computed with them. Throws
 * bad-parameter if a parameter is out of range for any of the matrices (an error, not a clamp).
 */
export function planComparison(
  { base, tuned, pairing, stamp }: OpenComparison,
  parameters: ComparisonParameters,
  backend: LinearAlgebraBackend,
  beyond?: LeftOut,
): ComparisonPlan {
  checkParameters(parameters);
  const leftOut =
    beyond ??
    leftOutOf(
      pairing.pairs.map((pair) => [pair]),
      parameters,
      backend,
      true,
    );
  const matrices: WeightPair[] = [];
  const pairs: ComparisonPlan['pairs'] = [];
  const layers = new Set<number>();
  let bytesToRead = 0;
  const travels = { once: 0, again: 0 };
  const [baseTravels, tunedTravels] = [isRemote(base.path), isRemote(tuned.path)];
  let weights = 0;
  for (const pair of pairing.pairs) {
    const { base, tuned, name } = pair;
    const { layer, module } = base.place;
    const tooLarge = leftOut.get(name);
    const spectral = pair.spectral && parameters.spectra !== false && tooLarge === undefined;
    if (spectral) {
      ranksOf(pair, parameters);
      matrices.push(pair);
    }
    const reason = pair.reason ?? tooLarge;
    const entry = { name, layer, module, shape: base.shape, dtype: dtypesOf(base, tuned), spectral };
    pairs.push(reason === undefined ? entry : { ...entry, reason });
    if (layer !== null) layers.add(layer);
    weights += base.count;
    // once for the change, once more for the spectrum
    bytesToRead += Math.round(base.storedBytes + tuned.storedBytes) * (spectral ? 2 : 1);
    const travelling = Math.round((baseTravels ? base.storedBytes : 0) + (tunedTravels ? tuned.storedBytes : 0));
    travels.once += travelling;
    if (spectral) travels.again += travelling;
  }
  const config = base.config ?? tuned.config;
  return {
    id: idOf(stamp, parameters, backend),
    files: stamp,
    base: base.path,
    tuned: tuned.path,
    pairs,
    skipped: pairing.skipped,
    unpaired: pairing.unpaired,
    coverage: pairing.coverage,
    tunedAdapter: tuned.adapter?.facts ?? null,
    ...(pairing.untouched ? { untouched: pairing.untouched } : {}),
    layers: layers.size,
    cost: {
      bytesToRead,
      bytesToTravel: travels.once + (travels.once <= remote.keptBytes ? 0 : travels.again),
      weights,
      matrices: matrices.length,
      flops: sum(matrices, (pair) => flopsOf(pair, parameters)),
      ...(parameters.spectra === 'leading'
        ? { wholeFlops: sum(matrices, (pair) => flopsOf(pair, { ...parameters, spectra: true })) }
        : {}),
      peakBytes: Math.min(
        backend.budget ?? Infinity,
        backend.parallelism *
          greatest(
            matrices.map(({ base }) => stageBytes(base, 1, parameters, backend)),
            0,
          ),
      ),
    },
    heads:
      config?.attentionHeads != null
        ? { attention: config.attentionHeads, keyValue: config.keyValueHeads ?? config.attentionHeads }
        : null,
    problems: [...base.problems, ...tuned.problems, ...pairing.notes, ...leftOutProblems(leftOut, parameters)],
  };
}

/** Of the files as they are, the parameters and the backend, which shapes the cost: the same again in another process. */
function idOf(stamp: string, parameters: ComparisonParameters, { info, budget }: LinearAlgebraBackend): string {
  return createHash('sha256')
    .update(JSON.stringify([stamp, parameters, info, budget ?? null]))
    .digest('hex')
    .slice(0, 32);
}

export function matrixShape(pair: WeightPair): [rows: number, columns: number] {
  return [pair.base.rows, pair.base.columns];
}

/** k and r of one matrix: the parameters, or the defaults of its q = min(m, n). */
export function ranksOf(pair: WeightPair, parameters: ComparisonParameters): { angleRank: number; maskRank: number } {
  const q = Math.min(...matrixShape(pair));
  const angleRank = parameters.angleRank ?? defaultAngleRank(q);
  const maskRank = parameters.maskRank ?? defaultMaskRank(q);
  checkRank('angle rank', angleRank, pair.name, q);
  checkRank('mask rank', maskRank, pair.name, q);
  return { angleRank, maskRank };
}

/** Floating-point operations of one pair of the plan. */
export function flopsOf(pair: WeightPair, parameters: ComparisonParameters): number {
  const { angleRank, maskRank } = ranksOf(pair, parameters);
  const sides = parameters.twin ? 2 : 1;
  if (parameters.spectra === 'leading') return alignmentFlops(...matrixShape(pair), maskRank, sides);
  return pairFlops(...matrixShape(pair), angleRank, maskRank, sides);
}

export function dtypesOf(base: Weight, tuned: Weight): { base: string; tuned: string } {
  return { base: base.dtype, tuned: tuned.dtype };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
