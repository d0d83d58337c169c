/** The plan of a reduction, without a device: its steps, dispatches and counts. */
import { ceilTo } from './flags.ts';
import { BLOCK } from './matrix.ts';

/** Split-K lengths. Short enough to fill a device late in the reduction, long enough that the partial sums stay under 1/8 of the traffic early. */
const CHUNK_MIN = 64;
const CHUNK_MAX = 1024;
/** Workgroups a split GEMM of one matrix aims at. Not divided by the batch: a matrix's bits must not depend on its neighbours. */
const TARGET_WORKGROUPS = 256;

/** One step takes 32 columns and 32 rows: what its kernels need to know of the shape. Rows and columns from (row0, col0) on. */
export interface Step {
  row0: number;
  col0: number;
  rows: number;
  /** trailing columns, 0 in the last step */
  cols: number;
  chunk: number;
  /** floats of the left and right panels before this step's, of one member */
  left0: number;
  right0: number;
  index: number;
}

export interface Plan {
  /** padded; rows >= cols */
  rows: number;
  cols: number;
  steps: Step[];
  /** floats of one member at their largest: panels of all steps, partial sums */
  leftFloats: number;
  rightFloats: number;
  wFloats: number;
  xFloats: number;
}

export function planReduction(m: number, n: number): Plan {
  const rows = ceilTo(Math.max(m, n), BLOCK);
  const cols = ceilTo(Math.min(m, n), BLOCK);
  const steps: Step[] = [];
  let leftFloats = 0;
  let rightFloats = 0;
  let wFloats = 0;
  let xFloats = 0;
  for (let j = 0; j < cols; j += BLOCK) {
    const r = rows - j;
    const c = cols - j - BLOCK;
    const tiles = Math.ceil(Math.max(c, 1) / 128);
    const splits = Math.max(1, Math.round(TARGET_WORKGROUPS / tiles));
    const chunk = Math.min(CHUNK_MAX, Math.max(CHUNK_MIN, ceilTo(Math.ceil(r / splits), BLOCK)));
    steps.push({
      ...{ row0: j, col0: j + BLOCK, rows: r, cols: c, chunk },
      ...{ left0: leftFloats, right0: rightFloats, index: steps.length },
    });
    leftFloats += BLOCK * r;
    rightFloats += BLOCK * c;
    // one block wider: a back-transform may use all columns in the first step's splits
    wFloats = Math.max(wFloats, Math.ceil(r / chunk) * BLOCK * (c + BLOCK));
    xFloats = Math.max(xFloats, Math.ceil(c / chunk) * BLOCK * r);
  }
  return { rows, cols, steps, leftFloats, rightFloats, wFloats, xFloats };
}

export type StepKernel = 'pack' | 'panelLeft' | 'vtc' | 'rowPanel' | 'panelRight' | 'av' | 'xt' | 'update';

/** A dispatch of one step. `x`, `y`: its grid for one matrix; flops, and bytes of device memory at least moved, of one matrix. */
export interface StepDispatch {
  kernel: StepKernel;
  x: number;
  y: number;
  flops: number;
  bytes: number;
  /** which rows of A, counted from row0, it touches; null: none */
  touches: { from: number; to: number; unit: number; axis: 'x' | 'y' } | null;
}

export function* dispatchesOf(step: Step): Generator<StepDispatch> {
  const { rows: r, cols: c, chunk } = step;
  const b = BLOCK;
  const f = 4;
  const along = (axis: 'x' | 'y', unit: number, from = 0): StepDispatch['touches'] => ({ from, to: r, unit, axis });
  yield { kernel: 'pack', x: r / b, y: 1, flops: 0, bytes: 2 * r * b * f, touches: along('x', b) };
  yield { kernel: 'panelLeft', x: 1, y: 1, flops: 4 * r * b * b, bytes: panelBytes(r), touches: null };
  if (c <= 0) return;
  const splitRows = Math.ceil(r / chunk);
  const splitCols = Math.ceil(c / chunk);
  yield {
    ...{ kernel: 'vtc', x: Math.ceil(c / 128), y: splitRows, touches: along('y', chunk) },
    ...{ flops: 2 * b * r * c, bytes: f * (r * c + r * b + splitRows * b * c) },
  };
  yield {
    ...{ kernel: 'rowPanel', x: c / b, y: 1, touches: { from: 0, to: b, unit: b, axis: 'y' } },
    ...{ flops: 2 * b * b * c, bytes: f * ((splitRows + 4) * b * c) },
  };
  yield { kernel: 'panelRight', x: 1, y: 1, flops: 4 * c * b * b, bytes: panelBytes(c), touches: null };
  yield {
    ...{ kernel: 'av', x: Math.ceil(r / 128), y: splitCols, touches: along('x', 128) },
    ...{ flops: 2 * b * r * c, bytes: f * (r * c + c * b + splitCols * b * r) },
  };
  if (r <= b) return;
  yield {
    ...{ kernel: 'xt', x: (r - b) / b, y: 1, touches: null },
    ...{ flops: 4 * b * b * (r - b), bytes: f * ((splitCols + 2) * b * r) },
  };
  yield {
    ...{ kernel: 'update', x: Math.ceil(c / 64), y: Math.ceil((r - b) / 64), touches: along('y', 64, b) },
    ...{ flops: 4 * b * (r - b) * c, bytes: f * (2 * (r - b) * c + 2 * b * (r + c)) },
  };
}

/** Column j reads quads 0..7 of the rows >= j and writes those from j's own quad on. */
function panelBytes(rows: number): number {
  let bytes = 0;
  for (let j = 0; j < BLOCK; j++) bytes += rows * 16 * (8 + 8 - (j >> 2));
  return bytes + rows * 256;
}

export interface KernelCount {
  dispatches: number;
  flops: number;
  bytes: number;
}

/** What a reduction of a batch of m x n matrices does, by kernel, without a device (untiled). Bytes of panels mostly stay in cache. */
export function countReduction(
  m: number,
  n: number,
  batch: number,
): { kernels: Map<string, KernelCount>; total: KernelCount; panelFlopShare: number; panelBytes: number } {
  const kernels = new Map<string, KernelCount>();
  const total = { dispatches: 0, flops: 0, bytes: 0 };
  for (const step of planReduction(m, n).steps) {
    for (const { kernel, flops, bytes } of dispatchesOf(step)) {
      const count = kernels.get(kernel) ?? { dispatches: 0, flops: 0, bytes: 0 };
      kernels.set(kernel, count);
      for (const sum of [count, total]) {
        sum.dispatches++;
        sum.flops += flops * batch;
        sum.bytes += bytes * batch;
      }
    }
  }
  const panels = ['panelLeft', 'panelRight'].map((name) => kernels.get(name));
  const sum = (f: (count: KernelCount) => number): number => panels.reduce((s, count) => s + (count ? f(count) : 0), 0);
  return { kernels, total, panelFlopShare: sum((c) => c.flops) / (total.flops || 1), panelBytes: sum((c) => c.bytes) };
}
