/** Records dispatches over a matrix that may be larger than one binding, and submits them in portions. */
import { throwIfAborted } from '../../protocol/errors.ts';
import type { GpuContext } from './context.ts';
import { DeviceMemoryError } from './errors.ts';
import { UNIFORM_BUFFER } from './flags.ts';
import { type Kernel, RECORD_BYTES, RECORD_FIELDS, RECORD_SIZE, stepLayout, stepPipelines } from './kernels.ts';
import { BLOCK } from './matrix.ts';
import type { Dispatch, Panel, Plan, Touches } from './steps.ts';

/** Most traffic in one submission: 2 GB are 45 ms on a 60 GB/s device. Windows resets a driver after 2 s. */
const SUBMIT_BYTES = 2e9;
/** The first submission, before anything is known of the device's speed, and the least. */
const FIRST_SUBMIT_BYTES = 2.5e8;
const LEAST_SUBMIT_BYTES = 1e7;
/** What a submission should take: a cancel and other work on the device wait for about two of them. */
const SUBMIT_MS = 150;

/** The matrices that the kernels call A: `members` of them from `firstMember` on. */
export interface Matrices {
  buffer: GPUBuffer;
  /** bytes */
  offset: number;
  rows: number;
  /** row length in floats */
  ld: number;
  firstMember: number;
  members: number;
}

/** Buffers of one batch. T, and with `keeps` the reflectors, lie panel by panel, all members of one together. */
export interface WorkBuffers {
  plan: Plan;
  batch: number;
  keeps: boolean;
  l: GPUBuffer;
  r: GPUBuffer;
  w: GPUBuffer;
  t: GPUBuffer;
  keep: GPUBuffer;
  band: GPUBuffer;
}

/** T of one panel and member: left, then right, 32 x 32 each. */
export const T_FLOATS = 2 * BLOCK * BLOCK;
export const bandFloats = (plan: Plan): number => plan.cols * 2 * BLOCK;

/** A dispatch with the part of A that it sees. */
interface Recorded {
  kernel: Kernel;
  panel: number;
  words: number[];
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
  /** workgroups along A's rows before this tile, and in it; null: all */
  tile: [number, number] | null;
}

/** The parts of A that a dispatch goes over one by one: everything, or groups of members, or tiles of rows of each member. */
function* views(matrices: Matrices, row0: number, touches: Touches | null, bindingBytes: number): Generator<View> {
  const { offset, rows, ld, firstMember, members } = matrices;
  const memberBytes = rows * ld * 4;
  const whole = { row: 0, tile: null };
  if (memberBytes * members <= bindingBytes) {
    yield { a: { offset, size: memberBytes * members }, firstMember, members, ...whole };
    return;
  }
  if (!touches) {
    // Bound, but not used.
    yield { a: { offset, size: 256 }, firstMember, members, ...whole };
    return;
  }
  const fit = Math.floor(bindingBytes / memberBytes);
  for (let member = 0; member < members; member += Math.max(fit, 1)) {
    const at = offset + member * memberBytes;
    const count = Math.min(Math.max(fit, 1), members - member);
    const place = { firstMember: firstMember + member, members: count };
    if (fit > 0) yield { a: { offset: at, size: memberBytes * count }, ...place, ...whole };
    else yield* rowTiles(touches, row0, at, ld, place, bindingBytes);
  }
}

function* rowTiles(
  { rows, unit }: Touches,
  row0: number,
  offset: number,
  ld: number,
  place: Pick<View, 'firstMember' | 'members'>,
  bindingBytes: number,
): Generator<View> {
  const rowBytes = ld * 4;
  const units = Math.ceil(rows / unit);
  const step = Math.floor(bindingBytes / (unit * rowBytes));
  if (step < 1)
    throw new DeviceMemoryError(`${unit} rows of a matrix`, unit * rowBytes, bindingBytes, 'one binding may have');
  for (let first = 0; first < units; first += step) {
    const row = row0 + first * unit;
    const count = Math.min(step * unit, rows - first * unit);
    yield {
      a: { offset: offset + row * rowBytes, size: count * rowBytes },
      ...{ row, ...place, tile: [first, Math.min(step, units - first)] },
    };
  }
}

/** A dispatch over `matrices`, tile by tile. */
export function* record(
  dispatch: Dispatch<Kernel>,
  matrices: Matrices,
  { plan, batch, keeps }: WorkBuffers,
  bindingBytes: number,
): Generator<Recorded> {
  const { kernel, touches, fields, panel } = dispatch;
  const { rows = 0, cols = 0 } = plan.panels[panel] ?? {};
  const fixed = {
    ...{ lda: matrices.ld / 4, ldr: plan.ldr, keep: keeps ? 1 : 0 },
    ...{ ldk0: rows, k1: (batch * BLOCK * rows) / 4, ldk1: cols },
    ...{ sa: (matrices.rows * matrices.ld) / 4, sl: plan.lFloats / 4, sr: plan.rFloats / 4, sw: plan.wFloats / 4 },
    ...{ st: T_FLOATS / 4, sb: bandFloats(plan) },
  };
  for (const view of views(matrices, fields.row0, touches, bindingBytes)) {
    const { tile, members } = view;
    const x = tile && touches?.axis === 'x' ? tile[1] : dispatch.x;
    const y = tile && touches?.axis === 'y' ? tile[1] : dispatch.y;
    const all = { ...fields, ...fixed, arow: view.row, m0: view.firstMember, tile: tile?.[0] ?? 0 };
    const words = RECORD_FIELDS.map((name) => all[name]);
    const share = (x * y) / (dispatch.x * dispatch.y);
    yield { kernel, panel, words, a: view.a, grid: [x, y, members], bytes: dispatch.bytes * members * share };
  }
}

/** Told how long each dispatch took, its way to the device and back included. */
export type Observer = (kernel: Kernel, milliseconds: number) => void;

/**
 * Submits what was recorded, in order; with an observer one dispatch at a time. Throws device-lost, cancelled (between submissions).
 */
export async function execute(
  context: GpuContext,
  matrices: Matrices,
  work: WorkBuffers,
  list: Recorded[],
  signal?: AbortSignal,
  observe?: Observer,
): Promise<void> {
  throwIfAborted(signal);
  const { device } = context;
  const pipelines = await stepPipelines(context, [...new Set(list.map(({ kernel }) => kernel))]);
  const layout = stepLayout(context).group;
  const places = new Map<string, number>();
  const at = list.map(({ words }) => {
    const key = words.join(' ');
    const place = places.get(key) ?? places.size;
    places.set(key, place);
    return place * RECORD_BYTES;
  });
  const records = new Uint32Array((places.size * RECORD_BYTES) / 4);
  for (const [i, { words }] of list.entries()) records.set(words, (at[i] ?? 0) / 4);
  const uniforms = await context.pool.acquire('step records', Math.max(records.byteLength, 4), UNIFORM_BUFFER);
  try {
    await context.checked('step records', () => device.queue.writeBuffer(uniforms, 0, records));
    const groups = new Map<string, GPUBindGroup>();
    let budget = observe ? 0 : FIRST_SUBMIT_BYTES;
    let before: Promise<void> = Promise.resolve();
    let last = performance.now();
    for (let i = 0; i < list.length;) {
      throwIfAborted(signal);
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      let bytes = 0;
      for (let item = list[i]; item && (bytes === 0 || bytes < budget); item = list[++i]) {
        const pipeline = pipelines.get(item.kernel);
        if (!pipeline) throw new RangeError(item.kernel);
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, groupOf(device, layout, uniforms, matrices, work, item, groups), [at[i] ?? 0]);
        pass.dispatchWorkgroups(...item.grid);
        bytes += Math.max(item.bytes, 1);
      }
      pass.end();
      const done = context.submit('reduction', encoder, signal);
      done.catch(() => undefined); // thrown where it is awaited
      await before;
      if (observe) {
        const started = performance.now();
        await done;
        observe((list[i - 1] as Recorded).kernel, performance.now() - started);
        continue;
      }
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

/** The bind group of a dispatch: A's part, and the panel's own T and reflectors. */
function groupOf(
  device: GPUDevice,
  layout: GPUBindGroupLayout,
  uniforms: GPUBuffer,
  matrices: Matrices,
  work: WorkBuffers,
  { a, panel }: Recorded,
  made: Map<string, GPUBindGroup>,
): GPUBindGroup {
  const { plan, batch, keeps } = work;
  const key = `${a.offset} ${a.size} ${panel}`;
  const again = made.get(key);
  if (again) return again;
  const { rows, cols, keep0 } = plan.panels[panel] ?? ({ rows: 0, cols: 0, keep0: 0 } satisfies Partial<Panel>);
  const part = (buffer: GPUBuffer, before: number, floats: number): GPUBufferBinding => ({
    ...{ buffer, offset: before * batch * 4, size: floats * batch * 4 },
  });
  const resources: GPUBufferBinding[] = [
    { buffer: uniforms, size: RECORD_SIZE },
    { buffer: matrices.buffer, ...a },
    { buffer: work.l },
    { buffer: work.r },
    { buffer: work.w },
    part(work.t, panel * T_FLOATS, T_FLOATS),
    keeps ? part(work.keep, keep0, BLOCK * (rows + cols)) : { buffer: work.keep },
    { buffer: work.band },
  ];
  const entries = resources.map((resource, binding) => ({ binding, resource }));
  const group = device.createBindGroup({ layout, entries });
  made.set(key, group);
  return group;
}
