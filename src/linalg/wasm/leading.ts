/** What depends on the leading vectors of the base, from vectors that a device found in float32. */
import type { LeadingQuantities, LeadingStart, Matrix } from '../backend.ts';
import type { KernelMemory } from './kernels.ts';
import type { PairSettings } from './messages.ts';
import { PairMatrices } from './pairMatrices.ts';
import { planRefine, refineLeading, type RefinePlan } from './refine.ts';

/** Entries off by this many times the root mean square of the error are still looked at. */
const SPREAD = 4;

/** W0 is not zero. Throws cancelled. */
export function leadingQuantities(
  memory: KernelMemory,
  base: Matrix,
  tuned: Matrix,
  start: LeadingStart,
  settings: PairSettings,
  checkCancelled: () => void,
): LeadingQuantities {
  return new LeadingTask(memory, base, tuned, start, settings, checkCancelled).run();
}

class LeadingTask extends PairMatrices {
  private readonly refining: { plan: RefinePlan | null };

  constructor(
    memory: KernelMemory,
    base: Matrix,
    tuned: Matrix,
    private readonly start: LeadingStart,
    settings: PairSettings,
    checkCancelled: () => void,
  ) {
    const refining: { plan: RefinePlan | null } = { plan: null };
    // no vectors for angles
    super(memory, base, tuned, { ...settings, angleRank: 1 }, checkCancelled, (layout, shape) => {
      refining.plan = planRefine(layout, shape, start.count, settings.maskRank);
    });
    this.refining = refining;
  }

  run(): LeadingQuantities {
    const { memory, kernels, plan, start, settings } = this;
    const { maskRank: r } = settings;
    const { shape, matrix, leading, spectrum, reconstruction } = plan;
    this.load(this.base);
    const scaled = { ...start, values: start.values.map((s) => s * this.scale) };
    const target = { shape, matrix, format: this.format, r, X: leading.X, Y: leading.Y, work: spectrum.work };
    const refined = refineLeading(
      memory,
      kernels,
      this.refining.plan as RefinePlan,
      scaled,
      target,
      this.checkCancelled,
    );
    this.unitLeading(refined.values);
    const { masks, zeros, threshold } = this.masks();
    const doubtful = near(
      memory.f64(reconstruction, shape.weights),
      threshold,
      (SPREAD * refined.error) / Math.sqrt(shape.weights),
    );
    if (!this.differ())
      return { energies: { joint: 0, left: 0, right: 0 }, diagonal: new Float64Array(r), masks, zeros, doubtful };
    return { ...this.projected(this.loadUpdate()), masks, zeros, doubtful };
  }
}

/** How many entries lie within `distance` of abs(threshold), less the one that it is. */
function near(entries: Float64Array, threshold: number, distance: number): number {
  let count = -1;
  for (const entry of entries) if (Math.abs(Math.abs(entry) - threshold) <= distance) count++;
  return Math.max(0, count);
}
