/** Frobenius norms of W0 and D, and their ratio; null if a side is not finite, the ratio also if W0 = 0. */
import { changeFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { relative, SUM_TOLERANCE } from '../tolerance.ts';

const common = {
  kind: 'number',
  nullable: true,
  group: 'change',
  range: [0, null],
  tolerance: relative(SUM_TOLERANCE),
  sameForNoise: true,
} as const;

export const RELATIVE_UPDATE = [
  changeFigure({
    ...common,
    id: 'baseNorm',
    unit: 'number',
    scale: null,
    label: say('Base norm'),
    sentence: say('‖W₀‖, Frobenius.'),
    compute: ({ baseNorm }) => baseNorm,
  }),
  changeFigure({
    ...common,
    id: 'updateNorm',
    unit: 'number',
    scale: null,
    label: say('Update norm'),
    sentence: say('‖D‖, Frobenius.'),
    compute: ({ updateNorm }) => updateNorm,
  }),
  changeFigure({
    ...common,
    id: 'relativeUpdate',
    unit: 'share',
    scale: { kind: 'log', lo: 1e-4, hi: 1 },
    label: say('Relative update'),
    sentence: say('‖D‖ over ‖W₀‖, Frobenius.'),
    column: 'update',
    compute: ({ baseNorm, updateNorm }) => (updateNorm === null || !baseNorm ? null : updateNorm / baseNorm),
  }),
] as const;
