/**
 * Everything spectral about one pair, on one thread, in one memory: W0 and W1 and D take turns in the same place, and what is dead
 * (the Gram matrix after its reduction, the reflectors after the vectors) gives its room to the reconstruction and to the angles.
 */
import type { BaseFactors, Matrix, PairQuantities, SideQuantities } from '../backend.ts';
import { principalAngles } from './angles.ts';
import { fitFactors, putFactors, takeFactors } from './baseFactors.ts';
import { bidiagonalValues, spectrumIsCoarse } from './exact.ts';
import type { KernelMemory } from './kernels.ts';
import type { PairSettings } from './messages.ts';
import { PairMatrices } from './pairMatrices.ts';
import { updateFormat } from './pairPlan.ts';
import type { PairShares } from './shares.ts';
import type { Source } from './source.ts';
import type { Spectrum } from './spectrum.ts';

/** What all sides of a pair share. */
interface FoundBase {
  /** of W0, times the scale */
  values: Float64Array;
  isZero: boolean;
  /** there are k leading vectors, and an update to see in their light */
  directed: boolean;
  /** those vectors are in float32 */
  single: boolean;
}

export class PairTask extends PairMatrices {
  private tunedPrecision: 'single' | 'double' = 'double';

  /** Throws `bug` if shapes and bytes do not fit, `bad-parameter` if the memory of one thread does not hold the pair. */
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

  /** Everything, less what other threads have taken over: `updateValues` is empty if one has. */
  run(): PairQuantities {
    const { plan } = this;
    const { angleRank: k, maskRank: r } = this.settings;

    const sides = [this.tuned, ...this.others];
    const changed = sides.map((side) => this.against(side, () => this.differ()));
    const known = this.knownFactors(changed.includes(true));
    const base = this.spectrumOf(this.format);
    if (!known) this.load(this.base);
    const values = known?.values ?? base.computeValues();
    const isZero = !((values[0] ?? 0) > 0);
    const directed = changed.includes(true) && !isZero && this.hasRank(values);
    const found: FoundBase = {
      values,
      isZero,
      directed,
      single: known ? known.single : directed && base.singleSuffices(k),
    };
    let zeros = plan.shape.weights;
    let counted: SideQuantities['masks'][] = [];
    let factors: BaseFactors | null = null;
    if (!isZero) {
      if (known) putFactors(this.memory, plan, known);
      else {
        base.iterate(directed ? Math.max(k, r) : r);
        base.vectors(plan.leading.X, plan.leading.Y, r, 0, r, false, false);
        this.unitLeading(values);
        if (directed) this.baseVectors(base, found.single);
        this.markMasks();
        if (this.settings.keepFactors && this.scale === 1)
          factors = takeFactors(this.memory, plan, this.settings, { values, directed, single: found.single });
      }
      const first = this.countMasks();
      zeros = first.zeros;
      counted = sides.map((side, i) => (i === 0 ? first.masks : this.against(side, () => this.countMasks().masks)));
    }

    const results = sides.map((side, i): Omit<SideQuantities, 'masks'> =>
      changed[i] ? this.against(side, () => this.side(found, i === 0 ? this.shares : null)) : this.unchanged(found),
    );
    let baseValues = values;
    const coarse = results.some(({ tunedValues }) => spectrumIsCoarse(values, tunedValues, plan.shape));
    if (!plan.spectrum.jacobi && coarse) {
      baseValues = this.exactValues(this.base);
      for (const [i, side] of sides.entries())
        Object.assign(results[i] ?? {}, { tunedValues: changed[i] ? this.exactValues(side) : baseValues });
    }
    const [tuned, ...others] = results.map((result, i): SideQuantities => ({
      ...result,
      tunedValues: this.unscaled(result.tunedValues),
      masks: counted[i] ?? null,
    }));
    return {
      ...(tuned as SideQuantities),
      baseValues: this.unscaled(baseValues),
      zeros,
      ...(factors ? { factors } : {}),
      ...(others.length > 0 ? { others } : {}),
    };
  }

  /** What was kept of this base, if it is what this pair would compute: how many vectors there are depends on whether a side differs. */
  private knownFactors(differs: boolean): BaseFactors | null {
    const { factors } = this.settings;
    if (!factors || this.scale !== 1 || !fitFactors(factors, this.plan.shape, this.settings)) return null;
    return factors.directed === (differs && this.hasRank(factors.values)) ? factors : null;
  }

  /** All but the masks of a side that equals the base. */
  private unchanged({ values, isZero }: FoundBase): Omit<SideQuantities, 'masks'> {
    const { angleRank: k, updateRank } = this.settings;
    return {
      tunedValues: values,
      updateValues: new Float64Array(values.length),
      anglesU: null,
      anglesV: null,
      leftOverlap: null,
      ...this.projectedNothing(isZero, this.hasRank(values) ? k : null),
      ...(updateRank === undefined ? {} : { updateRight: null }),
    };
  }

  /** All but the masks of a side that differs from the base. `tunedValues` times the scale. */
  private side(base: FoundBase, shares: PairShares | null): Omit<SideQuantities, 'masks'> {
    const { plan } = this;
    const { shape } = plan;
    const { q, big } = shape;
    const { angleRank: k } = this.settings;
    const { single } = base;
    const precision = base.directed ? (single ? 'single' : 'double') : 'none';
    let update: ReturnType<PairTask['update']> | null = null;
    let tunedValues: Float64Array;
    if (!shares || shares.claim('tuned')) tunedValues = this.tunedSide(precision);
    else {
      // another thread is at the tuned side: the update meanwhile
      update = this.update(base, shares);
      tunedValues = shares.takeTuned(this.memory, plan, single, this.checkCancelled) ?? this.tunedSide(precision);
    }
    const wantAngles = base.directed && this.hasRank(tunedValues);
    const angles = (side: 'X' | 'U', rows: number): ReturnType<typeof principalAngles> | null => {
      if (!wantAngles) return null;
      const overlap = (side === 'U') === shape.tall;
      const bases = { A: plan.base[side], B: plan.tuned[side], rows, k, single, overlap };
      return principalAngles(this.memory, this.kernels, plan.angles, bases, this.checkCancelled);
    };
    const small = angles('X', q);
    const large = angles('U', big);
    update ??= this.update(base, shares);
    const [left, right] = shape.tall ? [large, small] : [small, large];
    const anglesOf = (found: typeof left): PairQuantities['anglesU'] =>
      found && { sines: found.sines, cosines: found.cosines };
    return {
      ...{ tunedValues, anglesU: anglesOf(left), anglesV: anglesOf(right) },
      leftOverlap: left?.leftOverlap ?? null,
      ...update,
    };
  }

  /** The tuned side for another thread's `run`: values, and vectors in the precision that they ask for. */
  runTuned(): void {
    if (!this.shares?.take('tuned')) return;
    const values = this.tunedSide('auto');
    this.shares.giveTuned(this.memory, this.plan, values, this.hasRank(values) ? this.tunedPrecision : 'none');
  }
  /** The values of D for another thread's `run`; null if that has begun with them. */
  runUpdate(): Float64Array | null {
    if (!this.shares?.take('update')) return null;
    return this.updateSpectrum(this.loadUpdate()).updateValues;
  }

  /** s_k above tol: there is a subspace to compare. */
  private hasRank(values: Float64Array): boolean {
    return (values[this.settings.angleRank - 1] ?? 0) > this.tolerance * (values[0] ?? 0);
  }

  /** Values of W1, and its k leading vectors in the wanted precision; made in float64 if float32 does not serve. */
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
  private update(
    base: FoundBase,
    shares: PairShares | null,
  ): Pick<SideQuantities, 'updateValues' | 'updateRight' | 'energies' | 'diagonal' | 'directions'> {
    const updateScale = this.loadUpdate();
    const leading = base.directed ? { k: this.settings.angleRank, single: base.single } : null;
    const projected = base.isZero
      ? { energies: null, diagonal: null, directions: null }
      : this.projected(updateScale, { leading });
    const mine = !shares || shares.claim('update');
    return {
      ...(mine ? this.updateSpectrum(updateScale) : { updateValues: new Float64Array(0) }),
      ...projected,
      directions: leading ? projected.directions : null,
    };
  }
  private updateSpectrum(updateScale: number): Pick<SideQuantities, 'updateValues' | 'updateRight'> {
    const spectrum = this.spectrumOf(updateFormat(this.format));
    const values = spectrum.computeValues();
    const updateValues = this.unscaled(values).map((s) => s / updateScale);
    const { updateRank: count } = this.settings;
    if (count === undefined) return { updateValues };
    if (!((values[count - 1] ?? 0) > this.tolerance * (values[0] ?? 0))) return { updateValues, updateRight: null };
    const { update, shape } = this.plan;
    spectrum.iterate(count);
    spectrum.vectors(update.X, update.U, count, 0, count, false, true);
    const right = this.memory.f64(shape.tall ? update.X : update.U, shape.columns * count);
    return { updateValues, updateRight: right.slice() };
  }

  private unscaled(values: Float64Array): Float64Array {
    return values.map((s) => s / this.scale);
  }

  /** Singular values without the loss of the Gram matrix; the reconstruction's room takes the matrix in float64. */
  private exactValues(source: Source): Float64Array {
    this.load(source);
    const { plan, kernels, memory, format } = this;
    return bidiagonalValues(memory, kernels, plan.exact, plan.shape, plan.matrix, format);
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
