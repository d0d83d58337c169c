/** Where in depth the update lies: held by some layers, or spread over all of them. */
import { median } from '../metrics/median.ts';
import { say } from '../protocol/say.ts';
import { percent, times } from '../protocol/format.ts';
import { greatest, least, pushTo } from '../protocol/lists.ts';
import { clause, type Clause } from './clause.ts';
import { middle } from './noise.ts';
import { energy, relativeUpdate } from './size.ts';
import { namesOf, type Matrix, type Subject } from './subject.ts';
import { foldWord, layersWord } from './words.ts';

/** A layer is one of those that hold the update if it moved over twice as far as the lower quartile ... */
const STANDS_OUT = 2;
/** ... and they do if at most this share of the layers holds this share of the energy. */
const LAYERS_AT_MOST = 0.6;
const ENERGY_AT_LEAST = 0.8;
/** Fewer layers with an update have no depth to speak of. */
const LEAST_LAYERS = 4;
/** Largest over smallest under which the layers are alike; share of the energy that is "over 99 %"; rank correlation with depth. */
const EVENLY = 1.5;
const NEARLY_ALL = 0.995;
const WITH_DEPTH = 0.9;

export type Depth =
  | { kind: 'few' }
  | {
      kind: 'concentrated';
      layers: readonly number[];
      /** their share of the update's energy */
      energy: number;
      /** of these, what moved over twice as far as their median, if that is at most half of them */
      far: readonly number[];
      farSize: number | null;
      typicalSize: number | null;
    }
  | { kind: 'spread'; sizes: readonly number[]; withDepth: number };

export function depthOf({ matrices, hasExperts }: Subject): Depth {
  const byLayer = new Map<number, Matrix[]>();
  for (const matrix of matrices) pushTo(byLayer, matrix.layer, matrix);
  const layers = [...byLayer]
    .map(([layer, members]) => ({
      layer,
      members,
      // one expert that moved is not its layer
      size: hasExperts ? middle(members, ({ metrics }) => metrics.relativeUpdate) : relativeUpdate(members),
    }))
    .filter((layer): layer is typeof layer & { size: number } => layer.size !== null && layer.size > 0)
    .sort((a, b) => a.layer - b.layer);
  if (layers.length < LEAST_LAYERS) return { kind: 'few' };
  const sizes = layers.map(({ size }) => size);
  const quartile = [...sizes].sort((a, b) => a - b)[Math.floor(sizes.length / 4)] ?? 0;
  const holding = layers.filter(({ size }) => size > STANDS_OUT * quartile);
  const energyOf = (list: typeof layers): number =>
    list.reduce((sum, { members }) => sum + energy(members, 'updateNorm'), 0);
  const share = energyOf(holding) / energyOf(layers);
  if (holding.length > 0 && holding.length <= LAYERS_AT_MOST * layers.length && share >= ENERGY_AT_LEAST) {
    const typical = median(holding.map(({ size }) => size)) ?? 0;
    const far = holding.filter(({ size }) => size > STANDS_OUT * typical);
    const rest = holding.filter(({ size }) => size <= STANDS_OUT * typical);
    return {
      kind: 'concentrated',
      layers: holding.map(({ layer }) => layer),
      energy: share,
      far: far.length <= holding.length / 2 ? far.map(({ layer }) => layer) : [],
      farSize: median(far.map(({ size }) => size)),
      typicalSize: median(rest.map(({ size }) => size)),
    };
  }
  return { kind: 'spread', sizes, withDepth: rankCorrelation(sizes) };
}

/** Spearman's, of the sizes with their order. */
function rankCorrelation(sizes: readonly number[]): number {
  const n = sizes.length;
  const rank = new Map([...sizes].sort((a, b) => b - a).map((size, at) => [size, n - 1 - at]));
  const squares = sizes.reduce((sum, size, at) => sum + (at - (rank.get(size) ?? 0)) ** 2, 0);
  return 1 - (6 * squares) / (n * (n ** 2 - 1));
}

/** The layers that the rest of the answer speaks of. */
export function inDepth(depth: Depth): (matrix: Matrix) => boolean {
  if (depth.kind !== 'concentrated') return () => true;
  const layers = new Set(depth.layers);
  return ({ layer }) => layers.has(layer);
}

/** A sentence of its own. */
export function concentrationClauses(depth: Depth, { matrices }: Subject): Clause[] {
  if (depth.kind !== 'concentrated') return [];
  const within = (layers: readonly number[]): string[] => {
    const those = new Set(layers);
    return namesOf(matrices.filter(({ layer }) => those.has(layer)));
  };
  const concentrated = clause({
    code: 'concentrated',
    kind: 'size',
    text: say('the update is concentrated in {0}', layersWord(depth.layers)),
    value:
      depth.energy > NEARLY_ALL
        ? say('over {0} of its energy', percent(0.99, 2))
        : say('{0} of its energy', percent(depth.energy, 2)),
    tab: 'size',
    figure: 'relativeUpdate',
    matrices: within(depth.layers),
  });
  const { far, farSize, typicalSize } = depth;
  if (far.length === 0 || farSize === null || typicalSize === null) return [concentrated];
  return [
    concentrated,
    clause({
      code: 'far',
      kind: 'size',
      text: say('{0} moved about {1} as far', layersWord(far), foldWord(farSize / typicalSize)),
      value: say('{0} against {1}', percent(farSize, 2), percent(typicalSize, 2)),
      tab: 'size',
      figure: 'relativeUpdate',
      matrices: within(far),
    }),
  ];
}

/** The end of the first sentence. */
export function spreadClauses(depth: Depth): Clause[] {
  if (depth.kind !== 'spread') return [];
  const { sizes, withDepth } = depth;
  const [lowest, highest] = [least(sizes), greatest(sizes)];
  const shape = { kind: 'size', tab: 'size', figure: 'relativeUpdate', joint: ',' } as const;
  if (highest / lowest < EVENLY)
    return [
      clause({
        ...shape,
        code: 'evenly',
        text: say('evenly over the layers'),
        value: say('largest over smallest {0}', times(highest / lowest, 2)),
      }),
    ];
  if (withDepth >= WITH_DEPTH)
    return [
      clause({
        ...shape,
        code: 'with-depth',
        text: say('more with depth'),
        value: say(
          '{0} in the first layer, {1} in the last',
          percent(sizes[0], 2),
          percent(sizes[sizes.length - 1], 2),
        ),
      }),
    ];
  return [
    clause({
      ...shape,
      code: 'unevenly',
      text: say('unevenly over the layers'),
      value: say('{0} to {1}', percent(lowest, 2), percent(highest, 2)),
    }),
  ];
}
