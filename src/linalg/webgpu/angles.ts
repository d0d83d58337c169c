/**
 * Principal angles on the device in the sine form: sines are the singular values of X1 - X0 X0'X1, cosines those of X0'X1, both by the
 * reduction to a band and float64 on the CPU. Neither comes from a Gram matrix in float32, and the cosines alone have no digits for small
 * angles.
 */
import type { FloatTail } from '../backend.ts';
import { leftOverlap, type LeftOverlap } from '../intruders.ts';
import { BandReduction, BANDWIDTH } from './bandReduction.ts';
import type { GpuContext } from './context.ts';
import { multiply } from './gemm/multiply.ts';
import { createMatrix, type DeviceMatrix } from './matrix.ts';

/** Sine from which the cosines are computed as singular values of their own; below, sqrt(1 - sine^2) has every digit. */
const COSINE_FROM = 0.5;

export interface Angles {
  sines: Float64Array;
  cosines: Float64Array;
}
export interface FoundAngles {
  angles: Angles;
  /** of the tuned side's leading columns in the base's, which are left singular vectors; null unless asked for */
  leftOverlap: LeftOverlap | null;
}
/** Of all pairs of bases; `overlap`: whether what they overlap is read back for `leftOverlap`. */
export interface AngleSizes {
  rows: number;
  k: number;
  overlap: boolean;
}
/** Leading k vectors of both sides, [rows, k] each, columns orthonormal to float32's accuracy. */
export interface Bases {
  base: DeviceMatrix;
  tuned: DeviceMatrix;
}

/**
 * Sines and cosines of the k angles of each pair of bases, ascending in angle; all of one shape [rows, k]. Absolute error about 1e-6.
 * Throws device-lost, cancelled, DeviceMemoryError.
 */
export async function principalAngles(
  context: GpuContext,
  tail: FloatTail,
  bases: readonly Bases[],
  { rows, k, overlap }: AngleSizes,
  signal?: AbortSignal,
): Promise<FoundAngles[]> {
  const overlaps: DeviceMatrix[] = [];
  try {
    while (overlaps.length < bases.length) overlaps.push(await createMatrix(context, 'overlap of two bases', k, k));
    const sines = await bandValues(context, tail, rows, k, bases.length, signal, async (reduction) => {
      const rests = bases.map((_, i) => reduction.matrix(i));
      for (const [i, { tuned }] of bases.entries()) await copy(context, tuned, rests[i] as DeviceMatrix);
      await multiply(
        context,
        bases.flatMap(({ base, tuned }, i) => [
          { a: base, transposeA: true, b: tuned, c: overlaps[i] as DeviceMatrix },
          { a: base, b: overlaps[i] as DeviceMatrix, c: rests[i] as DeviceMatrix, alpha: -1, beta: 1 },
        ]),
      );
    });
    const angles = sines.map((values): Angles => {
      const ascending = values.map((sine) => Math.min(1, sine)).reverse();
      return { sines: ascending, cosines: ascending.map((sine) => Math.sqrt((1 - sine) * (1 + sine))) };
    });
    const leading: LeftOverlap[] = [];
    for (const { buffer, offset, ld } of overlap ? overlaps : [])
      leading.push(leftOverlap(new Float32Array(await context.read(buffer, offset, k * ld * 4, signal)), k, ld));
    const found = (): FoundAngles[] => angles.map((angle, i) => ({ angles: angle, leftOverlap: leading[i] ?? null }));
    const wide = angles.flatMap(({ sines: s }, i) => ((s.at(-1) ?? 0) > COSINE_FROM ? [i] : []));
    if (wide.length === 0) return found();
    const cosines = await bandValues(context, tail, k, k, wide.length, signal, async (reduction) => {
      for (const [member, i] of wide.entries())
        await copy(context, overlaps[i] as DeviceMatrix, reduction.matrix(member));
    });
    for (const [member, i] of wide.entries()) {
      const angle = angles[i] as Angles;
      angle.sines.forEach((sine, j) => {
        if (sine > COSINE_FROM) angle.cosines[j] = Math.min(1, cosines[member]?.[j] ?? 0);
      });
    }
    return found();
  } finally {
    for (const { buffer } of overlaps) context.pool.release(buffer);
  }
}

/** Singular values, descending, of a batch of [rows, columns] matrices that `fill` writes. */
async function bandValues(
  context: GpuContext,
  tail: FloatTail,
  rows: number,
  columns: number,
  batch: number,
  signal: AbortSignal | undefined,
  fill: (reduction: BandReduction) => Promise<void>,
): Promise<Float64Array[]> {
  const reduction = await BandReduction.create(context, { rows, columns, batch, keepReflectors: false });
  let bands: Float64Array[];
  try {
    await fill(reduction);
    await reduction.reduce(signal);
    bands = await reduction.readBands(signal);
  } finally {
    reduction.destroy();
  }
  const factors = await Promise.all(
    bands.map((data) => tail.band({ order: Math.min(rows, columns), width: BANDWIDTH, data }, 0, signal)),
  );
  return factors.map(({ values }) => values);
}

/** Matrices of one padded shape. */
async function copy(context: GpuContext, from: DeviceMatrix, to: DeviceMatrix): Promise<void> {
  if (from.rows !== to.rows || from.cols !== to.cols) throw new RangeError('copy: two shapes');
  const encoder = context.device.createCommandEncoder();
  // rows of a reduction's matrix may lie apart
  const [count, floats] = from.ld === to.ld ? [1, from.rows * from.ld] : [from.rows, from.cols];
  for (let row = 0; row < count; row++) {
    const [source, target] = [from.offset + row * from.ld * 4, to.offset + row * to.ld * 4];
    encoder.copyBufferToBuffer(from.buffer, source, to.buffer, target, floats * 4);
  }
  await context.checked('copy', () => context.device.queue.submit([encoder.finish()]));
}
