/**
 * Everything spectral about one pair, on one thread, in one memory: W0 and W1 and D take turns in the same place, and what is dead
 * (the Gram matrix after its reduction, the reflectors after the vectors) gives its room to the reconstruction and to the angles.
 */
import type { Matrix, PairQuantities } from '../backend.ts';
import { principalAngles } from './angles.ts';
import { bidiagonalValues, spectrumIsCoarse } from './exact.ts';
import type { KernelMemory } from './kernels.ts';
import type { PairSettings } from './messages.ts';
import { PairMatrices } from './pairMatrices.ts';
import { updateFormat } from './pairPlan.ts';
import type { PairShares } from './shares.ts';
import type { Format, Source } from './source.ts';
import { Spectrum } from './spectrum.ts';

export class PairTask extends PairMatrices {
  private tunedPrecision: 'single' | 'double' = 'double';

  /** Throws `bug` where shapes and bytes do not fit, `bad-parameter` where the memory of one thread does not hold the pair. */
  constructor(
    memory: KernelMemory,
    base: Matrix,
    tuned: Matrix,
    settings: PairSettings,
    private readonly shares: PairShares | null,
    checkCancelled: () => void,
  ) {
    super(memory, base, tuned, settings, checkCancelled);
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
    const projected = baseIsZero ? { energies: null, diagonal: null } : this.projected(updateScale);
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

  /** Singular values without the loss of the Gram matrix; the reconstruction's room takes the matrix in float64. */
  private exactValues(source: Source): Float64Array {
    this.load(source);
    const { plan, kernels, memory, format, checkCancelled } = this;
    return bidiagonalValues(memory, kernels, plan.exact, plan.shape, plan.matrix, format, checkCancelled);
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
}
