/** Norms of a matrix from its singular values: s_1, and sqrt(sum s_i^2). Of both checkpoints, the first one of the update D too. */
import { spectrumFigure, updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { relative, SUM_TOLERANCE, VALUE_TOLERANCE } from '../tolerance.ts';

/** sqrt(sum s_i^2), scaled by s_1 so that no square over- or underflows. */
export function frobeniusNorm(values: Float64Array): number {
  const largest = values[0] ?? 0;
  return largest === 0 ? 0 : largest * Math.sqrt(values.reduce((sum, s) => sum + (s / largest) ** 2, 0));
}

const common = { kind: 'number', nullable: true, unit: 'number', range: [0, null], scale: null } as const;

export const NORMS = [
  spectrumFigure({
    ...common,
    id: 'spectralNorm',
    group: 'spectrum',
    label: say('Spectral norm'),
    sentence: say('The largest singular value, σ₁.'),
    tolerance: relative(VALUE_TOLERANCE),
    column: 's1',
    noise: ({ edge }) => edge,
    compute: ({ values }) => values[0] ?? 0,
  }),
  spectrumFigure({
    ...common,
    id: 'frobeniusNorm',
    group: 'spectrum',
    label: say('Frobenius norm'),
    short: say('Frobenius'),
    sentence: say('Root of the sum of σ².'),
    tolerance: relative(SUM_TOLERANCE),
    compute: ({ values }) => frobeniusNorm(values),
  }),
  updateFigure({
    ...common,
    id: 'updateSpectralNorm',
    group: 'update',
    label: say('Spectral norm of the update'),
    sentence: say('s₁(D).'),
    tolerance: relative(VALUE_TOLERANCE),
    compute: ({ pair }) => pair && (pair.updateValues[0] ?? 0),
  }),
] as const;
