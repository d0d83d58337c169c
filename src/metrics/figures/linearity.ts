/**
 * Mean squared Pearson correlation of a weight against the step, step 0 included, over sampled weights that moved (RLVR-Linearity, arXiv
 * 2601.04537); beside that of random walks with the same steps and increments. Null if no sampled weight moved enough.
 */
import { greatest, least } from '../../protocol/lists.ts';
import { pathFigure, type PathSource } from '../figure.ts';
import { correlation } from '../correlation.ts';
import { say } from '../../protocol/say.ts';
import { absolute, rounded } from '../tolerance.ts';

/** Weights that move less say nothing: the paper's range, and its number of distinct values. */
const LEAST_RANGE = 1e-4;
const LEAST_VALUES = 4;
/** Walks that the null is the mean of: their R^2 has a standard deviation of 0.3, so the mean one of 0.005. */
const WALKS = 4000;

/** Of one weight, its values at the steps behind its base's; null if it did not move enough to tell. */
export function weightLinearity(values: readonly number[], steps: readonly number[]): number | null {
  if (!values.every(Number.isFinite) || new Set(values).size < LEAST_VALUES) return null;
  if (!(greatest(values) - least(values) > LEAST_RANGE)) return null;
  const r = correlation(values, steps);
  return r === null ? null : r * r;
}

/** Gaussian numbers from a fixed seed (mulberry32, Box and Muller), so that the figure is the same every time. */
function gaussian(): () => number {
  let state = 0x9e3779b9;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32 + 2 ** -33;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

function walkLinearity({ start, steps, products, linear }: PathSource): number | null {
  if (!products || linear.weights === 0) return null;
  const next = gaussian();
  const sizes = steps.map((_, t) => Math.sqrt(products.increments[t] ?? 0));
  const at = [start, ...steps];
  let sum = 0;
  let walks = 0;
  for (let i = 0; i < WALKS; i++) {
    const path = [0];
    for (const size of sizes) path.push((path.at(-1) ?? 0) + size * next());
    const r = correlation(path, at);
    if (r === null) continue;
    sum += r * r;
    walks++;
  }
  return walks > 0 ? sum / walks : null;
}

const common = {
  kind: 'number',
  nullable: true,
  group: 'path',
  unit: 'number',
  range: [0, 1],
  scale: { kind: 'lin', lo: 0, hi: 1 },
} as const;

export const LINEARITY = [
  pathFigure({
    ...common,
    id: 'linearity',
    beside: { id: 'linearityWalk', as: 'null' },
    label: say('Linearity of single weights'),
    sentence: say('Mean R² of a weight against the step, over sampled weights that moved.'),
    tolerance: rounded,
    compute: ({ linear }) => (linear.weights > 0 ? linear.sum / linear.weights : null),
  }),
  pathFigure({
    ...common,
    id: 'linearityWalk',
    label: say('Linearity of a random walk'),
    sentence: say('The same of random walks with the same steps and increments.'),
    tolerance: absolute(0.01),
    compute: walkLinearity,
  }),
] as const;
