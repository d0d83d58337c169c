/**
 * What storing the base once more, from wider weights that lie anywhere in its cells, would change:
 * sqrt(sum (g_t^3 + g_a^3) / (3 (g_t + g_a))) / norm_F(W0), g_t and g_a the distances from a weight to the boundaries of its cell, for an
 * error spread evenly over the cell. Null if W0 does not lie on the grid, is 0, or is not finite.
 */
import { cellGaps, hasPositions } from '../../numbers/index.ts';
import { updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { relative, SUM_TOLERANCE } from '../tolerance.ts';

export const ROUNDING_FLOOR = updateFigure({
  id: 'roundingFloor',
  kind: 'number',
  nullable: true,
  group: 'change',
  unit: 'share',
  range: [0, null],
  scale: { kind: 'log', lo: 1e-4, hi: 1 },
  label: say('One rounding'),
  sentence: say('Relative update that storing the base once more would make: the scale of a small one.'),
  tolerance: relative(SUM_TOLERANCE),
  sameForNoise: true,
  compute: ({ pair, baseNorm, grid }) => {
    if (!pair?.masks || hasPositions(grid)) return null;
    const { toward, away } = cellGaps(grid);
    const error = (cell: number): number => {
      const [t, a] = [toward[cell] ?? 0, away[cell] ?? 0];
      return (t ** 3 + a ** 3) / (3 * (t + a));
    };
    // the masks leave out the zeros, which lie in the cells of the subnormals
    const squares = pair.masks.all.total.reduce((sum, n, cell) => sum + (n > 0 ? n * error(cell) : 0), 0);
    return Math.sqrt(squares + pair.zeros * error(0)) / baseNorm;
  },
});
