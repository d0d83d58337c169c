/** Stable rank: sum s_i^2 / s_1^2, of both checkpoints and of the update D; 0 for a zero matrix. */
import { spectrumFigure, updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { relative, SUM_TOLERANCE } from '../tolerance.ts';
import { frobeniusNorm } from './norms.ts';

/** Of the Frobenius norm and the largest value; no square of either over- or underflows. */
export function stableRank(norm: number, largest: number): number {
  return largest === 0 ? 0 : (norm / largest) ** 2;
}

const common = {
  kind: 'number',
  nullable: true,
  unit: 'number',
  range: [0, null],
  tolerance: relative(SUM_TOLERANCE),
} as const;

export const STABLE_RANK = [
  spectrumFigure({
    ...common,
    id: 'stableRank',
    group: 'spectrum',
    scale: null,
    label: say('Stable rank'),
    sentence: say('Sum of σ² over σ₁²: how many leading values carry the energy.'),
    column: 'stable rank',
    // sum of squares m n v over the square of the edge, v (sqrt m + sqrt n)^2
    noise: ({ rows, columns }) => (rows * columns) / (Math.sqrt(rows) + Math.sqrt(columns)) ** 2,
    compute: ({ values }) => stableRank(frobeniusNorm(values), values[0] ?? 0),
  }),
  updateFigure({
    ...common,
    id: 'updateStableRank',
    group: 'update',
    scale: { kind: 'log', lo: 1, hi: 64 },
    label: say('Stable rank of the update'),
    sentence: say('‖D‖²(F) over s₁(D)². Rounding raises it.'),
    compute: ({ moved, updateNorm }) => moved && stableRank(updateNorm, moved.updateValues[0] ?? 0),
  }),
] as const;
