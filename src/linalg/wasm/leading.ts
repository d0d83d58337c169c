/** What depends on the leading vectors of the base, from vectors that a device found in float32. */
import type { LeadingQuantities, LeadingStart, Matrix, RefinedLeading } from '../backend.ts';
import type { KernelMemory } from './kernels.ts';
import type { PairSettings } from './messages.ts';
import { PairMatrices } from './pairMatrices.ts';
import { updateFormat } from './pairPlan.ts';
import { planRefine, refineLeading, type RefinePlan } from './refine.ts';

/** Entries off by this many times the root mean square of the error are still looked at. */
const SPREAD = 4;
/** Entries of the reconstruction that may be in doubt when the refinement stops, if all are of one size. */
const IN_DOUBT = 0.25;

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

/** The vectors alone, of W0, or of D if `tuned` is given; that matrix is not zero. Throws cancelled. */
export function refinedLeading(
  memory: KernelMemory,
  base: Matrix,
  start: LeadingStart,
  settings: PairSettings,
  checkCancelled: () => void,
  tuned?: Matrix,
): RefinedLeading {
  const task = new LeadingTask(memory, base, tuned ?? base, start, settings, checkCancelled);
  return task.refined(tuned ? 'update' : 'base');
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
      refining.plan = planRefine(layout, memory.reserve(0), shape, {
        count: start.count,
        r: settings.maskRank,
        packed: false,
      });
    });
    this.refining = refining;
  }

  /** `scale`: the matrix in the memory is the one refined times this. */
  private refine(of: 'base' | 'update'): ReturnType<typeof refineLeading> & { scale: number } {
    const { memory, kernels, plan, start, settings } = this;
    const { shape, matrix, leading, spectrum } = plan;
    let { scale, format } = this;
    if (of === 'base') this.load(this.base);
    else {
      scale *= this.loadUpdate();
      format = updateFormat(format);
    }
    const input = { ...start, values: start.values.map((s) => s * scale) };
    const target = {
      shape,
      matrix,
      format,
      packed: null,
      X: leading.X,
      Y: leading.Y,
      work: spectrum.work,
      inDoubt: IN_DOUBT,
    };
    const refined = refineLeading(
      memory,
      kernels,
      this.refining.plan as RefinePlan,
      input,
      { ...target, r: settings.maskRank },
      this.checkCancelled,
    );
    return { ...refined, scale };
  }

  refined(of: 'base' | 'update'): RefinedLeading {
    const { values, error, scale } = this.refine(of);
    const { memory, plan, settings } = this;
    const { q, big } = plan.shape;
    const r = settings.maskRank;
    return {
      values: values.map((s) => s / scale),
      small: memory.f64(plan.leading.X, q * r).slice(),
      large: memory.f64(plan.leading.Y, big * r).map((y) => y / scale),
      error: error / scale,
    };
  }

  run(): LeadingQuantities {
    const { plan, settings } = this;
    const refined = this.refine('base');
    this.unitLeading(refined.values);
    const { masks, zeros, doubtful } = this.masks((SPREAD * refined.error) / Math.sqrt(plan.shape.weights));
    const projected = this.differ()
      ? this.projected(this.loadUpdate())
      : this.projectedNothing(false, settings.maskRank);
    return { ...projected, masks, zeros, doubtful };
  }
}
