/**
 * Everything spectral about one pair, on one thread, in one memory: W0 and W1 and D take turns in the same place, and what is dead
 * (the Gram matrix after its reduction, the reflectors after the vectors) gives its room to the reconstruction and to the angles.
 */
import type { Matrix, PairQuantities } from '../backend.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { cellCount } from '../../metrics/rounding.ts';
import { planAngles, principalAngles, type AnglePlan } from './angles.ts';
import { projections } from './energies.ts';
import { bidiagonalValues, planExact, spectrumIsCoarse, type ExactPlan } from './exact.ts';
import { Layout, type Address, type KernelMemory, type Kernels } from './kernels.ts';
import { countMasks, LOW, planCounts, PRINCIPAL, type CountPlan } from './masks.ts';
import type { PairSettings } from './messages.ts';
import { completeBasis } from './orthonormal.ts';
import { markExtreme, planSelection } from './select.ts';
import { PIECE, scaleFor, shapeOf, Source, type Format, type Shape } from './source.ts';
import { planDense, planSpectrum, Spectrum, type SpectrumPlan } from './spectrum.ts';

export interface PairPlan {
  shape: Shape;
  /** W0, W1 or D */
  matrix: Address;
  spectrum: SpectrumPlan;
  /** rows x columns, float64: the reconstruction of W0 */
  reconstruction: Address;
  angles: AnglePlan;
  exact: ExactPlan;
  /** k leading vectors, [q, k] and [big, k] */
  base: { X: Address; U: Address };
  tuned: { X: Address; U: Address };
  /** r leading vectors of the base in float64, and W x beside its unit vectors */
  leading: { X: Address; Y: Address; U: Address };
  /** [big, r], [q, r], [r, r], float64 */
  projected: { P: Address; Q: Address; J: Address };
  mask: Address;
  selection: Address;
  counts: CountPlan;
  end: number;
}

/** Lays one pair out. `format` is that of both sides; D is float32 but for float64 sides. */
export function planPair(
  kernels: Kernels,
  rows: number,
  columns: number,
  format: Format,
  { angleRank: k, maskRank: r, cells }: { angleRank: number; maskRank: number; cells: number },
): PairPlan {
  const layout = new Layout();
  const shape = shapeOf({ rows, columns });
  const { q, big, weights } = shape;
  const take = (values: number): Address => layout.take(values * 8);
  const matrix = layout.take(weights * updateFormat(format));
  let dense: ReturnType<typeof planDense> | null = null;
  let angles: AnglePlan | null = null;
  let exact: ExactPlan | null = null;
  let reconstruction = 0;
  layout.either(
    () => void (dense = planDense(layout, shape)),
    () => void (reconstruction = take(weights)),
    () => void (exact = planExact(layout, kernels, shape)),
    () => void (angles = planAngles(layout, kernels, big, k)),
  );
  if (!dense || !angles || !exact) throw new OffaxisError('bug', 'A pair was laid out without its parts.');
  return {
    shape,
    matrix,
    spectrum: planSpectrum(layout, kernels, shape, dense, Math.max(k, r)),
    reconstruction,
    angles,
    exact,
    base: { X: take(q * k), U: take(big * k) },
    tuned: { X: take(q * k), U: take(big * k) },
    leading: { X: take(q * r), Y: take(big * r), U: take(big * r) },
    projected: { P: take(big * r), Q: take(q * r), J: take(r * r) },
    mask: layout.take(weights),
    selection: planSelection(layout),
    counts: planCounts(layout, cells),
    end: layout.end,
  };
}
function updateFormat(format: Format): Format {
  return format === 8 ? 8 : 4;
}

/** From here on a difference of two weights could leave the range of float32. */
const LARGE_FOR_SINGLE = 1e37;

export class PairTask {
  /** power of two that float64 weights are multiplied by */
  private scale = 1;
  private readonly base: Source;
  private readonly tuned: Source;
  private readonly format: Format;
  private readonly kernels: Kernels;
  private readonly plan: PairPlan;

  /** Throws `bug` where shapes and bytes do not fit, `bad-parameter` where the memory of one thread does not hold the pair. */
  constructor(
    private readonly memory: KernelMemory,
    base: Matrix,
    tuned: Matrix,
    private readonly settings: PairSettings,
    private readonly checkCancelled: () => void,
  ) {
    if (base.rows !== tuned.rows || base.columns !== tuned.columns)
      throw new OffaxisError(
        'bug',
        `A ${base.rows} x ${base.columns} base came with a ${tuned.rows} x ${tuned.columns} tuned matrix.`,
      );
    this.base = new Source(base, settings.grid);
    this.tuned = new Source(tuned, settings.grid);
    if (this.base.format !== this.tuned.format)
      throw new OffaxisError('bug', `${base.type} and ${tuned.type} can be compared only after rounding to one grid.`);
    this.format = this.base.format;
    const sizes = { angleRank: settings.angleRank, maskRank: settings.maskRank, cells: cellCount(settings.grid) };
    this.plan = planPair(memory.reserve(0), base.rows, base.columns, this.format, sizes);
    this.kernels = memory.reserve(this.plan.end);
  }

  run(): PairQuantities {
    const { plan } = this;
    const { shape } = plan;
    const { angleRank: k, maskRank: r } = this.settings;
    const { q, big } = shape;

    const scratch = plan.counts.scratch;
    const greatest = [this.base, this.tuned].map((side) => side.greatest(this.memory, this.kernels, scratch));
    this.scale = scaleFor(Math.max(...greatest));
    this.load(this.base);
    const base = this.spectrumOf(this.format);
    let baseValues = base.computeValues();
    const isZero = !((baseValues[0] ?? 0) > 0);
    const changed = this.differ();
    const tolerance = Math.max(shape.rows, shape.columns) * 2 ** -23;
    const hasRank = (values: Float64Array): boolean => (values[k - 1] ?? 0) > tolerance * (values[0] ?? 0);
    let wantAngles = changed && !isZero && hasRank(baseValues);
    const single = wantAngles && base.singleSuffices(k);
    let masks: PairQuantities['masks'] = null;
    let zeros = shape.weights;
    if (!isZero) {
      base.iterate(wantAngles ? Math.max(k, r) : r);
      base.vectors(plan.leading.X, plan.leading.Y, r, 0, r, false, false);
      this.unitLeading(baseValues, tolerance);
      if (wantAngles) this.baseVectors(base, single);
      ({ masks, zeros } = this.masks());
    }

    if (!changed)
      return {
        baseValues: this.unscaled(baseValues),
        tunedValues: this.unscaled(baseValues),
        updateValues: new Float64Array(q),
        anglesU: null,
        anglesV: null,
        energies: isZero ? null : { joint: 0, left: 0, right: 0 },
        diagonal: isZero ? null : new Float64Array(r),
        masks,
        zeros,
      };

    this.load(this.tuned);
    const tuned = this.spectrumOf(this.format);
    let tunedValues = tuned.computeValues();
    wantAngles &&= hasRank(tunedValues);
    if (wantAngles) this.tunedVectors(tuned, single);
    const angles = (side: 'X' | 'U', rows: number): PairQuantities['anglesU'] =>
      wantAngles
        ? principalAngles(
            this.memory,
            this.kernels,
            plan.angles,
            { A: plan.base[side], B: plan.tuned[side], rows, k, single },
            this.checkCancelled,
          )
        : null;
    const small = angles('X', q);
    const large = angles('U', big);

    if (!plan.spectrum.jacobi && spectrumIsCoarse(baseValues, tunedValues, shape)) {
      baseValues = this.exactValues(this.base);
      tunedValues = this.exactValues(this.tuned);
    }
    const updateScale = Math.max(baseValues[0] ?? 0, tunedValues[0] ?? 0) > LARGE_FOR_SINGLE ? 2 ** -64 : 1;
    this.loadUpdate(updateScale);
    const update = this.spectrumOf(updateFormat(this.format));
    const updateValues = update.computeValues().map((s) => s / updateScale);
    return {
      baseValues: this.unscaled(baseValues),
      tunedValues: this.unscaled(tunedValues),
      updateValues: this.unscaled(updateValues),
      anglesU: shape.tall ? large : small,
      anglesV: shape.tall ? small : large,
      ...(isZero
        ? { energies: null, diagonal: null }
        : projections(this.memory, this.kernels, plan, updateFormat(this.format), r, this.scale * updateScale)),
      masks,
      zeros,
    };
  }

  private spectrumOf(format: Format): Spectrum {
    return new Spectrum(this.memory, this.kernels, this.plan.spectrum, this.plan.matrix, format, this.checkCancelled);
  }
  private unscaled(values: Float64Array): Float64Array {
    return values.map((s) => s / this.scale);
  }
  private load(source: Source): void {
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
  private differ(): boolean {
    const { counts } = this.plan;
    let any = false;
    this.pieces((_, count) => {
      any = this.kernels.subtract(this.format, counts.base, counts.tuned, count, 1, counts.scratch) !== 0;
      return !any;
    });
    return any;
  }
  /** D, times a power of two. */
  private loadUpdate(updateScale: number): void {
    const { counts, matrix } = this.plan;
    const size = updateFormat(this.format);
    this.pieces((first, count) => {
      const to = matrix + first * size;
      this.kernels.subtract(this.format, counts.base, counts.tuned, count, this.scale * updateScale, to);
      return true;
    });
  }

  /** Singular values without the loss of the Gram matrix; the reconstruction's room takes the matrix in float64. */
  private exactValues(source: Source): Float64Array {
    this.load(source);
    const { plan, kernels, memory, format, checkCancelled } = this;
    return bidiagonalValues(memory, kernels, plan.exact, plan.shape, plan.matrix, format, checkCancelled);
  }

  /** Unit vectors of the other side for the r leading ones; where s_i is as good as 0, any orthonormal completion. */
  private unitLeading(values: Float64Array, tolerance: number): void {
    const { memory, kernels, plan } = this;
    const { maskRank: r } = this.settings;
    const { big } = plan.shape;
    const least = tolerance * (values[0] ?? 0);
    memory.f64(plan.spectrum.factors, r).set(values.subarray(0, r).map((s) => (s > 0 ? 1 / s : 0)));
    kernels.scale64(plan.leading.Y, r, big, r, plan.spectrum.factors, plan.leading.U, r);
    const determined = values.subarray(0, r).findIndex((s) => !(s > least));
    if (determined >= 0) completeBasis(memory.f64(plan.leading.U, big * r), big, r, determined);
  }

  /** The k leading vectors of the base: the first r from those in float64. */
  private baseVectors(base: Spectrum, single: boolean): void {
    const { kernels, plan } = this;
    const { angleRank: k, maskRank: r } = this.settings;
    const shared = single ? Math.min(k, r) : 0;
    if (shared) {
      kernels.demote(plan.leading.X, r, plan.shape.q, shared, plan.base.X, k);
      kernels.demote(plan.leading.U, r, plan.shape.big, shared, plan.base.U, k);
    }
    base.vectors(plan.base.X, plan.base.U, k, shared, k, single, true);
  }

  /** The k leading vectors of the tuned side, in the precision of the base's; made in float64 where float32 does not serve. */
  private tunedVectors(tuned: Spectrum, single: boolean): void {
    const { kernels, plan } = this;
    const { angleRank: k } = this.settings;
    const { q, big } = plan.shape;
    tuned.iterate(k);
    const exact = !single || !tuned.singleSuffices(k);
    tuned.vectors(plan.tuned.X, plan.tuned.U, k, 0, k, !exact, true);
    if (!single || !exact) return;
    kernels.demote(plan.tuned.X, k, q, k, plan.tuned.X, k);
    kernels.demote(plan.tuned.U, k, big, k, plan.tuned.U, k);
  }

  private masks(): { masks: PairQuantities['masks']; zeros: number } {
    const { memory, kernels, plan, format, settings } = this;
    const { shape, leading, reconstruction, mask, selection, spectrum } = plan;
    const { maskRank: r, alpha } = settings;
    const { rows, columns, tall, weights } = shape;
    const [left, right] = tall ? [leading.Y, leading.X] : [leading.X, leading.Y];
    const step = Math.max(96, Math.floor(1e9 / (columns * r) / 96) * 96);
    for (let row = 0; row < rows; row += step) {
      const height = Math.min(step, rows - row);
      // prettier-ignore
      kernels.dgemm(height, columns, r, 1, left + row * r * 8, r, 1, right, 1, r, 0, reconstruction + row * columns * 8, columns, spectrum.work);
      this.checkCancelled();
    }
    memory.bytes(mask, weights).fill(0);
    const common = { count: weights, size: Math.floor(alpha * weights + 0.5), mask };
    markExtreme(memory, kernels, selection, {
      ...common,
      ...{ format: 8, values: reconstruction, largest: true, flag: PRINCIPAL },
    });
    markExtreme(memory, kernels, selection, {
      ...common,
      ...{ format, values: plan.matrix, largest: false, flag: LOW },
    });
    this.checkCancelled();
    const sides = { base: this.base, tuned: this.tuned, mask, grid: settings.grid };
    return countMasks(memory, kernels, plan.counts, sides, this.checkCancelled);
  }
}
