/**
 * abs(M_i and M_j) / abs(M_i or M_j), M the changed weights; under independent changes with each run's own Gaussian null
 * sum P_i P_j / sum (P_i + P_j - P_i P_j); and d_i d_j / (d_i + d_j - d_i d_j), the chance of arXiv 2505.11711, which does not know that
 * rounding hides small updates of large weights. Null if neither run changed a weight.
 */
import { agreementFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { NULL_SHARE, rounded } from '../tolerance.ts';

const common = {
  kind: 'number',
  nullable: true,
  group: 'agreement',
  unit: 'share',
  range: [0, 1],
  scale: { kind: 'lin', lo: 0, hi: 1 },
} as const;
const over = (both: number, one: number, other: number): number | null =>
  one + other > 0 ? both / (one + other - both) : null;

export const JACCARD = [
  agreementFigure({
    ...common,
    id: 'jaccard',
    beside: { id: 'jaccardNull', as: 'null' },
    column: 'shared',
    label: say('Shared weights'),
    sentence: say('Weights changed by both runs, of those changed by either (Jaccard index).'),
    tolerance: rounded,
    compute: ({ changed: [one, other], shared }) => over(shared, one, other),
  }),
  agreementFigure({
    ...common,
    id: 'jaccardNull',
    label: say('Shared weights if independent'),
    sentence: say('The same of two updates that know nothing of each other, after rounding.'),
    tolerance: NULL_SHARE,
    compute: ({ expected }) => expected && over(expected.both, expected.one, expected.other),
  }),
  agreementFigure({
    ...common,
    id: 'jaccardIndependent',
    label: say('Shared weights by density alone'),
    sentence: say(
      'The same from the two densities alone; it does not know that rounding hides updates of large weights.',
    ),
    tolerance: rounded,
    compute({ weights, changed: [one, other] }) {
      return weights > 0 ? over((one * other) / weights, one, other) : null;
    },
  }),
] as const;
