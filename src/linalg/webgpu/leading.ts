/** What depends on the leading vectors of the base, on the device, from vectors that the CPU has made exact. */
import type { FloatTail, LeadingQuantities, LeadingStart, PairQuantities, RefinedLeading } from '../backend.ts';
import type { GpuContext } from './context.ts';
import { multiply } from './gemm/multiply.ts';
import { countsOnDevice, deviceMasks, factorsOf } from './masks.ts';
import { createMatrix, matrixBytes, type DeviceMatrix } from './matrix.ts';
import type { PairJob } from './pairs.ts';
import { absMax, ScaleSlots, unpack, type DeviceType, type RawPair } from './unpack.ts';
import { upload, uploadBytes } from './upload.ts';

/** Bytes of the pool that one pair takes. */
export function leadingBytes({ base, tuned, options }: PairJob): number {
  const { rows, columns, data } = base;
  const vectors =
    4 * (matrixBytes({ rows, cols: options.maskRank }) + matrixBytes({ rows: columns, cols: options.maskRank }));
  return (
    uploadBytes(data.byteLength) + uploadBytes(tuned.data.byteLength) + matrixBytes({ rows, cols: columns }) + vectors
  );
}

/**
 * Masks and energies. `refined`: of `start`. On the CPU where the device does not know the grid, where the vectors are not determined, and
 * where too many entries share the selection's threshold. Throws device-lost, cancelled, DeviceMemoryError.
 */
export async function leadingQuantities(
  context: GpuContext,
  tail: FloatTail,
  job: PairJob,
  start: LeadingStart,
  refined: RefinedLeading,
  unchanged: boolean,
  signal: AbortSignal,
): Promise<LeadingQuantities> {
  const { base, tuned, options } = job;
  const { rows, columns } = base;
  const { maskRank: r } = options;
  const onCpu = (): Promise<LeadingQuantities> => tail.leading(base, tuned, start, { ...options, signal });
  const { values } = refined;
  const tolerance = Math.max(rows, columns) * 2 ** -23 * (values[0] ?? 0);
  if (!countsOnDevice(job) || !((values[r - 1] ?? 0) > tolerance)) return onCpu();
  const held: GPUBuffer[] = [];
  const hold = <T extends { buffer: GPUBuffer }>(item: T): T => {
    held.push(item.buffer);
    return item;
  };
  try {
    const pair: RawPair = {
      ...{ rows, columns, roundToBf16: options.grid.roundFirst },
      base: { words: hold(await upload(context, base.data, signal)), type: base.type as DeviceType },
      tuned: { words: hold(await upload(context, tuned.data, signal)), type: tuned.type as DeviceType },
    };
    const whole = hold(await createMatrix(context, `reconstruction, ${rows} x ${columns}`, rows, columns));
    const factors = factorsOf(job, refined);
    const left = hold(await put(context, factors.left, rows, r));
    const right = hold(await put(context, factors.right, columns, r));
    await multiply(context, [{ a: left, b: right, transposeB: true, c: whole }]);
    const found = await deviceMasks(context, job, pair, whole, factors, refined.error, signal);
    if (!found) return await onCpu();
    if (unchanged) return { ...found, energies: { joint: 0, left: 0, right: 0 }, diagonal: new Float64Array(r) };
    // unit vectors: the larger side's came times s
    const unit = (matrix: Float64Array): Float64Array => matrix.map((x, i) => x / (values[i % r] ?? 1));
    const tall = rows >= columns;
    const u = tall ? hold(await put(context, unit(factors.left), rows, r)) : left;
    const v = tall ? right : hold(await put(context, unit(factors.right), columns, r));
    return { ...found, ...(await projections(context, pair, whole, u, v, r, signal)) };
  } finally {
    for (const buffer of held) context.pool.release(buffer);
  }
}

/** norm_F(U' D V)^2, norm_F(U' D)^2, norm_F(D V)^2 and u_i' D v_i: products in float32, sums in float64. `whole` takes D. */
async function projections(
  context: GpuContext,
  pair: RawPair,
  whole: DeviceMatrix,
  u: DeviceMatrix,
  v: DeviceMatrix,
  r: number,
  signal: AbortSignal,
): Promise<Pick<PairQuantities, 'energies' | 'diagonal'>> {
  const scales = await ScaleSlots.create(context, 1);
  const made: DeviceMatrix[] = [];
  try {
    await absMax(context, pair, 'difference', scales, 0);
    await unpack(context, pair, 'difference', whole, { slots: scales, slot: 0 });
    const create = async (rows: number): Promise<DeviceMatrix> => {
      const matrix = await createMatrix(context, 'the update in the leading directions', rows, r);
      made.push(matrix);
      return matrix;
    };
    const along = await create(u.rows);
    const across = await create(v.rows);
    const joint = await create(r);
    await multiply(context, [
      { a: whole, b: v, c: along },
      { a: whole, transposeA: true, b: u, c: across },
      { a: u, transposeA: true, b: along, c: joint },
    ]);
    const read = async ({ buffer, offset, rows, ld }: DeviceMatrix): Promise<Float32Array> =>
      new Float32Array(await context.read(buffer, offset, rows * ld * 4, signal));
    const [right, left, both] = [await read(along), await read(across), await read(joint)];
    const [exponent = 0] = await scales.exponents(signal);
    const scale = 2 ** exponent;
    const square = (values: Float32Array): number => values.reduce((sum, x) => sum + x * x, 0) / scale / scale;
    return {
      energies: { joint: square(both), left: square(left), right: square(right) },
      diagonal: Float64Array.from({ length: r }, (_, i) => (both[i * joint.ld + i] ?? 0) / scale),
    };
  } finally {
    scales.destroy();
    for (const { buffer } of made) context.pool.release(buffer);
  }
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
