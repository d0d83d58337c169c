/**
 * <D_i, D_j> / (norm_F(D_i) norm_F(D_j)). Independent isotropic updates: 0, with a standard deviation of 1 / sqrt(m n). Null if an update
 * is 0 or not finite.
 */
import { agreementFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { CLOSE_TOLERANCE } from '../tolerance.ts';

export const UPDATE_COSINE = agreementFigure({
  id: 'updateCosine',
  kind: 'number',
  nullable: true,
  group: 'agreement',
  unit: 'number',
  range: [null, null],
  scale: { kind: 'div', hi: 1 },
  column: 'cosine',
  label: say('Cosine of the updates'),
  sentence: say('Of the two updates as vectors: 1 is the same direction, 0 what independent updates have.'),
  tolerance: CLOSE_TOLERANCE,
  compute({ products }) {
    if (!products || !(products.one > 0) || !(products.other > 0)) return null;
    return products.inner / (Math.sqrt(products.one) * Math.sqrt(products.other));
  },
});
