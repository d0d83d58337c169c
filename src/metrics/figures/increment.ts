/** norm_F(W_t - W_{t-1}) / norm_F(W0), and norm_F(D_t) / norm_F(W0), of every step. Null if W0 is 0 or a step is not finite. */
import { pathFigure, type PathSource } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { relative, SUM_TOLERANCE } from '../tolerance.ts';

const common = {
  kind: 'series',
  nullable: true,
  group: 'path',
  unit: 'share',
  range: [0, null],
  scale: null,
} as const;

function shares({ steps, baseSquares, products }: PathSource, square: (step: number) => number): number[] | null {
  if (!products || !(baseSquares > 0)) return null;
  return steps.map((_, t) => Math.sqrt(square(t) / baseSquares));
}

export const INCREMENT = [
  pathFigure({
    ...common,
    id: 'increment',
    label: say('Increment'),
    sentence: say('How far the weights moved since the step before, relative to the base.'),
    tolerance: relative(1e-3),
    compute: (source) => shares(source, (t) => source.products?.increments[t] ?? 0),
  }),
  pathFigure({
    ...common,
    id: 'relativeUpdate',
    label: say('Relative update'),
    sentence: say('How far the weights are from the base, relative to it.'),
    tolerance: relative(SUM_TOLERANCE),
    compute: (source) => shares(source, (t) => source.products?.gram[t * (source.steps.length + 1)] ?? 0),
  }),
] as const;
