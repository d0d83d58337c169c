/** Least, greatest, mean and spread of the finite weights: population std, in float64. Null without a finite weight. */
import { elementFigure, type ElementSource } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { exact, relative } from '../tolerance.ts';

const common = { kind: 'number', nullable: true, group: 'elements', unit: 'number', scale: null } as const;
const any = { ...common, range: [null, null] } as const;
const positive = { ...common, range: [0, null] } as const;
const std = ({ variance }: ElementSource): number | null => (variance === null ? null : Math.sqrt(variance));

export const MOMENTS = [
  elementFigure({
    ...any,
    id: 'min',
    label: say('Minimum'),
    sentence: say('Smallest finite weight.'),
    tolerance: exact,
    column: 'min',
    compute: ({ finite, min }) => (finite ? min : null),
  }),
  elementFigure({
    ...any,
    id: 'max',
    label: say('Maximum'),
    sentence: say('Largest finite weight.'),
    tolerance: exact,
    column: 'max',
    compute: ({ finite, max }) => (finite ? max : null),
  }),
  elementFigure({
    ...any,
    id: 'mean',
    label: say('Mean'),
    sentence: say('Mean of the finite weights.'),
    tolerance: (_, reference) => 1e-12 * reference.number('absMax'),
    column: 'mean',
    compute: ({ mean }) => mean,
  }),
  elementFigure({
    ...positive,
    id: 'std',
    label: say('Standard deviation'),
    short: say('Std'),
    sentence: say('Population standard deviation of the finite weights.'),
    tolerance: relative(1e-9),
    column: 'std',
    compute: std,
  }),
  elementFigure({
    ...positive,
    id: 'absMax',
    label: say('Largest |w|'),
    sentence: say('Largest absolute value of a finite weight.'),
    tolerance: exact,
    compute: ({ finite, min, max }) => (finite ? Math.max(Math.abs(min), Math.abs(max)) : null),
  }),
] as const;
