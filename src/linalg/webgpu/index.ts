/**
 * The GPU backend: spectra, leading vectors and angles on a WebGPU device in float32, the last steps in float64 on the CPU's threads. What
 * float32 does not resolve is computed again in float64 and said so in `recomputed`. Takes a GPUDevice from anywhere and imports nothing of
 * Node.
 */
import type { Recomputed } from '../../protocol/results.ts';
import { throwIfAborted } from '../../protocol/errors.ts';
import type {
  FloatTail,
  LinearAlgebraBackend,
  Matrix,
  PairOptions,
  PairQuantities,
  ReckonedCall,
  SideQuantities,
} from '../backend.ts';
import { createGpuContext, type GpuContext } from './context.ts';
import { doubts, hasNull } from './doubt.ts';
import { DeviceMemoryError } from './errors.ts';
import { Gatherer } from './gather.ts';
import { type TuningStore, tuneGemm } from './gemm/tuning.ts';
import { suitsDevice, type PairJob } from './pairJob.ts';
import { batchBytes, comparePairs, type DevicePair, type DeviceSide } from './pairs.ts';
import { BLOCK } from './matrix.ts';
import { valuesBytes, valuesOf } from './values.ts';

export interface WebGpuBackendOptions {
  /** stays the caller's: it is not destroyed here */
  device: GPUDevice;
  adapterName: string;
  /** takes what the device does not, and what is to be computed again; stays the caller's */
  cpu: LinearAlgebraBackend;
  tail: FloatTail;
  /** bytes of device memory that may be held */
  memoryCap: number;
  /** a storage binding's limit below the device's own, so that tests see tiles on small matrices */
  bindingLimit?: number;
  /** Where the form of matrix products that is the fastest on this adapter is kept; without, they take one that suits all. */
  tuning?: TuningStore;
}

/** Pairs in a batch: W0, W1 and D of four make twelve matrices that share every dispatch. */
const WIDEST = 4;
/** Batches at work at once: one on the device, one that uploads or waits for the CPU. */
const LANES = 2;
/**
 * Entries within four times the error of the selection's threshold: one in ten of them is on the wrong side, and half of those that are
 * take the place of the other half. METRICS allow 2 hits.
 */
const MOST_DOUBTFUL = 10;

/** Compiles kernels as they are needed; tunes products if the adapter is new to it (seconds on a slow one). The device must have no other user's limits in its way: see GpuContext. */
export async function createWebGpuBackend(options: WebGpuBackendOptions): Promise<LinearAlgebraBackend> {
  const { device, cpu } = options;
  const limit = options.bindingLimit === undefined ? {} : { bindingLimit: options.bindingLimit };
  const context = createGpuContext(device, { memoryCap: options.memoryCap, ...limit });
  if (options.tuning) await tuneGemm(context, options.tuning);
  return new WebGpuBackend(context, cpu, options.tail, options.adapterName);
}

class WebGpuBackend implements LinearAlgebraBackend {
  readonly info: LinearAlgebraBackend['info'];
  readonly parallelism = WIDEST * LANES;
  /** Bound by memory, and in float64: the CPU has the bytes already, and the device would have to be sent them for one pass. */
  readonly elements: LinearAlgebraBackend['elements'];
  private readonly pairs: Gatherer<PairJob, DevicePair>;

  constructor(
    private readonly context: GpuContext,
    private readonly cpu: LinearAlgebraBackend,
    private readonly tail: FloatTail,
    name: string,
  ) {
    this.info = {
      ...{ kind: 'gpu', name, threads: cpu.info.threads },
      precision: 'float32 on the GPU; leading vectors and the last steps of each spectrum in float64 on the CPU',
    };
    this.elements = cpu.elements;
    this.pairs = new Gatherer(LANES, (jobs, signal) => this.batch(jobs, signal));
  }

  async singularValues(matrix: Matrix, options: { signal?: AbortSignal }): Promise<Float64Array> {
    const { rows, columns, type } = matrix;
    const bytes = valuesBytes(matrix);
    if (type === 'F64' || Math.min(rows, columns) <= BLOCK || bytes > this.context.pool.capBytes)
      return this.cpu.singularValues(matrix, options);
    const release = await this.context.pool.reserve('a matrix', bytes, options.signal);
    try {
      return await valuesOf(this.context, this.tail, matrix, options.signal);
    } catch (error) {
      if (!(error instanceof DeviceMemoryError)) throw error;
    } finally {
      release();
    }
    return this.cpu.singularValues(matrix, options);
  }

  async comparePair(base: Matrix, tuned: Matrix, options: PairOptions): Promise<PairQuantities> {
    const job: PairJob = { base, tuned, options };
    const onCpu = async (recomputed?: Recomputed[]): Promise<PairQuantities> => ({
      ...(await this.cpu.comparePair(base, tuned, options)),
      ...(recomputed ? { recomputed } : { computedOn: this.cpu.info.kind }),
    });
    const width = suitsDevice(job) ? this.widthOf(job) : 0;
    const [next, ...last] = (options.others ?? []).slice(-Math.ceil((options.others?.length ?? 0) / 2));
    if (width === 0 && next && suitsDevice(job)) {
      // Fewer tuned sides at a time take less of the device; W0 is reduced again for each part.
      const first = options.others?.slice(0, -1 - last.length) ?? [];
      return joined(
        await this.comparePair(base, tuned, { ...options, others: first }),
        await this.comparePair(base, next, { ...options, others: last }),
      );
    }
    if (width === 0) return onCpu();
    let found: DevicePair;
    try {
      found = await this.pairs.add(keyOf(job), width, job, options.signal);
    } catch (error) {
      throwIfAborted(options.signal);
      if (error instanceof DeviceMemoryError) return onCpu();
      throw error;
    }
    return this.finish(job, found, onCpu);
  }

  /** The CPU's part of the result, and again what the device was not exact enough for. */
  private async finish(
    { base, tuned, options }: PairJob,
    found: DevicePair,
    onCpu: (recomputed: Recomputed[]) => Promise<PairQuantities>,
  ): Promise<PairQuantities> {
    const { signal } = options;
    const recomputed = [
      ...new Set(found.sides.flatMap((side) => this.doubtsOf(base, found.baseValues, side, options))),
    ];
    if (recomputed.length > 0) {
      const valuesOnly = recomputed.every((what) => what === 'nss' || what === 'gap');
      const nulls = [found.baseValues, ...found.sides.map(({ tunedValues }) => tunedValues)].some(hasNull);
      if (!valuesOnly || nulls) return onCpu(recomputed);
      const again = (matrix: Matrix): Promise<Float64Array> =>
        this.cpu.singularValues(matrix, signal ? { signal } : {});
      const [baseValues = found.baseValues, ...tunedValues] = await Promise.all(
        [base, tuned, ...(options.others ?? [])].map(again),
      );
      found.baseValues = baseValues;
      for (const [i, side] of found.sides.entries()) side.tunedValues = tunedValues[i] ?? side.tunedValues;
    }
    const [side, ...others] = found.sides.map(quantitiesOf);
    return {
      ...(side as SideQuantities),
      baseValues: found.baseValues,
      zeros: found.sides[0]?.leading?.zeros ?? base.rows * base.columns,
      ...(others.length > 0 ? { others } : {}),
      ...(recomputed.length > 0 ? { recomputed } : {}),
    };
  }

  /** What of one tuned side the device was not exact enough for. */
  private doubtsOf(
    { rows, columns }: Matrix,
    baseValues: Float64Array,
    side: DeviceSide,
    { angleRank, maskRank }: PairOptions,
  ): Recomputed[] {
    const { leading, anglesU, anglesV, leftOverlap, tunedValues, updateValues } = side;
    const largestSine = Math.max(anglesU?.sines.at(-1) ?? 0, anglesV?.sines.at(-1) ?? 0);
    if (!leading) return [];
    const ranks = { rows, columns, angleRank, maskRank };
    const spectra = { ...ranks, baseValues, tunedValues, updateValues, largestSine, leftOverlap };
    const found = (updateValues[0] ?? 0) > 0 ? doubts(spectra) : [];
    const illDefined = (baseValues[maskRank - 1] ?? 0) - (baseValues[maskRank] ?? 0) < 1e-5 * (baseValues[0] ?? 0);
    if (leading.doubtful > MOST_DOUBTFUL && !illDefined) found.push('masks');
    return found;
  }

  /** Pairs like this one in a batch: as many as leave room for the next batch; 0 if not even one fits. */
  private widthOf(job: PairJob): number {
    const { capBytes } = this.context.pool;
    for (let width = WIDEST; width > 1; width--) if (LANES * batchBytes(job, width) <= capBytes) return width;
    return batchBytes(job, 1) <= capBytes ? 1 : 0;
  }

  private async batch(jobs: PairJob[], signal: AbortSignal): Promise<DevicePair[]> {
    const [first] = jobs;
    if (!first) return [];
    const { rows, columns } = first.base;
    const what = `${jobs.length} pairs of ${rows} x ${columns}`;
    const release = await this.context.pool.reserve(what, batchBytes(first, jobs.length), signal);
    try {
      return await comparePairs(this.context, this.tail, jobs, signal);
    } catch (error) {
      // a buffer over the device's limit: fewer pairs make smaller ones
      if (!(error instanceof DeviceMemoryError) || jobs.length === 1) throw error;
    } finally {
      release();
    }
    const half = Math.ceil(jobs.length / 2);
    return [...(await this.batch(jobs.slice(0, half), signal)), ...(await this.batch(jobs.slice(half), signal))];
  }

  /** On the CPU: it is little work, and a device would have to be sent every matrix for it. */
  alignPair: LinearAlgebraBackend['alignPair'] = async (base, tuned, options) => ({
    ...(await this.cpu.alignPair(base, tuned, options)),
    computedOn: this.cpu.info.kind,
  });

  /** Bound by memory, as the streaming pass. */
  noiseTwin: LinearAlgebraBackend['noiseTwin'] = (base, options) => this.cpu.noiseTwin(base, options);

  /** Every pair may have to go to the CPU, which holds both sides' codes as this backend does. */
  get budget(): number {
    return this.cpu.budget ?? Infinity;
  }
  peakBytes(call: ReckonedCall): number {
    return this.cpu.peakBytes(call);
  }

  async dispose(): Promise<void> {
    this.pairs.close();
    this.context.dispose();
  }
}

/** Two parts of the tuned sides of one base as one result. */
function joined(
  { others: more = [], ...first }: PairQuantities,
  { baseValues, zeros, computedOn, others = [], recomputed = [], ...next }: PairQuantities,
): PairQuantities {
  void baseValues;
  void zeros;
  const again = [...new Set([...(first.recomputed ?? []), ...recomputed])];
  const where = first.computedOn ?? computedOn;
  return {
    ...first,
    others: [...more, next, ...others],
    ...(where ? { computedOn: where } : {}),
    ...(again.length > 0 ? { recomputed: again } : {}),
  };
}

/** Pairs that can share every dispatch. */
function keyOf({ base, options }: PairJob): string {
  return `${base.rows} ${base.columns} ${options.angleRank} ${options.maskRank} ${options.others?.length ?? 0} ${options.updateRank ?? 0}`;
}
function quantitiesOf({ leading, ...spectra }: DeviceSide): SideQuantities {
  return {
    ...spectra,
    energies: leading?.energies ?? null,
    diagonal: leading?.diagonal ?? null,
    directions: leading?.directions ?? null,
    masks: leading?.masks ?? null,
  };
}
