/** Singular vectors of the band to those of the matrix, on the device: U = Q [Ub; 0], V = P Vb, and the way back, Q' X. */
import { throwIfAborted } from '../../protocol/errors.ts';
import type { BandReduction } from './bandReduction.ts';
import { ceilTo, STORAGE_BUFFER } from './flags.ts';
import { BLOCK, type DeviceMatrix } from './matrix.ts';
import { type Dispatch, execute, type Matrices, record } from './recorder.ts';

/** Leading singular vectors of one member's band: row-major q x k. */
export interface BandVectors {
  ub: Float64Array | Float32Array;
  vb: Float64Array | Float32Array;
}

/** Vectors as columns: [rows as stored, k] and [columns as stored, k], both padded. They share no buffer; release both. */
export interface Vectors {
  left: DeviceMatrix;
  right: DeviceMatrix;
}

type Side = 'Left' | 'Right';

/** Bytes of the pool that one member's vectors take. */
export const vectorBytes = (rows: number, columns: number, k: number): number =>
  (ceilTo(rows, BLOCK) + ceilTo(columns, BLOCK)) * ceilTo(k, BLOCK) * 4;

/**
 * The vectors of one member, k of them, on the device. Left ones belong to the stored rows also where the matrix was reduced as its
 * transpose. Needs `keepReflectors`. Throws device-lost, cancelled, DeviceMemoryError.
 */
export async function backTransform(
  reduction: BandReduction,
  member: number,
  { ub, vb }: BandVectors,
  k: number,
  signal?: AbortSignal,
): Promise<Vectors> {
  const tall = await carry(reduction, member, ub, k, 'Left', signal);
  try {
    const flat = await carry(reduction, member, vb, k, 'Right', signal);
    return reduction.transposed ? { left: flat, right: tall } : { left: tall, right: flat };
  } catch (error) {
    reduction.context.pool.release(tall.buffer);
    throw error;
  }
}

async function carry(
  reduction: BandReduction,
  member: number,
  source: Float64Array | Float32Array,
  k: number,
  side: Side,
  signal: AbortSignal | undefined,
): Promise<DeviceMatrix> {
  throwIfAborted(signal);
  const { context } = reduction;
  const length = side === 'Left' ? reduction.rows : reduction.cols;
  const ld = ceilTo(k, BLOCK);
  const padded = new Float32Array(length * ld);
  const q = source.length / k;
  for (let i = 0; i < q; i++) for (let c = 0; c < k; c++) padded[i * ld + c] = source[i * k + c] ?? 0;
  const buffer = await context.pool.acquire(`singular vectors, ${length} x ${ld}`, padded.byteLength, STORAGE_BUFFER);
  const matrix = { buffer, offset: 0, rows: length, cols: ld, ld };
  try {
    await context.checked('vectors', () => context.device.queue.writeBuffer(buffer, 0, padded));
    await applyReflectors(reduction, member, matrix, side, false, signal);
    return matrix;
  } catch (error) {
    context.pool.release(buffer);
    throw error;
  }
}

/**
 * X := Q X or P X (`transposed`: Q' X, P' X) in place, for one member's reflectors; X has as many rows as the reduction's rows
 * (side Left) or columns (Right), at most as many columns as the reduction.
 */
export async function applyReflectors(
  reduction: BandReduction,
  member: number,
  x: DeviceMatrix,
  side: Side,
  transposed: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const { context } = reduction;
  const { plan, work } = reduction.reflectors();
  if (x.cols > plan.cols || x.ld !== x.cols) throw new RangeError('applyReflectors: too many columns');
  const matrices: Matrices = { ...x, firstMember: member, members: 1 };
  const longest = plan.steps[0]?.chunk ?? 0;
  const steps = plan.steps.filter((step) => side === 'Left' || step.cols > 0);
  if (!transposed) steps.reverse();
  const list = steps.flatMap((step) => {
    const row0 = side === 'Left' ? step.row0 : step.col0;
    const rows = side === 'Left' ? step.rows : step.cols;
    // W holds the first step's splits over all columns
    const chunk = Math.max(step.chunk, longest);
    const splits = Math.ceil(rows / chunk);
    const bytes = 4 * rows * x.cols;
    const dispatches: Dispatch[] = [
      {
        ...{ kernel: `vtc${side}`, x: Math.ceil(x.cols / 128), y: splits, bytes },
        touches: { from: 0, to: rows, unit: chunk, axis: 'y' },
      },
      {
        kernel: transposed ? `applyTransposed${side}` : `apply${side}`,
        x: x.cols / BLOCK,
        y: 1,
        bytes: 0,
        touches: null,
      },
      {
        ...{ kernel: `back${side}`, x: Math.ceil(x.cols / 64), y: Math.ceil(rows / 64), bytes: 2 * bytes },
        touches: { from: 0, to: rows, unit: 64, axis: 'y' },
      },
    ];
    return dispatches.flatMap((dispatch) => [
      ...record(
        ...([dispatch, step, chunk, { row0, rows, col0: 0, cols: x.cols }] as const),
        ...([matrices, work, context.limits.bindingBytes] as const),
      ),
    ]);
  });
  await execute(context, matrices, work, list, signal);
}
