/** The singular values of one matrix: band on the device, the rest in float64. */
import type { FloatTail, Matrix } from '../backend.ts';
import { BandReduction, BANDWIDTH } from './bandReduction.ts';
import type { GpuContext } from './context.ts';
import type { DeviceType } from './unpack.ts';
import { upload, uploadBytes } from './upload.ts';

/** Bytes of the pool that it takes. */
export function valuesBytes({ rows, columns, data }: Matrix): number {
  return (
    1.25 * (BandReduction.bytes({ rows, columns, batch: 1, keepReflectors: false }) + uploadBytes(data.byteLength))
  );
}

/** Descending. The matrix is not F64. Throws device-lost, cancelled, DeviceMemoryError. */
export async function valuesOf(
  context: GpuContext,
  tail: FloatTail,
  { rows, columns, type, data }: Matrix,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const reduction = await BandReduction.create(context, { rows, columns, batch: 1, keepReflectors: false });
  let band: Float64Array;
  try {
    const words = await upload(context, data, signal);
    try {
      const base = { words, type: type as DeviceType };
      await reduction.fill(0, { rows, columns, base, tuned: null }, 'base');
    } finally {
      context.pool.release(words.buffer);
    }
    await reduction.reduce(signal);
    [band = new Float64Array(0)] = await reduction.readBands(signal);
  } finally {
    reduction.destroy();
  }
  return (await tail.band({ order: Math.min(rows, columns), width: BANDWIDTH, data: band }, 0, signal)).values;
}
