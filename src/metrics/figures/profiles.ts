/** Mean of the change mask over each row, each column of a matrix (PNT rho_i, kappa_j): only on request, and only in the JSON. */
import { profileFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { fraction } from '../tolerance.ts';

const common = {
  kind: 'profile',
  nullable: false,
  group: 'change',
  unit: 'share',
  range: [0, 1],
  scale: { kind: 'lin', lo: 0, hi: 1 },
  beside: { id: 'updateDensity', as: 'null' },
  tolerance: fraction,
  aggregate: 'none',
} as const;

export const PROFILES = [
  profileFigure({
    ...common,
    id: 'rowDensity',
    label: say('Changed weights of each row'),
    sentence: say('Share of the weights of each row whose stored codes differ.'),
    compute: ({ rowChanged, columns }) => Array.from(rowChanged, (n) => n / columns),
  }),
  profileFigure({
    ...common,
    id: 'columnDensity',
    label: say('Changed weights of each column'),
    sentence: say('Share of the weights of each column whose stored codes differ.'),
    compute: ({ columnChanged, rows }) => Array.from(columnChanged, (n) => n / rows),
  }),
] as const;
