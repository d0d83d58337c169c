/** Effective rank: exp(-sum p_i ln p_i), p_i = s_i / sum s, 0 ln 0 = 0 (Roy and Vetterli 2007); 0 for a zero matrix. */
import { spectrumFigure, updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { relative, SUM_TOLERANCE } from '../tolerance.ts';

export function effectiveRank(values: Float64Array): number {
  const total = values.reduce((sum, s) => sum + s, 0);
  if (total === 0) return 0;
  const entropy = values.reduce((sum, s) => (s > 0 ? sum - (s / total) * Math.log(s / total) : sum), 0);
  return Math.exp(entropy);
}

const common = {
  kind: 'number',
  nullable: true,
  unit: 'number',
  range: [0, null],
  scale: null,
  tolerance: relative(SUM_TOLERANCE),
} as const;

export const EFFECTIVE_RANK = [
  spectrumFigure({
    ...common,
    id: 'effectiveRank',
    group: 'spectrum',
    label: say('Effective rank'),
    sentence: say('Exponential of the entropy of σ over its sum (Roy and Vetterli 2007).'),
    column: 'effective rank',
    compute: ({ values }) => effectiveRank(values),
  }),
  updateFigure({
    ...common,
    id: 'updateEffectiveRank',
    whole: true,
    group: 'update',
    label: say('Effective rank of the update'),
    sentence: say('Rounding alone gives the update full rank: no evidence of a high-rank update.'),
    compute: ({ moved }) => moved && effectiveRank(moved.updateValues),
  }),
] as const;
