/** The CPU backend: WASM SIMD kernels on worker threads, one pair of matrices a thread. */
import { availableParallelism } from 'node:os';
import type { ElementKernels, FloatTail, LinearAlgebraBackend, Matrix, PairQuantities } from '../backend.ts';
import { bytesOf } from '../../numbers/index.ts';
import { throwIfAborted } from '../../protocol/errors.ts';
import { alignmentBytes } from './align.ts';
import { bandTailBytes } from './bandTail.ts';
import { elementBytes, elementCompare, elementStats } from './elements.ts';
import { compileKernels, hasRelaxedSimd, KernelMemory } from './kernels.ts';
import type { PairSettings } from './messages.ts';
import { planPair } from './pairPlan.ts';
import { WorkerPool, type TaskCost } from './pool.ts';
import { PairShares, ReusedShares, type Part } from './shares.ts';
import { formatOf, shapeOf, type Format } from './source.ts';
import { twinBytes } from './twin.ts';

export interface WasmBackendOptions {
  /** worker threads; default: all cores */
  threads?: number;
  /** folder of offaxis.wasm and offaxis_relaxed.wasm */
  kernelDirectory: string;
  /** bundle of worker.ts */
  workerFile: string;
  /** bytes that all threads may hold together, with the matrices that they were given; default: 1.6 GiB beside the largest matrices */
  budget?: number | undefined;
  /** which build; default: what the engine can run */
  relaxed?: boolean;
}

/** Two gigabytes less what the process holds besides. */
const MEMORY_BUDGET = 1.6 * 2 ** 30;
/** Cells of the largest histogram of a pair: 512 classes of bf16 at 64 positions. */
const MOST_CELLS = 512 * 64;

/** Smaller side from which the parts of a pair are worth another thread: a tenth of a second. */
const LEAST_SHARED = 512;

/** Bytes of a chunk up to which the way to a thread and back takes longer than the work, which is then done here. */
const FEW_BYTES = 8 * 1024;

/** The CPU backend, which can also do the float64 end of a device's work. */
export type WasmBackend = LinearAlgebraBackend & { readonly tail: FloatTail };

/** Threads start on demand. Throws bad-file if the kernels are missing. */
export async function createWasmBackend(options: WasmBackendOptions): Promise<WasmBackend> {
  const { kernelDirectory, workerFile } = options;
  const threads = Math.max(1, options.threads ?? availableParallelism());
  const relaxed = options.relaxed ?? hasRelaxedSimd();
  const module = await compileKernels(kernelDirectory, relaxed);
  const kernels = new KernelMemory(module).reserve(0);
  const shares = new ReusedShares();
  const pool = new WorkerPool(module, workerFile, threads, {
    bytes: options.budget ?? MEMORY_BUDGET,
    isLimit: options.budget !== undefined,
  });
  const peak = (
    rows: number,
    columns: number,
    format: Format,
    angleRank: number,
    maskRank: number,
    updateRank = 0,
  ): number => planPair(kernels, rows, columns, format, { angleRank, maskRank, updateRank, cells: MOST_CELLS }).end;
  const codes = ({ rows, columns, type }: Matrix): number => rows * columns * bytesOf(type);

  const cost = ({ rows, columns }: Matrix, peakBytes: number): TaskCost => ({
    peakBytes,
    matrixBytes: rows * columns * 8,
  });
  const chunk = (...parts: Uint8Array[]): TaskCost => ({
    peakBytes: parts.reduce((sum, part) => sum + part.byteLength, 0),
    matrixBytes: 0,
  });

  const here = new KernelMemory(module);
  const isFew = (data: Uint8Array): boolean => data.byteLength <= FEW_BYTES;
  const elements: ElementKernels = {
    stats: async (type, data, signal) =>
      isFew(data)
        ? elementStats(here, { type, data }, () => throwIfAborted(signal))
        : pool.run('stats', { type, data: shared(data) }, chunk(data), signal),
    histogram: (type, data, min, max, signal) =>
      pool.run('histogram', { type, data: shared(data), min, max }, chunk(data), signal),
    agreeing: (sides, signal) =>
      pool.run(
        'agreeing',
        { sides: sides.map((side) => ({ ...side, base: sharedCodes(side.base), tuned: sharedCodes(side.tuned) })) },
        { peakBytes: sides.reduce((sum, { tuned }) => sum + tuned.data.byteLength, 0), matrixBytes: 0 },
        signal,
      ),
    compare: async (baseType, base, tunedType, tuned, { signal, ...options }) =>
      isFew(base) && isFew(tuned)
        ? elementCompare(here, { baseType, base, tunedType, tuned, options }, () => throwIfAborted(signal))
        : pool.run(
            'compare',
            { baseType, base: shared(base), tunedType, tuned: shared(tuned), options },
            chunk(base, tuned),
            signal,
          ),
    compareFiles: (baseType, base, tunedType, tuned, weights, { signal, ...options }) =>
      pool.run(
        'compareFiles',
        { baseType, base, tunedType, tuned, weights, options },
        { peakBytes: elementBytes, matrixBytes: 0 },
        signal,
      ),
  };
  const tail: FloatTail = {
    band: (band, vectors, signal) =>
      pool.run(
        'band',
        { band, vectors },
        { peakBytes: bandTailBytes(kernels, band.order, band.width, vectors), matrixBytes: 0 },
        signal,
      ),
    refine: (base, start, { signal, ...settings }, tuned) => {
      const work = peak(base.rows, base.columns, formatOf(base.type), 1, settings.maskRank);
      const of = tuned ? { tuned: sharedMatrix(tuned) } : {};
      const input = { base: sharedMatrix(base), start, options: settings, ...of };
      return pool.run('refine', input, cost(base, work + codes(base) + (tuned ? codes(tuned) : 0)), signal);
    },
    leading: (base, tuned, start, { signal, ...settings }) => {
      const work = peak(base.rows, base.columns, formatOf(base.type), 1, settings.maskRank);
      return pool.run(
        'leading',
        { base: sharedMatrix(base), tuned: sharedMatrix(tuned), start, options: settings },
        cost(base, work + codes(base) + codes(tuned)),
        signal,
      );
    },
  };
  return {
    tail,
    info: {
      kind: 'cpu',
      name: relaxed ? 'WebAssembly SIMD with fused multiply-add' : 'WebAssembly SIMD',
      precision: 'float64, leading vectors in float32 if that suffices',
      threads,
    },
    parallelism: threads,
    ...(options.budget === undefined ? {} : { budget: options.budget }),
    elements,
    singularValues: (matrix, { signal }) =>
      pool.run(
        'singularValues',
        { matrix: sharedMatrix(matrix) },
        cost(matrix, peak(matrix.rows, matrix.columns, formatOf(matrix.type), 1, 1) + codes(matrix)),
        signal,
      ),
    comparePair: (base, tuned, { signal, others = [], ...ranks }) => {
      const settings = { ...ranks, others: others.map(sharedMatrix) };
      const { angleRank, maskRank, updateRank } = settings;
      const work = peak(base.rows, base.columns, formatOf(base.type), angleRank, maskRank, updateRank);
      const peakBytes = work + codes(base) + (1 + others.length) * codes(tuned);
      return comparePair(pool, base, tuned, settings, cost(base, peakBytes), threads > 1 ? shares : null, signal);
    },
    alignPair: (base, tuned, { signal, others = [], ...settings }) => {
      const work = alignmentBytes(kernels, base, { maskRank: settings.maskRank, cells: MOST_CELLS });
      const peakBytes = work + codes(base) + (1 + others.length) * codes(tuned);
      const options = { ...settings, others: others.map(sharedMatrix) };
      const input = { base: sharedMatrix(base), tuned: sharedMatrix(tuned), options };
      return pool.run('alignPair', input, cost(base, peakBytes), signal);
    },
    noiseTwin: (base, { signal, ...settings }) =>
      pool.run(
        'twin',
        { base: sharedMatrix(base), ...settings },
        cost(base, twinBytes(base.rows * base.columns) + 2 * codes(base)),
        signal,
      ),
    // the codes of all sides come on top of the thread's memory
    peakBytes: ({ call, rows, columns, sides, angleRank, maskRank }) => {
      const all = 4 * (1 + sides) * rows * columns;
      if (call === 'values') return peak(rows, columns, 4, 1, 1) + all;
      if (call === 'pair') return peak(rows, columns, 4, angleRank, maskRank) + all;
      return alignmentBytes(kernels, { rows, columns, type: 'F32' }, { maskRank, cells: MOST_CELLS }) + all;
    },
    dispose: () => pool.dispose(),
  };
}

/**
 * One pair on one thread, which idle threads relieve of the tuned side and of the update's values, if only those are wanted. With all threads at pairs of their
 * own nobody helps, and throughput is best.
 */
async function comparePair(
  pool: WorkerPool,
  base: Matrix,
  tuned: Matrix,
  options: PairSettings,
  cost: TaskCost,
  reused: ReusedShares | null,
  signal: AbortSignal | undefined,
): Promise<PairQuantities> {
  const parts =
    reused && options.updateRank === undefined && Math.min(base.rows, base.columns) >= LEAST_SHARED
      ? reused.take(shapeOf(base), options.angleRank)
      : null;
  const input = { base: sharedMatrix(base), tuned: sharedMatrix(tuned), options, shares: parts };
  if (!parts) return pool.run('comparePair', input, cost, signal);
  const shares = new PairShares(parts);
  const working = { now: true };
  const wanted = (part: Part) => () => working.now && shares.isFree(part);
  const owner = pool.run('comparePair', input, cost, signal);
  // Their part has nothing to do with the base, whose factors need not travel.
  const { factors: _, ...tunedOnly } = options;
  const assisted = { ...input, options: tunedOnly };
  const tunedSide = pool.assist('tunedSide', assisted, cost, wanted('tuned'), signal).catch(() => shares.fail('tuned'));
  const update = pool.assist('updateValues', assisted, cost, wanted('update'), signal);
  // met below where it matters; until then it must not count as unhandled
  update.catch(() => undefined);
  try {
    const quantities = await owner;
    // whoever still holds a part is at its last step
    void Promise.all([tunedSide, update]).then(
      () => reused?.give(parts),
      () => undefined,
    );
    if (quantities.updateValues.length > 0) return quantities;
    return { ...quantities, updateValues: (await update) ?? quantities.updateValues };
  } finally {
    working.now = false;
    pool.dropUnwanted();
    void tunedSide;
  }
}

/** Bytes that a thread can see without a copy. */
function shared(data: Uint8Array): Uint8Array {
  if (data.buffer instanceof SharedArrayBuffer) return data;
  const copy = new Uint8Array(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
}
function sharedCodes<T extends { data: Uint8Array }>(codes: T): T {
  return { ...codes, data: shared(codes.data) };
}
function sharedMatrix({ rows, columns, type, data }: Matrix): Matrix {
  return { rows, columns, type, data: shared(data) };
}
