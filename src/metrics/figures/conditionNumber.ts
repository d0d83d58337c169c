/** Condition number: s_1 / s_q, null if s_q <= tol. */
import { spectrumFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { VALUE_TOLERANCE } from '../tolerance.ts';

export const CONDITION_NUMBER = spectrumFigure({
  id: 'conditionNumber',
  kind: 'number',
  nullable: true,
  group: 'spectrum',
  unit: 'number',
  range: [1, null],
  scale: null,
  label: say('Condition number'),
  short: say('Condition'),
  sentence: say('σ₁ over the smallest singular value; undefined below full numerical rank.'),
  // the smallest value may be 1e-6 s1 off
  tolerance: (expected) => VALUE_TOLERANCE * expected * expected,
  compute: ({ values, tolerance }) => {
    const least = values.at(-1) ?? 0;
    return least > tolerance ? (values[0] ?? 0) / least : null;
  },
});
