/**
 * Reading a tensor that is put together: boxes of it lie in files, each packed or with strides. What is asked for is a run of bytes of
 * the whole tensor, row by row, so that nothing above knows of boxes.
 */
import type { Box } from '../formats/index.ts';

export interface PlacedBox extends Box {
  file: string;
}
export interface Assembled {
  /** as many elements as the tensor has */
  shape: readonly number[];
  elementBytes: number;
  boxes: readonly PlacedBox[];
}
type Read = (file: string, offset: number, target: Uint8Array) => Promise<void>;

/** Elements that lie apart are gathered from pieces of the file of this size. */
const PIECE_BYTES = 8 * 1024 * 1024;
/** Elements farther apart are read one by one: what lies between them is not worth reading. */
const MOST_GAP_BYTES = 64 * 1024;
/** Shorter runs are gathered too, if they lie close together. */
const FEW_BYTES = 4096;

/** Fills `target` from byte `offset` of the whole tensor. What no box covers is left as it is: who assembles sees to it that nothing is. */
export async function readBoxes(tensor: Assembled, offset: number, target: Uint8Array, read: Read): Promise<void> {
  const { elementBytes: width } = tensor;
  const first = Math.floor(offset / width);
  const last = Math.ceil((offset + target.length) / width);
  const isWhole = first * width === offset && last * width === offset + target.length;
  const elements = isWhole ? target : new Uint8Array((last - first) * width);
  const shape = tensor.shape.length === 0 ? [1] : tensor.shape;
  const steps = packedStrides(shape);
  for (const region of regionsOf(shape, first, last)) {
    for (const box of tensor.boxes) {
      const sides = box.shape.length === 0 ? [1] : box.shape;
      const at = box.at.length === 0 ? [0] : box.at;
      const strides = box.shape.length === 0 ? [1] : (box.strides ?? packedStrides(sides));
      const axes: Axis[] = [];
      let from = 0;
      let to = -first;
      for (const [axis, side] of sides.entries()) {
        const start = at[axis] as number;
        const low = Math.max(region.from[axis] as number, start);
        const count = Math.min(region.to[axis] as number, start + side) - low;
        const axisSteps = { count, source: strides[axis] as number, target: steps[axis] as number };
        from += (low - start) * axisSteps.source;
        to += low * axisSteps.target;
        axes.push(axisSteps);
      }
      if (axes.some(({ count }) => count <= 0)) continue;
      const reader = (element: number, into: Uint8Array): Promise<void> =>
        read(box.file, box.offset + element * width, into);
      await readRegion(axes, { from, to, width, target: elements, read: reader });
    }
  }
  if (!isWhole) target.set(elements.subarray(offset - first * width, offset - first * width + target.length));
}

export function packedStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--)
    strides[axis] = (strides[axis + 1] as number) * (shape[axis + 1] as number);
  return strides;
}

interface Region {
  from: number[];
  to: number[];
}
/** The elements from `first` to before `last` as boxes: on each axis a part of a row, whole rows, a part of a row. */
function regionsOf(shape: readonly number[], first: number, last: number): Region[] {
  const steps = packedStrides(shape);
  const regions: Region[] = [];
  const cut = (axis: number, lead: readonly number[], from: number, to: number): void => {
    if (from >= to) return;
    const add = (low: number, high: number): void => {
      const rest = shape.slice(axis + 1);
      regions.push({ from: [...lead, low, ...rest.map(() => 0)], to: [...lead.map((one) => one + 1), high, ...rest] });
    };
    const step = steps[axis] as number;
    if (axis === shape.length - 1) return add(from, to);
    // The first row that begins within the range, and the one that it ends in.
    const low = Math.ceil(from / step);
    const high = Math.floor(to / step);
    if (low > high) return cut(axis + 1, [...lead, high], from - high * step, to - high * step);
    if (low * step > from) cut(axis + 1, [...lead, low - 1], from - (low - 1) * step, step);
    if (low < high) add(low, high);
    cut(axis + 1, [...lead, high], 0, to - high * step);
  };
  cut(0, [], first, last);
  return regions;
}

/** How far apart the indices of an axis lie, in elements. */
interface Axis {
  count: number;
  source: number;
  target: number;
}
interface Job {
  /** element of the box, and of the target */
  from: number;
  to: number;
  width: number;
  target: Uint8Array;
  read: (element: number, into: Uint8Array) => Promise<void>;
}

async function readRegion(all: readonly Axis[], job: Job): Promise<void> {
  // In the order in which they lie in the file.
  const axes = all.filter(({ count }) => count > 1).sort((a, b) => b.source - a.source);
  let run = 1;
  while (axes.at(-1)?.source === run && axes.at(-1)?.target === run) run *= (axes.pop() as Axis).count;
  await readAxes(axes, run, job);
}

/** `run`: elements that lie together in both, at every index of the axes. */
async function readAxes(axes: readonly Axis[], run: number, job: Job): Promise<void> {
  const { from, to, width, target, read } = job;
  const [axis, ...rest] = axes;
  if (!axis) return read(from, target.subarray(to * width, (to + run) * width));
  const inner = spanOf(rest, run);
  const gap = (axis.source - inner) * width;
  const isClose = gap <= MOST_GAP_BYTES && (run * width < FEW_BYTES || rest.length > 0);
  const most = Math.floor((PIECE_BYTES / width - inner) / Math.max(1, axis.source)) + 1;
  const atOnce = isClose && most >= 1 ? Math.min(axis.count, most) : 0;
  for (let index = 0; index < axis.count; index += Math.max(1, atOnce)) {
    const part = { ...job, from: from + index * axis.source, to: to + index * axis.target };
    if (atOnce === 0) await readAxes(rest, run, part);
    else await gather([{ ...axis, count: Math.min(atOnce, axis.count - index) }, ...rest], run, part);
  }
}

/** Elements from the first to behind the last. */
function spanOf(axes: readonly Axis[], run: number): number {
  return axes.reduce((span, { count, source }) => span + (count - 1) * source, run);
}

async function gather(axes: readonly Axis[], run: number, { from, to, width, target, read }: Job): Promise<void> {
  const piece = new Uint8Array(spanOf(axes, run) * width);
  await read(from, piece);
  const [source, into] = elementsOf(piece, target, width);
  const words = source.length / (piece.length / width);
  const copy = (depth: number, a: number, b: number): void => {
    const axis = axes[depth];
    if (!axis) {
      for (let i = 0; i < run * words; i++) into[b * words + i] = source[a * words + i] as number;
      return;
    }
    for (let i = 0; i < axis.count; i++) copy(depth + 1, a + i * axis.source, b + i * axis.target);
  };
  copy(0, 0, to);
}

/** Both as words as wide as an element allows. */
function elementsOf(piece: Uint8Array, target: Uint8Array, width: number): [source: Words, into: Words] {
  const aligned = (bytes: number): boolean => width % bytes === 0 && target.byteOffset % bytes === 0;
  if (aligned(4))
    return [new Uint32Array(piece.buffer), new Uint32Array(target.buffer, target.byteOffset, target.length >> 2)];
  if (aligned(2))
    return [new Uint16Array(piece.buffer), new Uint16Array(target.buffer, target.byteOffset, target.length >> 1)];
  return [piece, target];
}
type Words = Uint8Array | Uint16Array | Uint32Array;
