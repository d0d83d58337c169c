/**
 * What the tuned side holds that its grid does not show: of the weights whose stored values differ, the share whose codes on the grid are
 * equal; and the share of norm_F(D)^2 that these hold. 0 for storage on the grid; null if no value differs, the energy also if a side is
 * not finite.
 */
import { changeFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { CLOSE_TOLERANCE, fraction } from '../tolerance.ts';

const common = {
  kind: 'number',
  nullable: true,
  group: 'change',
  unit: 'share',
  range: [0, 1],
  scale: { kind: 'lin', lo: 0, hi: 1 },
} as const;

export const HIDDEN = [
  changeFigure({
    ...common,
    id: 'hiddenShare',
    label: say('Changes too small for the storage type'),
    short: say('Hidden share'),
    sentence: say('Of the weights whose stored values differ, those whose codes on the grid are equal.'),
    tolerance: fraction,
    compute: ({ totals: { hidden, changed } }) => (hidden + changed === 0 ? null : hidden / (hidden + changed)),
  }),
  changeFigure({
    ...common,
    id: 'hiddenEnergy',
    label: say('Energy of the changes too small for it'),
    short: say('Hidden energy'),
    sentence: say(
      'Share of the update’s energy in weights whose codes on the grid are equal: what storing on the grid loses.',
    ),
    tolerance: CLOSE_TOLERANCE,
    compute: ({ totals, updateNorm }) => (updateNorm ? totals.sumSquaresHidden / totals.sumSquaresUpdate : null),
  }),
] as const;
