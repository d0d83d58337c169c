/**
 * Masks, energies and the update's largest value of one pair, on one thread, from leading triplets: block Lanczos in float32, refined in
 * float64 against the matrix itself. What that does not settle goes the way of the whole spectrum.
 */
import type { AlignedSide, AlignmentOptions, AlignmentQuantities, LeadingTriplets, Matrix } from '../backend.ts';
import { Krylov, planKrylov, type KrylovPlan, type RitzPairs } from './krylov.ts';
import type { KernelMemory, Kernels, Layout } from './kernels.ts';
import { PairMatrices } from './pairMatrices.ts';
import { planPair, updateFormat } from './pairPlan.ts';
import type { Panels } from './products.ts';
import { ENOUGH, planRefine, refineLeading, type Refined, type RefineInput, type RefinePlan } from './refine.ts';
import { greatest } from '../../protocol/lists.ts';
import { formatOf, type Format, type Shape } from './source.ts';

export type AlignmentSettings = Omit<AlignmentOptions, 'signal'>;

/** Smaller side under which the whole spectrum takes a few hundredths of a second. */
const LEAST_SIDE = 512;
/**
 * Vectors beyond the wanted ones. The distance to what they leave out speeds every step, and float32 mixes into a vector above all those whose
 * values lie next to its own: what of them is at hand, the first step in float64 takes out.
 */
const BESIDE = 32;
/** Vectors of the basis for each wanted one, from which on it is looked at, and its end; the basis is at most this share of the matrix. */
const FIRST_LOOK = 2.5;
const MOST = 12;
const MOST_SHARE = 1 / 3;
/** Blocks between two looks, at the base and at the update. */
const BETWEEN = 4;
const UPDATE_BETWEEN = 2;
/**
 * Error of the reconstruction, as a share of its norm, with which the refinement starts: two more blocks in float32 cost a quarter of a
 * round in float64. The greater one does if float32 gains no more.
 */
const GOOD_START = 3e-7;
const FAIR_START = 3e-6;
/** With half the basis made, an error above this will not come down in the other half. */
const HOPELESS = 0.3;
/** What s_1(D) may still gain, as a share of it; and most blocks. Half of what METRICS allow a value. */
const SETTLED = 5e-7;
/** norm(D'D x - s^2 x) over s^2 with which its vector x may end: the value is off by its square over the distance to the next one. */
const UPDATE_RESIDUAL = 1e-3;
const UPDATE_BLOCKS = 40;
/**
 * With an error of e, as a share of the reconstruction's norm, about 0.4 e m n entries change sides of the threshold (Gaussian ones, a
 * third of them chosen), and about 2 e m n lie within the error of it. Those are counted, and METRICS allow two: with the first error, which
 * one round reaches as a rule, there are more once in twelve times. Then they are refined to the second one.
 */
const IN_DOUBT = [0.5, 0.05] as const;
const MOST_IN_DOUBT = 1;
const MOST_DOUBTFUL = 2;

/** Leading vectors of float32's accuracy, and the panels that gave them. */
interface Approximate extends RefineInput {
  packed: Panels | null;
}
/** Where the short way lies: over the dense parts of the long one. */
interface ShortPlan {
  base: KrylovPlan | null;
  update: KrylovPlan | null;
  refine: RefinePlan | null;
}
function planShort(layout: Layout, kernels: Kernels, shape: Shape, r: number): ShortPlan {
  const plan: ShortPlan = { base: null, update: null, refine: null };
  const { q } = shape;
  if (q < LEAST_SIDE) return plan;
  const count = r + BESIDE;
  const block = kernels.gramProductColumns();
  const most = Math.floor(Math.min(MOST * count, q * MOST_SHARE) / block) * block;
  layout.either(
    () => {
      if (most < FIRST_LOOK * count) return;
      plan.base = planKrylov(layout, kernels, shape, { most, count });
      plan.refine = planRefine(layout, kernels, shape, { count, r, packed: true });
    },
    () => {
      const blocks = Math.min(UPDATE_BLOCKS, Math.floor(q / 2 / block));
      const sizes = { most: blocks * block, count: 1 };
      plan.update = planKrylov(layout, kernels, shape, sizes);
    },
  );
  return plan;
}

/** Peak bytes of one thread's memory for a pair of this shape. */
export function alignmentBytes(
  kernels: Kernels,
  { rows, columns, type }: Pick<Matrix, 'rows' | 'columns' | 'type'>,
  { maskRank, cells }: { maskRank: number; cells: number },
): number {
  const sizes = { angleRank: 1, maskRank, cells };
  const extra = (layout: Layout, shape: Shape): void => void planShort(layout, kernels, shape, maskRank);
  return planPair(kernels, rows, columns, formatOf(type), sizes, extra).end;
}

export class AlignTask extends PairMatrices {
  private readonly short: ShortPlan;

  /** Throws as PairTask. */
  constructor(
    memory: KernelMemory,
    base: Matrix,
    tuned: Matrix,
    private readonly options: AlignmentSettings,
    checkCancelled: () => void,
  ) {
    const short: { plan: ShortPlan } = { plan: { base: null, update: null, refine: null } };
    const kernels = memory.reserve(0);
    // no vectors for angles
    super(memory, base, tuned, { ...options, angleRank: 1 }, checkCancelled, (layout, shape) => {
      short.plan = planShort(layout, kernels, shape, options.maskRank);
    });
    this.short = short.plan;
  }

  run(): AlignmentQuantities {
    const { plan, settings, tolerance } = this;
    const { maskRank: r } = settings;
    const reduced = new Set<'base' | 'update'>();
    const sides = [this.tuned, ...this.others];
    this.load(this.base);
    const found = this.leadingOfBase(reduced);
    const { leading } = found;
    const largest = leading.values[0] ?? 0;
    const counted = found.isZero
      ? null
      : sides.map((side, i) => (i === 0 ? found.masks : this.against(side, () => this.countMasks().masks)));
    const determined = (leading.values[r - 1] ?? 0) > tolerance * largest;
    const results = sides.map((side, i): AlignedSide => ({
      ...this.against(side, () => this.side(found.isZero, determined, reduced)),
      masks: counted?.[i] ?? null,
    }));
    const [tuned, ...others] = results;
    return {
      ...(tuned as AlignedSide),
      zeros: found.isZero ? plan.shape.weights : found.zeros,
      leading,
      ...(others.length > 0 ? { others } : {}),
      reduced: [...reduced],
    };
  }

  /** The triplets, unscaled, and the masks that they give; they stay at `plan.leading`. Needs W0 at `matrix`. */
  private leadingOfBase(
    reduced: Set<'base' | 'update'>,
  ):
    | { leading: LeadingTriplets; isZero: true }
    | (ReturnType<AlignTask['masks']> & { leading: LeadingTriplets; isZero: false }) {
    const { memory, kernels, plan, settings, scale, format } = this;
    const { q, big, weights } = plan.shape;
    const { maskRank: r } = settings;
    const [small, large] = [memory.f64(plan.leading.X, q * r), memory.f64(plan.leading.Y, big * r)];
    const record = (values: Float64Array): LeadingTriplets => ({
      values: values.map((s) => s / scale),
      small: small.slice(),
      large: large.map((y) => y / scale),
    });
    const greatest = kernels.greatestWeight(format, plan.matrix, weights);
    if (greatest === 0)
      return {
        leading: {
          values: new Float64Array(r + 1),
          small: new Float64Array(q * r),
          large: new Float64Array(big * r),
        },
        isZero: true,
      };
    const { leading: given } = this.options;
    if (given) {
      small.set(given.small);
      large.set(given.large.map((y) => y * scale));
      this.unitLeading(given.values.map((s) => s * scale));
      return { leading: given, isZero: false, ...this.masks(0) };
    }
    let start = this.approximate(greatest);
    for (const [attempt, inDoubt] of start ? IN_DOUBT.entries() : []) {
      // the reconstruction has come to lie over the panels
      if (attempt > 0) start = { ...this.withRefined(start as Approximate), packed: null };
      const refined = this.refined(start as Approximate, inDoubt);
      // whether or not it gets there, what lies near the threshold decides, of an error that is worth the look
      const norm = Math.sqrt(refined.values.reduce((sum, s) => sum + s * s, 0));
      if (refined.error > Math.min(MOST_IN_DOUBT / weights, ENOUGH) * norm) break;
      const values = new Float64Array(r + 1);
      values.set(refined.values);
      values[r] = refined.next;
      const leading = record(values);
      this.unitLeading(values);
      const masks = this.masks(refined.error / Math.sqrt(weights));
      if (masks.doubtful <= MOST_DOUBTFUL) return { leading, isZero: false, ...masks };
    }
    reduced.add('base');
    const spectrum = this.spectrumOf(format);
    const all = spectrum.computeValues();
    spectrum.iterate(r);
    spectrum.vectors(plan.leading.X, plan.leading.Y, r, 0, r, false, false);
    const values = new Float64Array(r + 1);
    values.set(all.subarray(0, r + 1));
    const leading = record(values);
    this.unitLeading(values);
    return { leading, isZero: false, ...this.masks(0) };
  }

  /** The leading vectors of what lies at `matrix`, to float32's accuracy; null if the short way ends before that. */
  private approximate(largest: number): Approximate | null {
    const { memory, kernels, plan, settings, short, format, checkCancelled } = this;
    const { base } = short;
    const { matrix } = plan;
    if (!base) return null;
    const { maskRank: r } = settings;
    const scale = 2 ** -Math.floor(Math.log2(largest));
    const krylov = new Krylov(memory, kernels, base, { matrix, format, scale }, checkCancelled);
    const count = r + BESIDE;
    let pairs: RitzPairs | null = null;
    for (let last = Infinity; !pairs;) {
      const grown = krylov.widen(BETWEEN);
      if (krylov.order < FIRST_LOOK * count) {
        if (!grown) return null;
        continue;
      }
      const found = krylov.ritz(count);
      const error = reconstructionError(found, r, count);
      if (error <= GOOD_START || (error <= FAIR_START && (!grown || error > last / 2))) pairs = found;
      else if (!grown || (krylov.order >= base.most / 2 && error > HOPELESS)) return null;
      last = error;
    }
    const values = pairs.values.map((x) => Math.sqrt(Math.max(0, x)) / scale);
    const besideResidual = greatest(pairs.residuals.subarray(r)) / scale ** 2;
    return { vectors: krylov.vectors(count), count, values, besideResidual, packed: krylov.packed };
  }
  /** The refined vectors in the place of those that they came of. */
  private withRefined(start: Approximate): Approximate {
    const { memory, plan, settings } = this;
    const { maskRank: r } = settings;
    const { vectors, count } = start;
    const refined = memory.f64(plan.leading.X, plan.shape.q * r);
    for (let j = 0; j < plan.shape.q; j++) vectors.set(refined.subarray(j * r, (j + 1) * r), j * count);
    return start;
  }
  /** They go to `plan.leading`. */
  private refined(start: Approximate, inDoubt: number): Refined {
    const { memory, kernels, plan, settings, short, format, checkCancelled } = this;
    const { shape, matrix, leading, spectrum } = plan;
    const place = { X: leading.X, Y: leading.Y, work: spectrum.work };
    const { packed } = start;
    const target = { shape, matrix, format, packed, r: settings.maskRank, ...place, inDoubt };
    return refineLeading(memory, kernels, short.refine as RefinePlan, start, target, checkCancelled);
  }

  /** All but the masks of the side in the tuned place. */
  private side(isZero: boolean, determined: boolean, reduced: Set<'base' | 'update'>): Omit<AlignedSide, 'masks'> {
    const { maskRank: r } = this.settings;
    if (!this.differ()) return { updateValue: 0, ...this.projectedNothing(isZero, determined ? r : null) };
    const updateScale = this.loadUpdate();
    const { top, packed } = this.topOfUpdate(reduced);
    const projected = isZero
      ? { energies: null, diagonal: null, directions: null }
      : this.projected(updateScale, { leading: null, packed });
    const updateValue = top / this.scale / updateScale;
    return { ...projected, directions: determined ? projected.directions : null, updateValue };
  }

  /** s_1 of what lies at `matrix`, as it lies there, and its panels if that left them. */
  private topOfUpdate(reduced: Set<'base' | 'update'>): { top: number; packed: Panels | null } {
    const { memory, kernels, plan, short, checkCancelled } = this;
    const { shape, matrix } = plan;
    const format = updateFormat(this.format);
    const { update } = short;
    const greatest = kernels.greatestWeight(format, matrix, shape.weights);
    if (update && greatest > 0) {
      const scale = 2 ** -Math.floor(Math.log2(greatest));
      const krylov = new Krylov(memory, kernels, update, { matrix, format, scale }, checkCancelled);
      for (let last = 0, lastGrowth = 0; ;) {
        if (!krylov.widen(UPDATE_BETWEEN)) break;
        const { values, residuals } = krylov.ritz(1);
        const top = values[0] ?? 0;
        const growth = top - last;
        // what is left falls like a geometric series; of squares, so twice that of the value; twice again for the falls' unevenness
        const left = growth >= lastGrowth ? Infinity : (growth * growth) / (lastGrowth - growth);
        if ((growth <= 0 || left <= SETTLED * top) && (residuals[0] as number) <= UPDATE_RESIDUAL * top)
          return { top: this.lengthOf(krylov.vectors(1), format), packed: krylov.packed };
        [last, lastGrowth] = [top, growth];
      }
    }
    reduced.add('update');
    return { top: this.spectrumOf(format).computeValues()[0] ?? 0, packed: null };
  }

  /** norm(W x) of a vector of the smaller side, in float64. */
  private lengthOf(x: Float64Array, format: Format): number {
    const { memory, kernels, plan } = this;
    const { shape, matrix, projected, spectrum } = plan;
    const { q, big, tall, columns } = shape;
    const length = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
    memory.f64(projected.Q, q).set(x);
    const [along, across] = tall ? [columns, 1] : [1, columns];
    const times = format === 4 ? kernels.fdgemm : kernels.dgemm;
    times(big, 1, q, 1, matrix, along, across, projected.Q, 1, 1, 0, projected.P, 1, spectrum.work);
    return Math.sqrt(kernels.sumSquares64(projected.P, big)) / length;
  }
}

/** Error of the rank-r reconstruction, as a share of its norm: each vector is off by its residual over the distance to what is left out. */
function reconstructionError({ values, residuals }: RitzPairs, r: number, count: number): number {
  const rest = values[count] ?? 0;
  let squares = 0;
  let norm = 0;
  for (let i = 0; i < r; i++) {
    const value = values[i] as number;
    const off = Math.min(1, (residuals[i] as number) / Math.max(value - rest, 0) || 0);
    squares += off * off * (value + rest);
    norm += value;
  }
  return Math.sqrt(squares / norm);
}
