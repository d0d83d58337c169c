/**
 * Of the weights that run i changed, the share that run j changed too, abs(M_i and M_j) / abs(M_i), beside sum P_i P_j / sum P_i under
 * independent changes (arXiv 2505.11711); and the way back, j by i. Null if there is no such weight.
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
const share = (both: number, of: number): number | null => (of > 0 ? both / of : null);

export const COVERAGE = [
  agreementFigure({
    ...common,
    id: 'coverage',
    beside: { id: 'coverageNull', as: 'null' },
    label: say('Coverage of the first by the second'),
    sentence: say('Of the weights that the first run changed, those that the second changed too.'),
    tolerance: rounded,
    compute: ({ changed: [one], shared }) => share(shared, one),
  }),
  agreementFigure({
    ...common,
    id: 'coverageNull',
    label: say('Coverage if independent'),
    sentence: say('The same of two updates that know nothing of each other, after rounding.'),
    tolerance: NULL_SHARE,
    compute: ({ expected }) => expected && share(expected.both, expected.one),
  }),
  agreementFigure({
    ...common,
    id: 'coverageBack',
    beside: { id: 'coverageBackNull', as: 'null' },
    label: say('Coverage of the second by the first'),
    sentence: say('Of the weights that the second run changed, those that the first changed too.'),
    tolerance: rounded,
    compute: ({ changed: [, other], shared }) => share(shared, other),
  }),
  agreementFigure({
    ...common,
    id: 'coverageBackNull',
    label: say('Coverage of the second if independent'),
    sentence: say('The same of two updates that know nothing of each other, after rounding.'),
    tolerance: NULL_SHARE,
    compute: ({ expected }) => expected && share(expected.both, expected.other),
  }),
] as const;
