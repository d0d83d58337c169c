/** The three masks of a pair, and their weights counted by rounding class. */
import type { ClassCounts, PairQuantities } from '../backend.ts';
import { CELL_POSITIONS, cellCount, hasPositions, type GridSpec } from '../../numbers/index.ts';
import { gridNumbers } from './grids.ts';
import type { Address, KernelMemory, Kernels, Layout } from './kernels.ts';
import { PIECE, type Source } from './source.ts';

export const PRINCIPAL = 1;
export const LOW = 2;

/** Weights counted between two looks at the cancel flag; a piece of both sides lies in the memory meanwhile. */
export interface CountPlan {
  base: Address;
  tuned: Address;
  scratch: Address;
  histogram: Address;
}
export function planCounts(layout: Layout, cells: number): CountPlan {
  return {
    base: layout.take(PIECE * 8),
    tuned: layout.take(PIECE * 8),
    scratch: layout.take(PIECE * 8),
    histogram: layout.take(4 * cells * 2 * 4),
  };
}

/** Counts inside each mask from the mask bytes at `mask`, weights that are 0 in the base left out, and the number of those. */
export function countMasks(
  memory: KernelMemory,
  kernels: Kernels,
  plan: CountPlan,
  { base, tuned, mask, grid: spec }: { base: Source; tuned: Source; mask: Address; grid: GridSpec },
  checkCancelled: () => void,
): { masks: NonNullable<PairQuantities['masks']>; zeros: number } {
  const cells = cellCount(spec);
  const positions = hasPositions(spec);
  const classes = positions ? cells / CELL_POSITIONS : cells;
  const { p, emin, most } = gridNumbers(spec.grid);
  const histogram = memory.u32(plan.histogram, 4 * cells * 2).fill(0);
  const weights = base.matrix.rows * base.matrix.columns;
  const width = positions ? classes * CELL_POSITIONS : classes;
  let zeros = 0;
  for (let first = 0; first < weights; first += PIECE) {
    const count = Math.min(PIECE, weights - first);
    base.load(memory, kernels, first, count, plan.base, plan.scratch);
    tuned.load(memory, kernels, first, count, plan.tuned, plan.scratch);
    const onGrid = positions ? 0 : 1;
    // prettier-ignore
    zeros += kernels.countClasses(base.format, plan.base, plan.tuned, mask + first, count, p, emin, most, onGrid, width, plan.histogram);
    checkCancelled();
  }
  const counts = (wanted: (bits: number) => boolean): ClassCounts => {
    const total = new Float64Array(cells);
    const changed = new Float64Array(cells);
    for (const bits of [0, PRINCIPAL, LOW, PRINCIPAL | LOW])
      if (wanted(bits))
        for (let cell = 0; cell < cells; cell++) {
          const differing = histogram[(bits * cells + cell) * 2 + 1] ?? 0;
          changed[cell] = (changed[cell] ?? 0) + differing;
          total[cell] = (total[cell] ?? 0) + differing + (histogram[(bits * cells + cell) * 2] ?? 0);
        }
    return { total, changed };
  };
  return {
    masks: {
      principal: counts((bits) => (bits & PRINCIPAL) > 0),
      low: counts((bits) => (bits & LOW) > 0),
      principalNotLow: counts((bits) => bits === PRINCIPAL),
      all: counts(() => true),
    },
    zeros,
  };
}
