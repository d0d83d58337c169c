/**
 * How much of a path lies in one direction, and how straight it goes there (RELEX, arXiv 2605.21468). Of the matrix of flattened D_t,
 * t = 1..T, uncentred, from its Gram matrix G: l_1 / sum l, and R^2 of the least-squares line through c_t = sqrt(l_1) u_1(t) against the
 * step. A random walk of the same increments has G_st = sum of a_i^2 over i <= min(s, t). Null if nothing moved or a step is not finite,
 * R^2 also under three steps, as a line goes through any two, or if c does not vary.
 */
import { pathFigure, type PathSource } from '../figure.ts';
import { leadingPair } from '../leadingPair.ts';
import { correlation } from '../correlation.ts';
import { say } from '../../protocol/say.ts';
import { relative } from '../tolerance.ts';

const common = {
  kind: 'number',
  nullable: true,
  group: 'path',
  range: [0, 1],
  scale: { kind: 'lin', lo: 0, hi: 1 },
  tolerance: relative(1e-3),
} as const;

/** Gram matrix of a walk. */
function walk({ steps, products }: PathSource): Float64Array | null {
  if (!products) return null;
  const n = steps.length;
  const reached = Float64Array.from({ length: n });
  for (let t = 0, sum = 0; t < n; t++) reached[t] = sum += products.increments[t] ?? 0;
  return Float64Array.from({ length: n * n }, (_, at) => reached[Math.min(Math.floor(at / n), at % n)] ?? 0);
}
function variance(steps: number, gram: ArrayLike<number> | null): number | null {
  const trace = gram
    ? Array.from({ length: steps }, (_, t) => gram[t * (steps + 1)] ?? 0).reduce((a, b) => a + b, 0)
    : 0;
  return gram && trace > 0 ? leadingPair(gram, steps).value / trace : null;
}
function fit(steps: readonly number[], gram: ArrayLike<number> | null): number | null {
  if (!gram || steps.length < 3 || variance(steps.length, gram) === null) return null;
  const r = correlation(leadingPair(gram, steps.length).vector, steps);
  return r === null ? null : r * r;
}

export const RANK_ONE = [
  pathFigure({
    ...common,
    id: 'rank1Variance',
    unit: 'share',
    beside: { id: 'rank1VarianceWalk', as: 'null' },
    label: say('Share of the path in one direction'),
    sentence: say('How much of all updates along the run one direction explains.'),
    compute: ({ steps, products }) => variance(steps.length, products && products.gram),
  }),
  pathFigure({
    ...common,
    id: 'rank1VarianceWalk',
    unit: 'share',
    label: say('Share of a random walk in one direction'),
    sentence: say('The same of a random walk of the same increments.'),
    compute: (source) => variance(source.steps.length, walk(source)),
  }),
  pathFigure({
    ...common,
    id: 'rank1R2',
    unit: 'number',
    beside: { id: 'rank1R2Walk', as: 'null' },
    label: say('Straightness along that direction'),
    sentence: say('R² of a line through the progress in that direction against the step.'),
    compute: ({ steps, products }) => fit(steps, products && products.gram),
  }),
  pathFigure({
    ...common,
    id: 'rank1R2Walk',
    unit: 'number',
    label: say('Straightness of a random walk'),
    sentence: say('The same of a random walk of the same increments.'),
    compute: (source) => fit(source.steps, walk(source)),
  }),
] as const;
