/** The two ranks that a matrix was compared with: k of the subspaces, r of the reconstruction and the energies. */
import { updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { exact } from '../tolerance.ts';

const common = {
  kind: 'integer',
  nullable: false,
  group: 'validity',
  unit: 'count',
  range: [1, null],
  scale: null,
  tolerance: exact,
  aggregate: 'none',
  sameForNoise: true,
} as const;

export const RANKS = [
  updateFigure({
    ...common,
    id: 'angleRank',
    label: say('Angle rank k'),
    sentence: say('Size of the principal subspaces that are compared.'),
    compute: ({ angleRank }) => angleRank,
  }),
  updateFigure({
    ...common,
    id: 'maskRank',
    label: say('Mask rank r'),
    sentence: say('Rank of the reconstruction and of the energies.'),
    compute: ({ maskRank }) => maskRank,
  }),
] as const;
