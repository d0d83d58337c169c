/** Update density d: mean of the change mask M, the weights whose codes on the grid differ, +0 = -0. */
import { changeFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { fraction } from '../tolerance.ts';

export const UPDATE_DENSITY = changeFigure({
  id: 'updateDensity',
  kind: 'number',
  nullable: false,
  group: 'change',
  unit: 'share',
  range: [0, 1],
  scale: { kind: 'lin', lo: 0, hi: 1 },
  label: say('Share of weights changed'),
  sentence: say('Weights whose stored codes differ, over all of them.'),
  tolerance: fraction,
  aggregate: 'weights',
  compute: ({ totals, count }) => (count === 0 ? 0 : totals.changed / count),
});
