/** One pair in the memory of one thread: its two sides, its difference, and the masks of given leading vectors. */
import type { Matrix, SideQuantities } from '../backend.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { cellCount } from '../../numbers/index.ts';
import { projections, type ProjectionInput } from './energies.ts';
import type { KernelMemory, Kernels, Layout } from './kernels.ts';
import { countMasks, LOW } from './masks.ts';
import type { PairSettings } from './messages.ts';
import { completeBasis } from './orthonormal.ts';
import { planPair, updateFormat, type PairPlan } from './pairPlan.ts';
import { markPrincipal } from './principal.ts';
import { markExtreme } from './select.ts';
import { PIECE, scaleFor, Source, type Format, type Shape } from './source.ts';
import { Spectrum } from './spectrum.ts';
import { greatest } from '../../protocol/lists.ts';

/** Bits of what `subtract` found. */
const DIFFERENT = 1;
const OVERFLOW = 2;

type CountedMasks = ReturnType<typeof countMasks>;

export class PairMatrices {
  /** power of two that float64 weights are multiplied by */
  protected readonly scale: number;
  /** of the numerical rank, as a share of s_1 */
  protected readonly tolerance: number;
  protected readonly base: Source;
  /** the side that is compared with the base at the moment */
  protected tuned: Source;
  /** further tuned sides */
  protected readonly others: readonly Source[];
  protected readonly format: Format;
  protected readonly kernels: Kernels;
  protected readonly plan: PairPlan;

  /** Throws `bug` if shapes and bytes do not fit, `bad-parameter` if the memory of one thread does not hold the pair. */
  constructor(
    protected readonly memory: KernelMemory,
    base: Matrix,
    tuned: Matrix,
    protected readonly settings: PairSettings,
    protected readonly checkCancelled: () => void,
    /** takes room of its own where what is dead by the time of the reconstruction lies */
    extra?: (layout: Layout, shape: Shape) => void,
  ) {
    if (base.rows !== tuned.rows || base.columns !== tuned.columns)
      throw new OffaxisError(
        'bug',
        `A ${base.rows} x ${base.columns} base came with a ${tuned.rows} x ${tuned.columns} tuned matrix.`,
      );
    this.base = new Source(base);
    this.tuned = new Source(tuned);
    this.others = (settings.others ?? []).map((side) => new Source(side));
    if ([this.tuned, ...this.others].some(({ format }) => format !== this.base.format))
      throw new OffaxisError('bug', `${base.type} and ${tuned.type} can be compared only after a cast to one type.`);
    this.format = this.base.format;
    const { angleRank, maskRank, updateRank } = settings;
    const sizes = { angleRank, maskRank, updateRank, cells: cellCount(settings.grid) };
    this.plan = planPair(memory.reserve(0), base.rows, base.columns, this.format, sizes, extra);
    this.kernels = memory.reserve(this.plan.end);
    const { scratch } = this.plan.counts;
    const sides = [this.base, this.tuned, ...this.others];
    this.scale = scaleFor(greatest(sides.map((side) => side.greatest(memory, this.kernels, scratch))));
    this.tolerance = Math.max(base.rows, base.columns) * 2 ** -23;
  }

  /** Does `work` with `side` in the tuned side's place. */
  protected against<T>(side: Source, work: () => T): T {
    const { tuned } = this;
    this.tuned = side;
    try {
      return work();
    } finally {
      this.tuned = tuned;
    }
  }
  /** Of what lies at `matrix` in this format. */
  protected spectrumOf(format: Format): Spectrum {
    return new Spectrum(this.memory, this.kernels, this.plan.spectrum, this.plan.matrix, format, this.checkCancelled);
  }

  protected load(source: Source): void {
    const { matrix, shape, counts } = this.plan;
    source.load(this.memory, this.kernels, 0, shape.weights, matrix, counts.scratch);
    if (this.scale !== 1) this.kernels.multiply(matrix, shape.weights, this.scale);
    this.checkCancelled();
  }

  /** Calls `use` with pieces of both sides in the memory. */
  private pieces(use: (first: number, count: number) => boolean): void {
    const { counts, shape } = this.plan;
    for (let first = 0; first < shape.weights; first += PIECE) {
      const count = Math.min(PIECE, shape.weights - first);
      this.base.load(this.memory, this.kernels, first, count, counts.base, counts.scratch);
      this.tuned.load(this.memory, this.kernels, first, count, counts.tuned, counts.scratch);
      if (!use(first, count)) return;
      this.checkCancelled();
    }
  }
  /** Whether D is not zero. */
  protected differ(): boolean {
    const { counts } = this.plan;
    let any = false;
    this.pieces((_, count) => {
      any =
        (this.kernels.subtract(this.format, counts.base, counts.tuned, count, this.scale, counts.scratch) &
          DIFFERENT) !==
        0;
      return !any;
    });
    return any;
  }
  /** D, times the power of two that is returned: 1 unless a difference leaves the range of float32. */
  protected loadUpdate(): number {
    for (const updateScale of [1, 2 ** -64]) {
      const { counts, matrix } = this.plan;
      const size = updateFormat(this.format);
      let fits = true;
      this.pieces((first, count) => {
        const to = matrix + first * size;
        const found = this.kernels.subtract(
          this.format,
          counts.base,
          counts.tuned,
          count,
          this.scale * updateScale,
          to,
        );
        fits = (found & OVERFLOW) === 0;
        return fits;
      });
      if (fits) return updateScale;
    }
    throw new OffaxisError('bug', 'The difference of two finite matrices is not finite.');
  }

  /** Unit vectors of the other side for the r leading ones; if s_i is as good as 0, any orthonormal completion. */
  protected unitLeading(values: Float64Array): void {
    const { memory, kernels, plan } = this;
    const { maskRank: r } = this.settings;
    const { big } = plan.shape;
    const least = this.tolerance * (values[0] ?? 0);
    memory.f64(plan.spectrum.factors, r).set(values.subarray(0, r).map((s) => (s > 0 ? 1 / s : 0)));
    kernels.scale64(plan.leading.Y, r, big, r, plan.spectrum.factors, plan.leading.U, r);
    const determined = values.subarray(0, r).findIndex((s) => !(s > least));
    if (determined >= 0) completeBasis(memory.f64(plan.leading.U, big * r), big, r, determined, this.checkCancelled);
  }

  /** Marks the masks, and counts them in the tuned side. `doubtful`: as markMasks gives it. */
  protected masks(distance: number): CountedMasks & { doubtful: number } {
    const doubtful = this.markMasks(distance);
    return { ...this.countMasks(), doubtful };
  }
  /**
   * Needs W0 at `matrix`, the r leading vectors in X, and W0 times them in Y. Returns how many entries of the reconstruction lie within
   * `distance` of the threshold.
   */
  protected markMasks(distance = 0): number {
    const { memory, kernels, plan, format, settings } = this;
    const { shape, leading, reconstruction, mask, selection, spectrum } = plan;
    const { maskRank: r, alpha } = settings;
    const { rows, columns, tall, weights } = shape;
    const [left, right] = tall ? [leading.Y, leading.X] : [leading.X, leading.Y];
    memory.bytes(mask, weights).fill(0);
    const size = Math.floor(alpha * weights + 0.5);
    const places = { left, right, mask, selection, room: reconstruction, work: spectrum.work };
    const doubtful = markPrincipal(memory, kernels, { rows, columns, r, size, ...places }, distance);
    const smallest = { format, values: plan.matrix, count: weights, size, largest: false, flag: LOW, mask };
    markExtreme(memory, kernels, selection, smallest);
    this.checkCancelled();
    return doubtful;
  }
  /** The weights of the marked masks, and which of them differ in `tuned`. */
  protected countMasks(): CountedMasks {
    const { memory, kernels, plan, base, tuned, settings } = this;
    const sides = { base, tuned, mask: plan.mask, grid: settings.grid };
    return countMasks(memory, kernels, plan.counts, sides, this.checkCancelled);
  }
  /** D in the base's leading directions; D lies at `matrix`, times the returned power of two of `loadUpdate`. `more`: as there. */
  protected projected(
    updateScale: number,
    more: Pick<ProjectionInput, 'leading' | 'packed'> = { leading: null },
  ): ReturnType<typeof projections> {
    const { memory, kernels, plan, settings } = this;
    const format = updateFormat(this.format);
    const input = { format, r: settings.maskRank, scale: this.scale * updateScale, ...more };
    const found = projections(memory, kernels, plan, input);
    this.checkCancelled();
    return found;
  }
  /** The same of a side that equals the base. `directions`: how many are determined, null if they are not. */
  protected projectedNothing(
    isZero: boolean,
    directions: number | null,
  ): Pick<SideQuantities, 'energies' | 'diagonal' | 'directions'> {
    const zeros = (count: number): Float64Array => new Float64Array(count);
    return {
      energies: isZero ? null : { joint: 0, left: 0, right: 0 },
      diagonal: isZero ? null : zeros(this.settings.maskRank),
      directions: isZero || directions === null ? null : { left: zeros(directions), right: zeros(directions) },
    };
  }
}
