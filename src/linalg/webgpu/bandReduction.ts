/**
 * Dense to upper band bidiagonal (b = 32) on the device, float32: A = Q B P'. A batch of matrices of one shape goes through every
 * dispatch together; a member's bits do not depend on its neighbours. A matrix with m < n is reduced as its transpose. Blocked
 * two-sided Householder (Grosser and Lang 1999, the first stage), panels factored on the device, nothing read back but the band.
 */
import { backTransform, type BandVectors, type Vectors } from './backTransform.ts';
import type { GpuContext } from './context.ts';
import { DeviceMemoryError } from './errors.ts';
import { STORAGE_BUFFER } from './flags.ts';
import { BLOCK, type DeviceMatrix } from './matrix.ts';
import { sizeClass } from './pool.ts';
import { bandFloats, execute, type Matrices, type Observer, record, T_FLOATS, type WorkBuffers } from './recorder.ts';
import { planReduction } from './planReduction.ts';
import type { Plan } from './steps.ts';
import { absMax, type RawPair, ScaleSlots, unpack, type UnpackMode } from './unpack.ts';

/** Upper bandwidth of B: B[r, r + d] may be non-zero for d = 0 .. BANDWIDTH. */
export const BANDWIDTH = BLOCK;

export interface ReductionShape {
  /** of the matrices as stored */
  rows: number;
  columns: number;
  batch: number;
  /** the reflectors stay, for `backTransform`: doubles the memory */
  keepReflectors: boolean;
}

type BufferName = 'a' | 'l' | 'r' | 'w' | 't' | 'keep' | 'band';

function floatsOf(plan: Plan, { batch, keepReflectors }: ReductionShape): Record<BufferName, number> {
  return {
    a: batch * plan.rows * plan.lda,
    l: batch * plan.lFloats,
    r: batch * plan.rFloats,
    w: batch * plan.wFloats,
    t: batch * T_FLOATS * plan.panels.length,
    keep: keepReflectors ? batch * plan.keepFloats : 64,
    band: batch * bandFloats(plan),
  };
}

export class BandReduction {
  /** the stored matrices are wide: everything below `matrix` is of their transposes */
  readonly transposed: boolean;
  /** padded, rows >= cols */
  readonly rows: number;
  readonly cols: number;
  readonly batch: number;

  private constructor(
    readonly context: GpuContext,
    readonly shape: ReductionShape,
    readonly plan: Plan,
    private readonly buffers: Record<BufferName, GPUBuffer>,
    private readonly scales: ScaleSlots,
  ) {
    this.transposed = shape.rows < shape.columns;
    this.rows = plan.rows;
    this.cols = plan.cols;
    this.batch = shape.batch;
  }

  /** Bytes of the pool that a reduction holds, raw words and back-transformed vectors not counted. */
  static bytes(shape: ReductionShape): number {
    const floats = floatsOf(planReduction(shape.rows, shape.columns), shape);
    return Object.values(floats).reduce((sum, count) => sum + sizeClass(count * 4), sizeClass(shape.batch * 4));
  }

  /** Throws DeviceMemoryError before anything is made when a buffer or the whole is over a limit. */
  static async create(context: GpuContext, shape: ReductionShape): Promise<BandReduction> {
    const plan = planReduction(shape.rows, shape.columns);
    const made: Partial<Record<BufferName, GPUBuffer>> = {};
    try {
      const buffers = made as Record<BufferName, GPUBuffer>;
      const sizes = floatsOf(plan, shape);
      // These are bound whole; A and the reflectors are bound in parts.
      for (const name of ['l', 'r', 'w', 'band'] as const) {
        const what = `the work space of a batch of ${shape.batch}`;
        const limit = context.limits.workBytes;
        if (sizes[name] * 4 > limit) throw new DeviceMemoryError(what, sizes[name] * 4, limit, 'one binding may have');
      }
      for (const [name, floats] of Object.entries(sizes)) {
        const label = `reduction of ${shape.batch} x ${shape.rows} x ${shape.columns}, ${name}`;
        buffers[name as BufferName] = await context.pool.acquire(label, floats * 4, STORAGE_BUFFER);
      }
      return new BandReduction(context, shape, plan, buffers, await ScaleSlots.create(context, shape.batch));
    } catch (error) {
      for (const buffer of Object.values(made)) context.pool.release(buffer);
      throw error;
    }
  }

  /** The matrix to fill before `reduce`, which overwrites it: the stored one, or its transpose when `transposed`. */
  matrix(member: number): DeviceMatrix {
    const { rows, cols, lda } = this.plan;
    return { buffer: this.buffers.a, offset: member * rows * lda * 4, rows, cols, ld: lda };
  }

  /** Fills a member from raw words, scaled by the power of two that its largest entry asks for; `readBands` takes that out again. */
  async fill(member: number, pair: RawPair, mode: UnpackMode): Promise<void> {
    await absMax(this.context, pair, mode, this.scales, member);
    await unpack(this.context, pair, mode, this.matrix(member), { slots: this.scales, slot: member }, this.transposed);
  }

  #work(): WorkBuffers {
    const { plan, buffers, batch } = this;
    return { ...buffers, plan, batch, keeps: this.shape.keepReflectors };
  }

  /** A = Q B P', all members together. Settles when the device is through. Throws device-lost, cancelled. The observer is for benchmarks. */
  async reduce(signal?: AbortSignal, observe?: Observer): Promise<void> {
    const { rows, batch, context, buffers, plan } = this;
    const matrices: Matrices = { buffer: buffers.a, offset: 0, rows, ld: plan.lda, firstMember: 0, members: batch };
    const work = this.#work();
    const list = plan.dispatches.flatMap((dispatch) => [
      ...record(dispatch, matrices, work, context.limits.bindingBytes),
    ]);
    await execute(context, matrices, work, list, signal, observe);
  }

  /**
   * The bands, one a member: q x (BANDWIDTH + 1), row-major, q = min(rows, columns) as stored; element [r][d] is B(r, r + d), zero
   * past the last column. Singular values of B are those of the matrix: the scale is taken out.
   */
  async readBands(signal?: AbortSignal): Promise<Float64Array[]> {
    const { batch, cols, context } = this;
    const q = Math.min(this.shape.rows, this.shape.columns);
    const exponents = await this.scales.exponents(signal);
    const raw = new Float32Array(await context.read(this.buffers.band, 0, batch * cols * 2 * BLOCK * 4, signal));
    const width = BANDWIDTH + 1;
    return exponents.map((exponent, member) => {
      const out = new Float64Array(q * width);
      const unscale = 2 ** -exponent;
      for (let r = 0; r < q; r++) {
        const row = (member * cols + r) * 2 * BLOCK + (r % BLOCK);
        for (let d = 0; d < width && r + d < q; d++) out[r * width + d] = (raw[row + d] ?? 0) * unscale;
      }
      return out;
    });
  }

  /** See `backTransform`: k singular vectors of a member's band to those of the matrix; they stay on the device. */
  async backTransform(member: number, vectors: BandVectors, k: number, signal?: AbortSignal): Promise<Vectors> {
    return backTransform(this, member, vectors, k, signal);
  }

  /** Where the reflectors lie. */
  reflectors(): WorkBuffers {
    if (!this.shape.keepReflectors) throw new RangeError('the reflectors were not kept');
    return this.#work();
  }

  destroy(): void {
    for (const buffer of Object.values(this.buffers)) this.context.pool.release(buffer);
    this.scales.destroy();
  }
}
