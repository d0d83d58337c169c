/** The figures of the three masks from a backend's histograms, by id. */
import type { PairQuantities } from '../../../src/linalg/backend.ts';
import { maskFigures } from '../../../src/metrics/alignment.ts';
import { evaluate, type UpdateSource, type ValuesOf } from '../../../src/metrics/figure.ts';
import { MASK_FIGURES } from '../../../src/metrics/figures/masks.ts';
import type { GridSpec } from '../../../src/numbers/index.ts';

export type AlignmentMetrics = ValuesOf<(typeof MASK_FIGURES)[number]>;

export function alignmentMetrics(
  histograms: NonNullable<PairQuantities['masks']>,
  grid: GridSpec,
  hasNull: boolean,
): AlignmentMetrics {
  // the figures of masks look at nothing else
  return evaluate(MASK_FIGURES, { masks: maskFigures(histograms, grid, hasNull) } as UpdateSource);
}
