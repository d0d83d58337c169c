/**
 * Diagonal amplification over the leading r: mean over i <= r of (u_i' D v_i)^2, over norm_F(D)^2 / (m n). 1 for Gaussian noise, with a
 * relative sd of about sqrt(2/r). (ISO's kappa_spec, arXiv 2607.19331, runs over all q.)
 */
import { updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { relative, SUM_TOLERANCE } from '../tolerance.ts';

/** `diagonal`: u_i' D v_i; `updateSquared` = norm_F(D)^2 > 0. */
export function diagonalAmplification(
  diagonal: Float64Array,
  updateSquared: number,
  rows: number,
  columns: number,
): number {
  const meanSquare = diagonal.reduce((sum, x) => sum + x * x, 0) / diagonal.length;
  return meanSquare / (updateSquared / (rows * columns));
}

export const DIAGONAL_AMPLIFICATION = updateFigure({
  id: 'diagonalAmplification',
  kind: 'number',
  nullable: true,
  group: 'shift',
  unit: 'factor',
  range: [0, null],
  scale: { kind: 'log1', hi: 256 },
  label: say('Diagonal amplification'),
  sentence: say('Mean (uᵢᵀ D vᵢ)² over that of Gaussian noise, i ≤ r. 1 is noise.'),
  tolerance: relative(SUM_TOLERANCE),
  compute: ({ moved, updateSquared, rows, columns }) =>
    moved?.diagonal ? diagonalAmplification(moved.diagonal, updateSquared, rows, columns) : null,
});
