/** Weights that are special: zeros (+0 = -0), NaN, infinities, and those below the normal range of the storage type. */
import { elementFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { exact } from '../tolerance.ts';

const common = {
  kind: 'integer',
  nullable: false,
  group: 'elements',
  unit: 'count',
  range: [0, null],
  scale: null,
  tolerance: exact,
} as const;

export const COUNTS = [
  elementFigure({
    ...common,
    id: 'zeros',
    label: say('Zeros'),
    sentence: say('Weights that are exactly 0.'),
    column: 'zeros',
    compute: ({ zeros }) => zeros,
  }),
  elementFigure({
    ...common,
    id: 'nan',
    label: say('NaN'),
    sentence: say('Weights that are not a number.'),
    compute: ({ nan }) => nan,
  }),
  elementFigure({
    ...common,
    id: 'inf',
    label: say('Infinite'),
    sentence: say('Weights that are infinite.'),
    compute: ({ inf }) => inf,
  }),
  elementFigure({
    ...common,
    id: 'subnormal',
    label: say('Subnormal'),
    sentence: say('Weights below the normal range of the storage type.'),
    compute: ({ subnormal }) => subnormal,
  }),
] as const;
