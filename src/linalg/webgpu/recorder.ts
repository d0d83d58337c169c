/** Records dispatches over a matrix that may be larger than one binding, and submits them in portions. */
import { throwIfAborted } from '../../protocol/errors.ts';
import type { GpuContext } from './context.ts';
import { DeviceMemoryError } from './errors.ts';
import { UNIFORM_BUFFER } from './flags.ts';
import { type Kernel, RECORD_BYTES, RECORD_SIZE, stepLayout, stepPipelines } from './kernels.ts';
import { BLOCK } from './matrix.ts';
import type { Step, StepDispatch } from './steps.ts';

/** Most traffic in one submission: 2 GB are 45 ms on a 60 GB/s device. Windows resets a driver after 2 s. */
const SUBMIT_BYTES = 2e9;
/** The first submission, before anything is known of the device's speed, and the least. */
const FIRST_SUBMIT_BYTES = 2.5e8;
const LEAST_SUBMIT_BYTES = 1e7;
/** What a submission should take: a cancel and other work on the device wait for about two of them. */
const SUBMIT_MS = 150;

/** The matrices that the kernels call A: `members` of them from `firstMember` on, one after another. */
export interface Matrices {
  buffer: GPUBuffer;
  offset: number;
  rows: number;
  /** padded columns = row length */
  cols: number;
  firstMember: number;
  members: number;
}

/** Buffers of one batch, and the distances between its members in floats. Panels and T lie by step, then by member. */
export interface WorkBuffers {
  left: GPUBuffer;
  right: GPUBuffer;
  w: GPUBuffer;
  x: GPUBuffer;
  t: GPUBuffer;
  band: GPUBuffer;
  batch: number;
  /** every step has panels of its own */
  keep: boolean;
  wFloats: number;
  xFloats: number;
  wStride: number;
  xStride: number;
  bandStride: number;
}

/** T of one step and member: left, then right, 32 x 32 each. */
export const T_FLOATS = 2 * BLOCK * BLOCK;

/** What one dispatch does, on one matrix: a StepDispatch, or one of the back-transform. */
export type Dispatch = Pick<StepDispatch, 'x' | 'y' | 'bytes' | 'touches'> & { kernel: Kernel };

/** A dispatch with the part of A that it sees. */
interface Recorded {
  kernel: Kernel;
  step: Step;
  fields: number[];
  a: { offset: number; size: number };
  grid: [number, number, number];
  bytes: number;
}

/** A part of A within one binding. */
interface View {
  a: { offset: number; size: number };
  row: number;
  firstMember: number;
  members: number;
  /** units of rows before this tile, and in it */
  firstUnit: number;
  units: number;
}

/** The parts of A that a dispatch goes over one by one: everything, or groups of members, or tiles of rows of each member. */
function* views(matrices: Matrices, row0: number, touches: Dispatch['touches'], bindingBytes: number): Generator<View> {
  const { offset, rows, cols, firstMember, members } = matrices;
  const memberBytes = rows * cols * 4;
  const units = touches ? Math.ceil((touches.to - touches.from) / touches.unit) : 0;
  const whole = { row: 0, firstUnit: 0, units };
  if (memberBytes * members <= bindingBytes) {
    yield { a: { offset, size: memberBytes * members }, firstMember, members, ...whole };
    return;
  }
  if (!touches) {
    // Bound but not read.
    yield { a: { offset, size: 256 }, firstMember, members, ...whole };
    return;
  }
  const fit = Math.floor(bindingBytes / memberBytes);
  for (let member = 0; member < members; member += Math.max(fit, 1)) {
    const at = offset + member * memberBytes;
    const count = Math.min(Math.max(fit, 1), members - member);
    if (fit > 0) {
      yield {
        a: { offset: at, size: memberBytes * count },
        firstMember: firstMember + member,
        members: count,
        ...whole,
      };
      continue;
    }
    const step = Math.floor(bindingBytes / (touches.unit * cols * 4));
    if (step < 1) {
      throw new DeviceMemoryError(
        `${touches.unit} rows of ${cols} columns`,
        touches.unit * cols * 4,
        bindingBytes,
        'one binding may have',
      );
    }
    for (let unit = 0; unit < units; unit += step) {
      const row = touches.from + unit * touches.unit;
      const rowsHere = Math.min(step * touches.unit, touches.to - row);
      yield {
        a: { offset: at + (row0 + row) * cols * 4, size: rowsHere * cols * 4 },
        ...{ row: row0 + row, firstMember: firstMember + member, members: 1 },
        ...{ firstUnit: unit, units: Math.min(step, units - unit) },
      };
    }
  }
}

/** A dispatch over `matrices`, tile by tile. `cols`, `col0`: the columns of A it works on. */
export function* record(
  dispatch: Dispatch,
  step: Step,
  chunk: number,
  columns: { row0: number; rows: number; col0: number; cols: number },
  matrices: Matrices,
  work: WorkBuffers,
  bindingBytes: number,
): Generator<Recorded> {
  const { kernel, touches } = dispatch;
  const { row0, rows, col0, cols } = columns;
  for (const view of views(matrices, row0, touches, bindingBytes)) {
    const { firstMember: m0, firstUnit: g0, units, members } = view;
    const tiled = touches && g0 + units < Math.ceil((touches.to - touches.from) / touches.unit) ? true : g0 > 0;
    const x = tiled && touches?.axis === 'x' ? units : dispatch.x;
    const y = tiled && touches?.axis === 'y' ? units : dispatch.y;
    const fields = [
      row0,
      col0,
      rows,
      cols,
      matrices.cols / 4,
      step.rows,
      step.cols,
      chunk,
      cols / 4,
      rows,
      work.xFloats / 4,
    ];
    fields.push(step.row0, work.wFloats / 4, view.row, m0, g0);
    fields.push((matrices.rows * matrices.cols) / 4, BLOCK * step.rows * 0.25, BLOCK * step.cols * 0.25);
    fields.push(work.wStride / 4, work.xStride / 4, T_FLOATS / 4, work.bandStride);
    const share = (x * y) / (dispatch.x * dispatch.y);
    yield { kernel, step, fields, a: view.a, grid: [x, y, members], bytes: dispatch.bytes * members * share };
  }
}

/** Submits what was recorded, in order. Throws device-lost, cancelled (between submissions). */
export async function execute(
  context: GpuContext,
  matrices: Matrices,
  work: WorkBuffers,
  list: Recorded[],
  signal?: AbortSignal,
): Promise<void> {
  throwIfAborted(signal);
  const { device } = context;
  const pipelines = await stepPipelines(context, [...new Set(list.map(({ kernel }) => kernel))]);
  const layout = stepLayout(context).group;
  const places = new Map<string, number>();
  const at = list.map(({ fields }) => {
    const key = fields.join(' ');
    const place = places.get(key) ?? places.size;
    places.set(key, place);
    return place * RECORD_BYTES;
  });
  const words = new Int32Array((places.size * RECORD_BYTES) / 4);
  for (const [i, { fields }] of list.entries()) words.set(fields, (at[i] ?? 0) / 4);
  const uniforms = await context.pool.acquire('step records', Math.max(words.byteLength, 4), UNIFORM_BUFFER);
  try {
    await context.checked('step records', () => device.queue.writeBuffer(uniforms, 0, words));
    const groups = new Map<string, GPUBindGroup>();
    let budget = FIRST_SUBMIT_BYTES;
    let before: Promise<void> = Promise.resolve();
    let last = performance.now();
    for (let i = 0; i < list.length;) {
      throwIfAborted(signal);
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      let bytes = 0;
      for (let item = list[i]; item && bytes < budget; item = list[++i]) {
        const pipeline = pipelines.get(item.kernel);
        if (!pipeline) throw new RangeError(item.kernel);
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, groupOf(device, layout, uniforms, matrices, work, item, groups), [at[i] ?? 0]);
        pass.dispatchWorkgroups(...item.grid);
        bytes += item.bytes;
      }
      pass.end();
      const done = context.submit('reduction', encoder, signal);
      done.catch(() => undefined); // thrown where it is awaited
      await before;
      before = done.then(() => {
        const now = performance.now();
        const speed = bytes / Math.max(now - last, 0.1);
        last = now;
        budget = Math.min(SUBMIT_BYTES, Math.max(LEAST_SUBMIT_BYTES, speed * SUBMIT_MS));
      });
      before.catch(() => undefined);
    }
    await before;
  } finally {
    context.pool.release(uniforms);
  }
}

function groupOf(
  device: GPUDevice,
  layout: GPUBindGroupLayout,
  uniforms: GPUBuffer,
  matrices: Matrices,
  work: WorkBuffers,
  { a, step }: Recorded,
  made: Map<string, GPUBindGroup>,
): GPUBindGroup {
  const place = work.keep ? step : { left0: 0, right0: 0, index: 0, rows: step.rows, cols: step.cols };
  const key = `${a.offset} ${a.size} ${work.keep ? step.index : 0}`;
  let group = made.get(key);
  if (!group) {
    const panels = (buffer: GPUBuffer, before: number, floats: number): GPUBindingResource =>
      work.keep
        ? { buffer, offset: before * work.batch * 4, size: Math.max(floats * work.batch * 4, 256) }
        : { buffer };
    const resources: GPUBindingResource[] = [
      { buffer: uniforms, size: RECORD_SIZE },
      { buffer: matrices.buffer, ...a },
      panels(work.left, place.left0, BLOCK * step.rows),
      panels(work.right, place.right0, BLOCK * step.cols),
      { buffer: work.w },
      { buffer: work.x },
      panels(work.t, place.index * T_FLOATS, T_FLOATS),
      { buffer: work.band },
    ];
    const entries = resources.map((resource, binding) => ({ binding, resource }));
    made.set(key, (group = device.createBindGroup({ layout, entries })));
  }
  return group;
}
