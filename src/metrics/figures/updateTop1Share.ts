/** Top-1 share of the update: s_1(D) / norm_F(D) (AlphaRL, arXiv 2510.00553). Null without an update. */
import { updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { relative, SUM_TOLERANCE } from '../tolerance.ts';

export const UPDATE_TOP1_SHARE = updateFigure({
  id: 'updateTop1Share',
  kind: 'number',
  nullable: true,
  group: 'update',
  unit: 'share',
  range: [0, null],
  scale: { kind: 'lin', lo: 0, hi: 1 },
  label: say('Top-1 share of the update'),
  sentence: say('s₁(D) over ‖D‖, Frobenius.'),
  tolerance: relative(SUM_TOLERANCE),
  compute: ({ moved, updateNorm }) => moved && (moved.updateValues[0] ?? 0) / updateNorm,
});
