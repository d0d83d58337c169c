/** Raw words -> float32 matrices on the device: decoding, the difference, scale, transposing, padding. */
import type { MatrixType } from '../../numbers/index.ts';
import type { GpuContext } from './context.ts';
import { ceilTo, SHADER_STAGE_COMPUTE, STORAGE_BUFFER, UNIFORM_BUFFER } from './flags.ts';
import { BLOCK, type DeviceMatrix } from './matrix.ts';
import type { RawWords } from './upload.ts';
import unpackCode from './wgsl/unpack.wgsl';
import wordsCode from './wgsl/words.wgsl';

/** Storage types that are decoded on the device. F64 is not: there is no float64 in WGSL. */
export type DeviceType = Exclude<MatrixType, 'F64'>;
/** The shaders' number of a type. */
export const TYPE: Record<DeviceType, number> = { BF16: 0, F16: 1, F32: 2 };

export interface RawSide {
  words: RawWords;
  type: DeviceType;
}

/** One matrix [rows, columns] as stored, or two of that shape. */
export interface RawPair {
  rows: number;
  columns: number;
  base: RawSide | null;
  tuned: RawSide | null;
}

/** What is unpacked: W0, W1 or W1 - W0. */
export type UnpackMode = 'base' | 'tuned' | 'difference';
const MODE: Record<UnpackMode, number> = { base: 0, tuned: 1, difference: 2 };

/** A power of two: 2^exponent, or the one that brings the largest entry found by `absMax` into [1, 2). */
export type UnpackScale = { exponent: number } | { slots: ScaleSlots; slot: number };

/** What a slot's word is more than the logarithm; the shader's constant. */
const LOG_BIAS = 512;

/** Largest absolute values, found on the device and used there; read back at leisure. */
export class ScaleSlots {
  private constructor(
    private readonly context: GpuContext,
    readonly buffer: GPUBuffer,
    readonly count: number,
  ) {}

  static async create(context: GpuContext, count: number): Promise<ScaleSlots> {
    const buffer = await context.pool.acquire('scales', count * 4, STORAGE_BUFFER);
    const slots = new ScaleSlots(context, buffer, count);
    await slots.clear();
    return slots;
  }

  /** Forgets what was found: a slot without a maximum stands for the scale 1. */
  async clear(): Promise<void> {
    const encoder = this.context.device.createCommandEncoder();
    encoder.clearBuffer(this.buffer, 0, this.count * 4);
    await this.context.checked('scales', () => this.context.device.queue.submit([encoder.finish()]));
  }

  /** A slot's exponent e: the matrix was multiplied by 2^e. */
  async exponents(signal?: AbortSignal): Promise<number[]> {
    const words = new Uint32Array(await this.context.read(this.buffer, 0, this.count * 4, signal));
    return Array.from(words, (found) => (found === 0 ? 0 : LOG_BIAS - found));
  }

  destroy(): void {
    this.context.pool.release(this.buffer);
  }
}

/** Finds the largest absolute value of what `mode` names, into a cleared slot. */
export async function absMax(
  context: GpuContext,
  pair: RawPair,
  mode: UnpackMode,
  slots: ScaleSlots,
  slot: number,
): Promise<void> {
  await run(context, pair, mode, 'absMax', slots, slot, null);
}

/**
 * Fills `out`, padding included, with the decoded matrix times the scale; transposed if `transpose` is set, so that out's rows
 * are the stored columns. Exact but for the one rounding of a difference, and for what falls below 2^-126 under the scale.
 */
export async function unpack(
  context: GpuContext,
  pair: RawPair,
  mode: UnpackMode,
  out: DeviceMatrix,
  scale: UnpackScale,
  transpose = false,
): Promise<void> {
  const exponent = 'exponent' in scale ? scale.exponent : 0;
  const [slots, slot] = 'slots' in scale ? [scale.slots, scale.slot] : [null, 0];
  await run(context, pair, mode, 'unpack', slots, slot, { matrix: out, transpose, exponent });
}

interface Target {
  matrix: DeviceMatrix;
  transpose: boolean;
  exponent: number;
}

/** A part of the stored matrix whose words, and whose place in the result, fit into a binding each. */
interface Piece {
  row0: number;
  rows: number;
  col0: number;
  cols: number;
  height: number;
  width: number;
}

function* pieces(pair: RawPair, target: Target | null, bindingBytes: number): Generator<Piece> {
  const { rows, columns } = pair;
  const weight = pair.base?.type === 'F32' || pair.tuned?.type === 'F32' ? 4 : 2;
  // 512 bytes: a binding starts up to 255 before the piece
  const rawRows = Math.floor((bindingBytes - 512) / (columns * weight));
  const line = target ? Math.floor(bindingBytes / (target.matrix.ld * 4)) : Infinity;
  const rowStep = floorTo(Math.min(rawRows, target && !target.transpose ? line : Infinity, ceilTo(rows, BLOCK)));
  const colStep = floorTo(Math.min(target?.transpose ? line : Infinity, ceilTo(columns, BLOCK)));
  for (let row0 = 0; row0 < rows; row0 += rowStep) {
    for (let col0 = 0; col0 < columns; col0 += colStep) {
      yield {
        ...{ row0, rows: Math.min(rowStep, rows - row0), col0, cols: Math.min(colStep, columns - col0) },
        height: Math.min(rowStep, ceilTo(rows, BLOCK) - row0),
        width: Math.min(colStep, ceilTo(columns, BLOCK) - col0),
      };
    }
  }
}

const floorTo = (value: number): number => Math.max(BLOCK, value - (value % BLOCK));
const THREADS = 256;
/** Weights a thread takes at least in a maximum: fewer workgroups, fewer atomics. */
const WEIGHTS_PER_THREAD = 16;
const SHAPE_BYTES = 64;

async function run(
  context: GpuContext,
  pair: RawPair,
  mode: UnpackMode,
  entryPoint: 'unpack' | 'absMax',
  slots: ScaleSlots | null,
  slot: number,
  target: Target | null,
): Promise<void> {
  const { device, limits } = context;
  const base = pair.base ?? pair.tuned;
  const tuned = pair.tuned ?? pair.base;
  if (!base || !tuned) throw new RangeError('unpack: no words');
  const layout = context.shared('unpack layout', () => makeLayout(device));
  const pipeline = await context.pipeline({
    ...{ label: entryPoint, code: wordsCode + unpackCode, entryPoint, layout: layout.pipeline },
    constants: {
      ...{ MODE: MODE[mode], TYPE0: TYPE[base.type], TYPE1: TYPE[tuned.type], FROM_SLOT: target && slots ? 1 : 0 },
      ...{ TRANSPOSE: target?.transpose ? 1 : 0 },
    },
  });
  const list = [...pieces(pair, target, limits.bindingBytes)];
  const shapes = await context.pool.acquire('unpack shapes', list.length * 256, UNIFORM_BUFFER);
  // What a kernel does not use is bound all the same.
  const spare = await context.pool.acquire('unpack spare', 512, STORAGE_BUFFER);
  try {
    const records = new DataView(new ArrayBuffer(list.length * 256));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    for (const [i, piece] of list.entries()) {
      const side0 = bindRows(base, pair.columns, piece);
      const side1 = bindRows(tuned, pair.columns, piece);
      const count = target ? piece.height * piece.width : Math.ceil((piece.rows * piece.cols) / WEIGHTS_PER_THREAD);
      const groups = Math.max(1, Math.min(Math.ceil(count / THREADS), limits.workgroups));
      const ld = target?.matrix.ld ?? 0;
      const at = target?.transpose ? piece.row0 : piece.col0;
      const fields = [piece.rows, pair.columns, ld, piece.col0, piece.cols, piece.height, piece.width, at];
      fields.push(side0.first, side1.first, target?.exponent ?? 0, slot, groups * THREADS);
      for (const [k, value] of fields.entries()) records.setInt32(i * 256 + k * 4, value, true);
      const outRow = target?.transpose ? piece.col0 : piece.row0;
      const outRows = target?.transpose ? piece.width : piece.height;
      const out = target
        ? { buffer: target.matrix.buffer, offset: target.matrix.offset + outRow * ld * 4, size: outRows * ld * 4 }
        : { buffer: spare, offset: 0, size: 256 };
      const resources = [{ buffer: shapes, offset: i * 256, size: SHAPE_BYTES }, side0.binding, side1.binding, out];
      resources.push(
        slots ? { buffer: slots.buffer, offset: 0, size: slots.count * 4 } : { buffer: spare, offset: 256, size: 256 },
      );
      const entries = resources.map((resource, binding) => ({ binding, resource }));
      pass.setBindGroup(0, device.createBindGroup({ layout: layout.group, entries }));
      pass.dispatchWorkgroups(groups);
    }
    pass.end();
    await context.checked(entryPoint, () => {
      device.queue.writeBuffer(shapes, 0, records.buffer);
      device.queue.submit([encoder.finish()]);
    });
  } finally {
    context.pool.release(shapes);
    context.pool.release(spare);
  }
}

/** The binding that holds a piece's rows: from a multiple of 256 bytes on, and the weights before the piece's first row in it. */
function bindRows(
  side: RawSide,
  columns: number,
  piece: Piece,
): { binding: GPUBufferBinding & { offset: number; size: number }; first: number } {
  const weight = side.type === 'F32' ? 4 : 2;
  const start = piece.row0 * columns * weight;
  const offset = start - (start % 256);
  const end = ceilTo((piece.row0 + piece.rows) * columns * weight, 4);
  return {
    binding: { buffer: side.words.buffer, offset, size: end - offset },
    first: (start - offset) / weight,
  };
}

function makeLayout(device: GPUDevice): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
  const kinds = ['uniform', 'read-only-storage', 'read-only-storage', 'storage', 'storage'] as const;
  const group = device.createBindGroupLayout({
    entries: kinds.map((type, binding) => ({ binding, visibility: SHADER_STAGE_COMPUTE, buffer: { type } })),
  });
  return { group, pipeline: device.createPipelineLayout({ bindGroupLayouts: [group] }) };
}
