/** What depends on the leading vectors of the base, on the device, from vectors that the CPU has made exact. */
import type {
  DirectionEnergies,
  FloatTail,
  LeadingQuantities,
  LeadingStart,
  Matrix,
  RefinedLeading,
} from '../backend.ts';
import { vectorBytes, type Vectors } from './backTransform.ts';
import type { GpuContext } from './context.ts';
import { multiply } from './gemm/multiply.ts';
import { countsOnDevice, deviceMasks, factorsOf } from './masks.ts';
import { createMatrix, matrixBytes, type DeviceMatrix } from './matrix.ts';
import type { PairJob } from './pairJob.ts';
import { absMax, ScaleSlots, unpack, type DeviceType, type RawPair, type RawSide } from './unpack.ts';
import { upload, uploadBytes } from './upload.ts';
import { concat } from '../../protocol/lists.ts';

/** Bytes of the pool that one pair takes. */
export function leadingBytes({ base, tuned, options }: PairJob): number {
  const { rows, columns, data } = base;
  const { maskRank: r, angleRank: k } = options;
  const vectors = 4 * (matrixBytes({ rows, cols: r }) + matrixBytes({ rows: columns, cols: r }));
  const beyond = k > r ? vectorBytes(rows, columns, Math.max(k, 2 * r)) : 0;
  return (
    uploadBytes(data.byteLength) +
    uploadBytes(tuned.data.byteLength) +
    matrixBytes({ rows, cols: columns }) +
    vectors +
    beyond
  );
}

export interface LeadingInput {
  /** a pair of one tuned side */
  job: PairJob;
  start: LeadingStart;
  /** of `start` */
  refined: RefinedLeading;
  /** k leading vectors of the base and more, in float32; null if there are not k */
  vectors: Vectors | null;
  unchanged: boolean;
}

/** Masks and energies. Throws device-lost, cancelled, DeviceMemoryError. */
export async function leadingQuantities(
  context: GpuContext,
  tail: FloatTail,
  input: LeadingInput,
  signal: AbortSignal,
): Promise<LeadingQuantities> {
  const { job, start, vectors, unchanged } = input;
  const { base, tuned, options } = job;
  const { angleRank: k, maskRank: r } = options;
  const task = new LeadingTask(context, input, signal);
  try {
    const found = (await task.onDevice()) ?? (await tail.leading(base, tuned, start, { ...options, signal }));
    if (!vectors) return { ...found, directions: null };
    if (unchanged) return { ...found, directions: { left: new Float64Array(k), right: new Float64Array(k) } };
    const beyond = k > r ? await task.beyond(vectors) : { left: new Float64Array(0), right: new Float64Array(0) };
    const joined = (side: 'left' | 'right'): Float64Array =>
      concat(found.directions?.[side].subarray(0, k) ?? new Float64Array(0), beyond[side]);
    return { ...found, directions: { left: joined('left'), right: joined('right') } };
  } finally {
    task.release();
  }
}

/** One pair's buffers, each made when it is first needed. */
class LeadingTask {
  private readonly held: GPUBuffer[] = [];
  private raw: RawPair | null = null;
  private matrix: DeviceMatrix | null = null;
  /** of the power of two that D in `matrix` is multiplied by; null as long as it is not there */
  private exponent: number | null = null;

  constructor(
    private readonly context: GpuContext,
    private readonly input: LeadingInput,
    private readonly signal: AbortSignal,
  ) {}

  release(): void {
    for (const buffer of this.held.splice(0)) this.context.pool.release(buffer);
  }
  private hold<T extends { buffer: GPUBuffer }>(item: T): T {
    this.held.push(item.buffer);
    return item;
  }

  /**
   * Null if the device does not know the grid, if the vectors are not determined, and if too many entries share the selection's
   * threshold. `directions`: the first r.
   */
  async onDevice(): Promise<LeadingQuantities | null> {
    const { context, signal } = this;
    const { job, refined, unchanged } = this.input;
    const { rows, columns } = job.base;
    const { maskRank: r } = job.options;
    const { values } = refined;
    const tolerance = Math.max(rows, columns) * 2 ** -23 * (values[0] ?? 0);
    if (!countsOnDevice(job) || !((values[r - 1] ?? 0) > tolerance)) return null;
    const [pair, whole] = [await this.pair(), await this.whole()];
    const factors = factorsOf(job, refined);
    const left = this.hold(await put(context, factors.left, rows, r));
    const right = this.hold(await put(context, factors.right, columns, r));
    await multiply(context, [{ a: left, b: right, transposeB: true, c: whole }]);
    const found = await deviceMasks(context, job, pair, whole, factors, refined.error, signal);
    if (!found) return null;
    if (unchanged)
      return {
        ...found,
        energies: { joint: 0, left: 0, right: 0 },
        diagonal: new Float64Array(r),
        directions: { left: new Float64Array(r), right: new Float64Array(r) },
      };
    // unit vectors: the larger side's came times s
    const unit = (matrix: Float64Array): Float64Array => matrix.map((x, i) => x / (values[i % r] ?? 1));
    const tall = rows >= columns;
    const u = tall ? this.hold(await put(context, unit(factors.left), rows, r)) : left;
    const v = tall ? right : this.hold(await put(context, unit(factors.right), columns, r));
    return { ...found, ...(await this.projections(u, v)) };
  }

  private async pair(): Promise<RawPair> {
    const { base, tuned } = this.input.job;
    const side = async ({ data, type }: Matrix): Promise<RawSide> => ({
      words: this.hold(await upload(this.context, data, this.signal)),
      type: type as DeviceType,
    });
    this.raw ??= {
      ...{ rows: base.rows, columns: base.columns },
      ...{ base: await side(base), tuned: await side(tuned) },
    };
    return this.raw;
  }
  private async whole(): Promise<DeviceMatrix> {
    const { rows, columns } = this.input.job.base;
    this.matrix ??= this.hold(await createMatrix(this.context, `${rows} x ${columns}`, rows, columns));
    return this.matrix;
  }
  /** D times 2^exponent, in place of what `whole` held. */
  private async update(): Promise<{ matrix: DeviceMatrix; exponent: number }> {
    const matrix = await this.whole();
    if (this.exponent !== null) return { matrix, exponent: this.exponent };
    const { context } = this;
    const pair = await this.pair();
    const scales = await ScaleSlots.create(context, 1);
    try {
      await absMax(context, pair, 'difference', scales, 0);
      await unpack(context, pair, 'difference', matrix, { slots: scales, slot: 0 });
      const [exponent = 0] = await scales.exponents(this.signal);
      this.exponent = exponent;
      return { matrix, exponent };
    } finally {
      scales.destroy();
    }
  }
  private async read({ buffer, offset, rows, ld }: DeviceMatrix): Promise<Float32Array> {
    return new Float32Array(await this.context.read(buffer, offset, rows * ld * 4, this.signal));
  }
  private async create(rows: number, columns: number): Promise<DeviceMatrix> {
    return this.hold(await createMatrix(this.context, 'the update in the leading directions', rows, columns));
  }

  /** norm_F(U' D V)^2, u_i' D v_i, and norm(u_i' D)^2, norm(D v_i)^2 with their sums: products in float32, sums in float64. */
  private async projections(
    u: DeviceMatrix,
    v: DeviceMatrix,
  ): Promise<Pick<LeadingQuantities, 'energies' | 'diagonal' | 'directions'>> {
    const { maskRank: r } = this.input.job.options;
    const { matrix, exponent } = await this.update();
    const [along, across] = [await this.create(u.rows, r), await this.create(v.rows, r)];
    const joint = await this.create(r, r);
    await multiply(this.context, [
      { a: matrix, b: v, c: along },
      { a: matrix, transposeA: true, b: u, c: across },
      { a: u, transposeA: true, b: along, c: joint },
    ]);
    const both = await this.read(joint);
    const scale = 2 ** exponent;
    const left = columnSquares(await this.read(across), across.ld, 0, r, scale);
    const right = columnSquares(await this.read(along), along.ld, 0, r, scale);
    const sum = (values: Float64Array): number => values.reduce((total, x) => total + x, 0);
    return {
      energies: { joint: sum(columnSquares(both, joint.ld, 0, r, scale)), left: sum(left), right: sum(right) },
      diagonal: Float64Array.from({ length: r }, (_, i) => (both[i * joint.ld + i] ?? 0) / scale),
      directions: { left, right },
    };
  }

  /** norm(u_i' D)^2 and norm(D v_i)^2 for i = r + 1..k, with vectors in float32: no single one of them weighs much in the sums. */
  async beyond({ left: u, right: v }: Vectors): Promise<DirectionEnergies> {
    const { angleRank: k, maskRank: r } = this.input.job.options;
    const { matrix, exponent } = await this.update();
    const [along, across] = [await this.create(u.rows, u.cols), await this.create(v.rows, v.cols)];
    await multiply(this.context, [
      { a: matrix, b: v, c: along },
      { a: matrix, transposeA: true, b: u, c: across },
    ]);
    const scale = 2 ** exponent;
    return {
      left: columnSquares(await this.read(across), across.ld, r, k, scale),
      right: columnSquares(await this.read(along), along.ld, r, k, scale),
    };
  }
}

/** Sums of squares of the columns from..to-1 of a matrix with rows of `ld`, less the scale that it carries. */
function columnSquares(values: Float32Array, ld: number, from: number, to: number, scale: number): Float64Array {
  const sums = new Float64Array(to - from);
  for (let row = 0; row < values.length; row += ld)
    for (let j = from; j < to; j++) sums[j - from] = (sums[j - from] as number) + (values[row + j] as number) ** 2;
  return sums.map((sum) => sum / scale / scale);
}

/** [rows, columns] in float64 to a padded matrix in float32. */
async function put(context: GpuContext, values: Float64Array, rows: number, columns: number): Promise<DeviceMatrix> {
  const matrix = await createMatrix(context, 'leading vectors', rows, columns);
  const padded = new Float32Array(matrix.rows * matrix.ld);
  for (let i = 0; i < rows; i++) padded.set(values.subarray(i * columns, (i + 1) * columns), i * matrix.ld);
  await context.checked('leading vectors', () =>
    context.device.queue.writeBuffer(matrix.buffer, matrix.offset, padded),
  );
  return matrix;
}
