/** Singular vectors of the band to those of the matrix, on the device: U = Q [Ub; 0], V = P Vb, and the way back, Q' X. */
import { throwIfAborted } from '../../protocol/errors.ts';
import type { BandReduction } from './bandReduction.ts';
import { ceilTo, STORAGE_BUFFER } from './flags.ts';
import { BLOCK, type DeviceMatrix } from './matrix.ts';
import type { Kernel } from './kernels.ts';
import { execute, type Matrices, record } from './recorder.ts';
import { backChunk } from './planReduction.ts';
import type { Dispatch, Panel, Plan, StepFields, Touches } from './steps.ts';

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
 * The vectors of one member, k of them, on the device. Left ones belong to the stored rows also if the matrix was reduced as its
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
  const work = reduction.reflectors();
  const { plan } = work;
  if (x.cols > plan.cols) throw new RangeError('applyReflectors: too many columns');
  const matrices: Matrices = { ...x, firstMember: member, members: 1 };
  const list = [...dispatchesOf(plan, x.cols, side, transposed)].flatMap((dispatch) => [
    ...record(dispatch, matrices, work, context.limits.bindingBytes),
  ]);
  await execute(context, matrices, work, list, signal);
}

/** Each panel's I - V T V' (transposed: T') on `cols` columns, the last panel first, or (transposed) the first. */
function* dispatchesOf(plan: Plan, cols: number, side: Side, transposed: boolean): Generator<Dispatch<Kernel>> {
  const order = [...plan.panels.keys()];
  if (!transposed) order.reverse();
  for (const panel of order) {
    const { row0, rows, col0, cols: right } = plan.panels[panel] as Panel;
    const length = side === 'Left' ? rows : right;
    if (length === 0) continue;
    const chunk = backChunk(length, plan.cols);
    const fields: StepFields = {
      ...{ row0: side === 'Left' ? row0 : col0, rows: length, col0: 0, cols, ldl: 0, pc: 0, pr: 0, slot: 0 },
      ...{ pend: BLOCK / 4, chunk, chunkp: BLOCK, w0: 0, ldw: cols / 4, gw: 0, ldg: 0, x0: 0, ldx: 0 },
    };
    const bytes = 4 * length * cols;
    const one = { fields, panel, flops: 2 * BLOCK * length * cols };
    const along = (unit: number): Touches => ({ rows: length, unit, axis: 'y' });
    const splits = Math.ceil(length / chunk);
    yield { ...one, kernel: `vtm${side}`, x: Math.ceil(cols / 128), y: splits, bytes, touches: along(chunk) };
    const apply: Kernel = transposed ? `applyTransposed${side}` : `apply${side}`;
    yield { ...one, kernel: apply, x: cols / BLOCK, y: 1, bytes: 0, flops: 0, touches: null };
    const grid = { x: Math.ceil(cols / 64), y: Math.ceil(length / 64) };
    yield { ...one, kernel: `back${side}`, ...grid, bytes: 2 * bytes, touches: along(64) };
  }
}
