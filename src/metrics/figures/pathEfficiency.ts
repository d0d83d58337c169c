/**
 * norm_F(D_T) / sum_t norm_F(W_t - W_{t-1}); of a random walk of the same increments a_t, sqrt(sum a_t^2) / sum a_t. Null if nothing moved
 * or a step is not finite.
 */
import { pathFigure, type PathSource } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { relative } from '../tolerance.ts';

const common = {
  kind: 'number',
  nullable: true,
  group: 'path',
  unit: 'number',
  range: [0, null],
  scale: { kind: 'lin', lo: 0, hi: 1 },
  tolerance: relative(1e-3),
} as const;

function efficiency({ steps, products }: PathSource, square: number): number | null {
  if (!products) return null;
  const length = steps.reduce((sum, _, t) => sum + Math.sqrt(products.increments[t] ?? 0), 0);
  return length > 0 ? Math.sqrt(square) / length : null;
}

export const PATH_EFFICIENCY = [
  pathFigure({
    ...common,
    id: 'pathEfficiency',
    beside: { id: 'pathEfficiencyWalk', as: 'null' },
    label: say('Path efficiency'),
    sentence: say('Distance from the base over the length of the path: 1 is a straight line.'),
    compute: (source) => efficiency(source, source.products?.gram[source.steps.length ** 2 - 1] ?? 0),
  }),
  pathFigure({
    ...common,
    id: 'pathEfficiencyWalk',
    label: say('Path efficiency of a random walk'),
    sentence: say('The same of a random walk of the same increments.'),
    compute: (source) =>
      efficiency(
        source,
        source.steps.reduce((sum, _, t) => sum + (source.products?.increments[t] ?? 0), 0),
      ),
  }),
] as const;
