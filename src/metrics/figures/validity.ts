/**
 * Whether the masks and energies of W0 are determined: (s_r - s_{r+1}) / s_1 < 1e-5 or s_r <= tol, s_{q+1} = 0; null for a zero base. And
 * the share of weights that are exactly 0 in W0, which hits, nulls and ranges leave out.
 */
import { updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { exact, fraction } from '../tolerance.ts';
import { rankTolerance } from './numericalRank.ts';

/** s_r and s_{r+1} of the base closer than this share of s_1: its leading r directions are not determined. */
const SEPARATION = 1e-5;

function isIllDefined(baseValues: Float64Array, maskRank: number, tolerance: number): boolean | null {
  const largest = baseValues[0] ?? 0;
  if (largest === 0) return null;
  const last = baseValues[maskRank - 1] ?? 0;
  return (last - (baseValues[maskRank] ?? 0)) / largest < SEPARATION || last <= tolerance;
}

const common = { nullable: true, group: 'validity', scale: { kind: 'lin', lo: 0, hi: 1 }, sameForNoise: true } as const;

export const VALIDITY = [
  updateFigure({
    ...common,
    id: 'illDefined',
    kind: 'boolean',
    unit: 'truth',
    range: [null, null],
    label: say('Ill defined'),
    sentence: say('1 if the leading r directions are not separated from the next.'),
    tolerance: exact,
    compute: ({ pair, rows, columns, maskRank }) =>
      pair && isIllDefined(pair.baseValues, maskRank, rankTolerance(pair.baseValues[0] ?? 0, rows, columns)),
  }),
  updateFigure({
    ...common,
    id: 'zeroShare',
    kind: 'number',
    unit: 'share',
    range: [0, 1],
    label: say('Stored zeros in the base'),
    sentence: say('Left out of hits, noise and ranges: any change of a stored zero shows.'),
    tolerance: fraction,
    compute: ({ pair, rows, columns }) => pair && pair.zeros / (rows * columns),
  }),
] as const;
