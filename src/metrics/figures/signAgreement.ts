/**
 * Of the weights changed in both runs, the share whose D_i and D_j have one sign; chance 0.5, with a standard deviation of
 * 1 / (2 sqrt(n)). The conflict of TIES-merging (arXiv 2306.01708) is 1 - this. Null if there are no such weights or a side is not finite.
 */
import { agreementFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { rounded } from '../tolerance.ts';

export const SIGN_AGREEMENT = agreementFigure({
  id: 'signAgreement',
  kind: 'number',
  nullable: true,
  group: 'agreement',
  unit: 'share',
  range: [0, 1],
  scale: { kind: 'lin', lo: 0, hi: 1 },
  column: 'signs agree',
  label: say('Sign agreement'),
  sentence: say('Of the weights changed in both runs, those that moved the same way. Half of them do by chance.'),
  tolerance: rounded,
  compute: ({ products, shared, sameSign }) => (products && shared > 0 ? sameSign / shared : null),
});
