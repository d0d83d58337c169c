/**
 * Everything spectral about one pair, on one thread, in one memory: W0 and W1 and D take turns in the same place, and what is dead
 * (the Gram matrix after its reduction, the reflectors after the vectors) gives its room to the reconstruction and to the angles.
 */
import type { Matrix, PairQuantities } from '../backend.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { cellCount } from '../../metrics/rounding.ts';
import { principalAngles } from './angles.ts';
import { projections } from './energies.ts';
import { bidiagonalValues, spectrumIsCoarse } from './exact.ts';
import type { KernelMemory, Kernels } from './kernels.ts';
import { countMasks, LOW, PRINCIPAL } from './masks.ts';
import type { PairSettings } from './messages.ts';
import { completeBasis } from './orthonormal.ts';
import { planPair, updateFormat, type PairPlan } from './pairPlan.ts';
import { markExtreme } from './select.ts';
import type { PairShares } from './shares.ts';
import { PIECE, scaleFor, Source, type Format } from './source.ts';
import { Spectrum } from './spectrum.ts';

/** Bits of what `subtract` found. */
const DIFFERENT = 1;
const OVERFLOW = 2;

export class PairTask {
  /** power of two that float64 weights are multiplied by */
  private readonly scale: number;
  /** of the numerical rank, as a share of s_1 */
  private readonly tolerance: number;
  private tunedPrecision: 'single' | 'double' = 'double';
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
    private readonly shares: PairShares | null,
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
    const { scratch } = this.plan.counts;
    const greatest = [this.base, this.tuned].map((side) => side.greatest(memory, this.kernels, scratch));
    this.scale = scaleFor(Math.max(...greatest));
    this.tolerance = Math.max(base.rows, base.columns) * 2 ** -23;
  }

  /** Everything, less what other threads have taken over: `updateValues` is empty where one has. */
  run(): PairQuantities {
    const { plan, shares } = this;
    const { shape } = plan;
    const { angleRank: k, maskRank: r } = this.settings;
    const { q, big } = shape;

    this.load(this.base);
    const base = this.spectrumOf(this.format);
    let baseValues = base.computeValues();
    const isZero = !((baseValues[0] ?? 0) > 0);
    const changed = this.differ();
    let wantAngles = changed && !isZero && this.hasRank(baseValues);
    const single = wantAngles && base.singleSuffices(k);
    let masks: PairQuantities['masks'] = null;
    let zeros = shape.weights;
    if (!isZero) {
      base.iterate(wantAngles ? Math.max(k, r) : r);
      base.vectors(plan.leading.X, plan.leading.Y, r, 0, r, false, false);
      this.unitLeading(baseValues);
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

    let update: ReturnType<PairTask['update']> | null = null;
    let tunedValues: Float64Array;
    if (!shares || shares.claim('tuned'))
      tunedValues = this.tunedSide(wantAngles ? (single ? 'single' : 'double') : 'none');
    else {
      // another thread is at the tuned side: the update meanwhile
      update = this.update(isZero);
      tunedValues =
        shares.takeTuned(this.memory, plan, single, this.checkCancelled) ??
        this.tunedSide(wantAngles ? (single ? 'single' : 'double') : 'none');
    }
    wantAngles &&= this.hasRank(tunedValues);
    const angles = (side: 'X' | 'U', rows: number): PairQuantities['anglesU'] => {
      if (!wantAngles) return null;
      const bases = { A: plan.base[side], B: plan.tuned[side], rows, k, single };
      return principalAngles(this.memory, this.kernels, plan.angles, bases, this.checkCancelled);
    };
    const small = angles('X', q);
    const large = angles('U', big);
    if (!plan.spectrum.jacobi && spectrumIsCoarse(baseValues, tunedValues, shape)) {
      baseValues = this.exactValues(this.base);
      tunedValues = this.exactValues(this.tuned);
    }
    update ??= this.update(isZero);
    return {
      baseValues: this.unscaled(baseValues),
      tunedValues: this.unscaled(tunedValues),
      anglesU: shape.tall ? large : small,
      anglesV: shape.tall ? small : large,
      ...update,
      masks,
      zeros,
    };
  }

  /** The tuned side for another thread's `run`: values, and vectors in the precision that they ask for. */
  runTuned(): void {
    if (!this.shares?.take('tuned')) return;
    const values = this.tunedSide('auto');
    this.shares.giveTuned(this.memory, this.plan, values, this.hasRank(values) ? this.tunedPrecision : 'none');
  }
  /** The values of D for another thread's `run`; null where that has begun with them. */
  runUpdate(): Float64Array | null {
    if (!this.shares?.take('update')) return null;
    return this.updateSpectrum(this.loadUpdate());
  }

  /** s_k above tol: there is a subspace to compare. */
  private hasRank(values: Float64Array): boolean {
    return (values[this.settings.angleRank - 1] ?? 0) > this.tolerance * (values[0] ?? 0);
  }

  /** Values of W1, and its k leading vectors in the wanted precision; made in float64 where float32 does not serve. */
  private tunedSide(wanted: 'single' | 'double' | 'auto' | 'none'): Float64Array {
    const { kernels, plan } = this;
    const { angleRank: k } = this.settings;
    this.load(this.tuned);
    const tuned = this.spectrumOf(this.format);
    const values = tuned.computeValues();
    if (wanted === 'none' || !this.hasRank(values)) return values;
    tuned.iterate(k);
    const exact = wanted === 'double' || !tuned.singleSuffices(k);
    tuned.vectors(plan.tuned.X, plan.tuned.U, k, 0, k, !exact, true);
    this.tunedPrecision = exact ? 'double' : 'single';
    if (wanted === 'single' && exact) {
      kernels.demote(plan.tuned.X, k, plan.shape.q, k, plan.tuned.X, k);
      kernels.demote(plan.tuned.U, k, plan.shape.big, k, plan.tuned.U, k);
    }
    return values;
  }

  /** D in the base's subspaces, and its values unless another thread has them. */
  private update(baseIsZero: boolean): Pick<PairQuantities, 'updateValues' | 'energies' | 'diagonal'> {
    const updateScale = this.loadUpdate();
    const scale = this.scale * updateScale;
    const { maskRank: r } = this.settings;
    const projected = baseIsZero
      ? { energies: null, diagonal: null }
      : projections(this.memory, this.kernels, this.plan, updateFormat(this.format), r, scale);
    this.checkCancelled();
    const mine = !this.shares || this.shares.claim('update');
    return { updateValues: mine ? this.updateSpectrum(updateScale) : new Float64Array(0), ...projected };
  }
  private updateSpectrum(updateScale: number): Float64Array {
    const values = this.spectrumOf(updateFormat(this.format)).computeValues();
    return this.unscaled(values).map((s) => s / updateScale);
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
      any =
        (this.kernels.subtract(this.format, counts.base, counts.tuned, count, this.scale, counts.scratch) &
          DIFFERENT) !==
        0;
      return !any;
    });
    return any;
  }
  /** D, times the power of two that is returned: where a difference leaves the range of float32. */
  private loadUpdate(): number {
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

  /** Singular values without the loss of the Gram matrix; the reconstruction's room takes the matrix in float64. */
  private exactValues(source: Source): Float64Array {
    this.load(source);
    const { plan, kernels, memory, format, checkCancelled } = this;
    return bidiagonalValues(memory, kernels, plan.exact, plan.shape, plan.matrix, format, checkCancelled);
  }

  /** Unit vectors of the other side for the r leading ones; where s_i is as good as 0, any orthonormal completion. */
  private unitLeading(values: Float64Array): void {
    const { memory, kernels, plan } = this;
    const { maskRank: r } = this.settings;
    const { big } = plan.shape;
    const least = this.tolerance * (values[0] ?? 0);
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
