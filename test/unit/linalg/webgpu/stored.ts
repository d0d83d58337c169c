/** Matrices as stored, their way onto the device, and bands. */
import { BandReduction, BANDWIDTH } from '../../../../src/linalg/webgpu/bandReduction.ts';
import type { GpuContext } from '../../../../src/linalg/webgpu/context.ts';
import { upload } from '../../../../src/linalg/webgpu/upload.ts';
import type { DeviceType, RawPair, UnpackMode } from '../../../../src/linalg/webgpu/unpack.ts';
import { encode, gaussian, uniform } from '../../matrices.ts';

export interface Stored {
  rows: number;
  columns: number;
  type: DeviceType;
  base: Uint8Array;
  tuned?: Uint8Array;
}
export const stored = (rows: number, columns: number, values: Float64Array, type: DeviceType = 'BF16'): Stored => ({
  ...{ rows, columns, type, base: encode(type, values) },
});

/** Fills `member` from raw words that go up for this call only. */
export async function fill(reduction: BandReduction, member: number, matrix: Stored, mode: UnpackMode): Promise<void> {
  const { pool } = reduction.context;
  const base = await upload(reduction.context, matrix.base);
  const tuned = matrix.tuned ? await upload(reduction.context, matrix.tuned) : null;
  const pair: RawPair = {
    ...{ rows: matrix.rows, columns: matrix.columns },
    base: { words: base, type: matrix.type },
    tuned: tuned && { words: tuned, type: matrix.type },
  };
  await reduction.fill(member, pair, mode);
  pool.release(base.buffer);
  if (tuned) pool.release(tuned.buffer);
}

/** The band of one matrix, reduced alone. */
export async function bandOf(matrix: Stored, mode: UnpackMode, on: GpuContext): Promise<Float64Array> {
  const reduction = await BandReduction.create(on, { ...matrix, batch: 1, keepReflectors: false });
  try {
    await fill(reduction, 0, matrix, mode);
    await reduction.reduce();
    return (await reduction.readBands())[0] ?? new Float64Array(0);
  } finally {
    reduction.destroy();
  }
}

export function dense(band: Float64Array): { values: Float64Array; q: number } {
  const q = band.length / (BANDWIDTH + 1);
  const values = new Float64Array(q * q);
  for (let r = 0; r < q; r++) {
    for (let d = 0; d <= BANDWIDTH && r + d < q; d++) values[r * q + r + d] = band[r * (BANDWIDTH + 1) + d] ?? 0;
  }
  return { values, q };
}
/** A heavy-tailed spectrum s_i ~ i^-0.6 with random directions, entries of size 0.02. */
export function heavyTailed(m: number, n: number, seed: number): Float64Array {
  const q = Math.min(m, n);
  const terms = Math.min(q, 24);
  const noise = gaussian(m, n, seed);
  const out = noise.map((x) => (x * 0.02) / 2);
  for (let t = 0; t < terms; t++) {
    const u = gaussian(m, 1, seed + 100 + t);
    const v = gaussian(n, 1, seed + 200 + t);
    const s = 0.02 * (t + 1) ** -0.6;
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) out[i * n + j] = (out[i * n + j] ?? 0) + s * (u[i] ?? 0) * (v[j] ?? 0);
  }
  return out;
}

/** A share of the bf16 weights moves by one unit in the last place. */
export function ulps(words: Uint8Array, share: number, seed: number): Uint8Array {
  const codes = Uint16Array.from(new Uint16Array(words.buffer, words.byteOffset, words.byteLength / 2));
  const next = uniform(seed);
  for (let i = 0; i < codes.length; i++) if (next() < share) codes[i] = (codes[i] ?? 0) + (next() < 0.5 ? 1 : -1);
  return new Uint8Array(codes.buffer);
}
