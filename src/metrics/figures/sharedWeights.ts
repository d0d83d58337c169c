/** Of the weights that are not 0 in W0, those that both runs changed, only one of them, or neither. */
import { agreementFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { exact } from '../tolerance.ts';

const common = {
  kind: 'integer',
  nullable: false,
  group: 'agreement',
  unit: 'count',
  range: [0, null],
  scale: null,
  tolerance: exact,
} as const;

export const SHARED_WEIGHTS = [
  agreementFigure({
    ...common,
    id: 'shared',
    label: say('Weights changed by both'),
    sentence: say('Weights whose codes on the grid changed in both runs; stored zeros are left out.'),
    compute: ({ shared }) => shared,
  }),
  agreementFigure({
    ...common,
    id: 'onlyI',
    label: say('Weights changed by the first alone'),
    sentence: say('Weights whose codes changed in the first run and not in the second.'),
    compute: ({ changed: [one], shared }) => one - shared,
  }),
  agreementFigure({
    ...common,
    id: 'onlyJ',
    label: say('Weights changed by the second alone'),
    sentence: say('Weights whose codes changed in the second run and not in the first.'),
    compute: ({ changed: [, other], shared }) => other - shared,
  }),
  agreementFigure({
    ...common,
    id: 'neither',
    label: say('Weights changed by neither'),
    sentence: say('Weights whose codes are the base’s in both runs.'),
    compute: ({ weights, changed: [one, other], shared }) => weights - one - other + shared,
  }),
] as const;
