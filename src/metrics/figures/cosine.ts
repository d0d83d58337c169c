/**
 * <W0, W1> / (norm_F(W0) norm_F(W1)), from the three norms: norm_F(D)^2 = norm_F(W0)^2 + norm_F(W1)^2 - 2 <W0, W1>. Null if a side is
 * zero or not finite.
 */
import { changeFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { CLOSE_TOLERANCE } from '../tolerance.ts';

export const COSINE = changeFigure({
  id: 'cosine',
  kind: 'number',
  nullable: true,
  group: 'change',
  unit: 'number',
  range: [null, null],
  scale: { kind: 'lin', lo: 0, hi: 1 },
  label: say('Cosine of base and tuned'),
  short: say('Cosine'),
  sentence: say('Of the two matrices as vectors. Under 0.5 they are hardly base and tuned.'),
  tolerance: CLOSE_TOLERANCE,
  compute: ({ baseNorm, tunedNorm, updateNorm }) => {
    if (!baseNorm || !tunedNorm || updateNorm === null) return null;
    // scaled by the greater norm, so that no square leaves float64
    const most = Math.max(baseNorm, tunedNorm);
    const [base, tuned, update] = [baseNorm / most, tunedNorm / most, updateNorm / most];
    return (base * base + tuned * tuned - update * update) / (2 * base * tuned);
  },
});
