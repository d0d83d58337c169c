/**
 * A batch of pairs of one shape on the device: W0 and W1 of all pairs go through the reduction together, then the differences, while the
 * CPU is at the bands of the first; then the leading vectors and the angles between them.
 */
import type {
  BandFactors,
  FloatTail,
  LeadingQuantities,
  LeadingStart,
  Matrix,
  PairOptions,
  RefinedLeading,
  UpperBand,
} from '../backend.ts';
import { principalAngles, type Angles, type Bases } from './angles.ts';
import { vectorBytes, type Vectors } from './backTransform.ts';
import { BandReduction, BANDWIDTH } from './bandReduction.ts';
import type { GpuContext } from './context.ts';
import { leadingBytes, leadingQuantities } from './leading.ts';
import { BLOCK, type DeviceMatrix } from './matrix.ts';
import type { DeviceType, RawPair, RawSide } from './unpack.ts';
import { upload, uploadBytes } from './upload.ts';

export interface PairJob {
  base: Matrix;
  tuned: Matrix;
  options: PairOptions;
}
export interface DevicePair {
  baseValues: Float64Array;
  tunedValues: Float64Array;
  updateValues: Float64Array;
  anglesU: Angles | null;
  anglesV: Angles | null;
  /** null for a zero base */
  leading: LeadingQuantities | null;
}

/** Leading vectors that the refinement starts from, over the r that it is after. */
const START = 2;

/** A pair whose leading vectors the CPU is refining. */
interface Leading {
  job: PairJob;
  pair: DevicePair;
  start: LeadingStart;
  refined: Promise<RefinedLeading>;
  unchanged: boolean;
}

interface Ranks {
  k: number;
  r: number;
  /** vectors that the refinement starts from */
  count: number;
  /** vectors of the base's band */
  most: number;
}
function ranksOf({ base, options }: PairJob): Ranks {
  const q = Math.min(base.rows, base.columns);
  const count = Math.min(q, START * options.maskRank);
  return { k: options.angleRank, r: options.maskRank, count, most: Math.max(count, options.angleRank) };
}

/** Bytes of the pool that a batch of `batch` such pairs takes at most. */
export function batchBytes(job: PairJob, batch: number): number {
  const { rows, columns, data } = job.base;
  const { k, most } = ranksOf(job);
  const sides = BandReduction.bytes({ rows, columns, batch: 2 * batch, keepReflectors: true });
  const updates = BandReduction.bytes({ rows, columns, batch, keepReflectors: false });
  const raw = 2 * uploadBytes(Math.max(data.byteLength, job.tuned.data.byteLength));
  const vectors = batch * (vectorBytes(rows, columns, most) + vectorBytes(rows, columns, k));
  const angles = [rows, columns].reduce(
    (sum, side) => sum + BandReduction.bytes({ rows: side, columns: k, batch, keepReflectors: false }),
    0,
  );
  return 1.25 * (raw + vectors + Math.max(sides + updates, angles, leadingBytes(job)));
}

/** All jobs have one shape and one pair of ranks. Throws device-lost, cancelled, DeviceMemoryError. */
export async function comparePairs(
  context: GpuContext,
  tail: FloatTail,
  jobs: readonly PairJob[],
  signal: AbortSignal,
): Promise<DevicePair[]> {
  const [first] = jobs;
  if (!first) return [];
  const { rows, columns } = first.base;
  const ranks = ranksOf(first);
  const { sides, factors, updateValues } = await reduceAll(context, tail, jobs, ranks, signal);
  const pairs: DevicePair[] = [];
  const bases: { left: Bases; right: Bases; pair: DevicePair }[] = [];
  const leading: Leading[] = [];
  const held: Vectors[] = [];
  try {
    try {
      for (const [i, job] of jobs.entries()) {
        const [base, tuned] = [factors[2 * i] as BandFactors, factors[2 * i + 1] as BandFactors];
        const values = updateValues[i] as Float64Array;
        const unchanged = !((values[0] ?? 0) > 0);
        const pair: DevicePair = {
          baseValues: base.values,
          tunedValues: unchanged ? base.values : tuned.values,
          updateValues: values,
          ...{ anglesU: null, anglesV: null, leading: null },
        };
        pairs.push(pair);
        if (!((base.values[0] ?? 0) > 0)) continue;
        const vectors = await sides.backTransform(2 * i, bandVectors(base, ranks.most, ranks.most), ranks.most, signal);
        held.push(vectors);
        const start = await startOf(context, vectors, base, job, signal);
        const refined = tail.refine(job.base, start, { ...job.options, signal });
        // awaited below; until then it must not count as unhandled
        refined.catch(() => undefined);
        leading.push({ job, pair, start, refined, unchanged });
        if (unchanged || ![base, tuned].every(({ values: s }) => hasRank(s, ranks.k, rows, columns))) continue;
        const baseVectors =
          ranks.most === ranks.k
            ? vectors
            : await sides.backTransform(2 * i, bandVectors(base, ranks.most, ranks.k), ranks.k, signal);
        if (baseVectors !== vectors) held.push(baseVectors);
        const tunedVectors = await sides.backTransform(
          2 * i + 1,
          bandVectors(tuned, ranks.k, ranks.k),
          ranks.k,
          signal,
        );
        held.push(tunedVectors);
        bases.push({
          pair,
          left: { base: baseVectors.left, tuned: tunedVectors.left },
          right: { base: baseVectors.right, tuned: tunedVectors.right },
        });
      }
    } finally {
      sides.destroy();
    }
    if (bases.length > 0) {
      const left = await principalAngles(
        context,
        tail,
        bases.map(({ left: b }) => b),
        rows,
        ranks.k,
        signal,
      );
      const right = await principalAngles(
        context,
        tail,
        bases.map(({ right: b }) => b),
        columns,
        ranks.k,
        signal,
      );
      for (const [i, { pair }] of bases.entries()) {
        pair.anglesU = left[i] ?? null;
        pair.anglesV = right[i] ?? null;
      }
    }
    for (const { buffer } of held.splice(0).flatMap(({ left, right }) => [left, right])) context.pool.release(buffer);
    for (const { job, pair, start, refined, unchanged } of leading)
      pair.leading = await leadingQuantities(context, tail, job, start, await refined, unchanged, signal);
    return pairs;
  } finally {
    for (const { left, right } of held) for (const { buffer } of [left, right]) context.pool.release(buffer);
  }
}

/** s_k above the numerical-rank threshold: there is a subspace to compare. */
function hasRank(values: Float64Array, k: number, rows: number, columns: number): boolean {
  return (values[k - 1] ?? 0) > Math.max(rows, columns) * 2 ** -23 * (values[0] ?? 0);
}

/** Bands of W0 and W1 in turn with their vectors, and the values of the differences; the reflectors of the former stay. */
async function reduceAll(
  context: GpuContext,
  tail: FloatTail,
  jobs: readonly PairJob[],
  { k, most }: Ranks,
  signal: AbortSignal,
): Promise<{ sides: BandReduction; factors: BandFactors[]; updateValues: Float64Array[] }> {
  const { rows, columns } = (jobs[0] as PairJob).base;
  const order = Math.min(rows, columns);
  const band = (data: Float64Array): UpperBand => ({ order, width: BANDWIDTH, data });
  const sides = await BandReduction.create(context, { rows, columns, batch: 2 * jobs.length, keepReflectors: true });
  try {
    const updates = await BandReduction.create(context, { rows, columns, batch: jobs.length, keepReflectors: false });
    let sideFactors: Promise<BandFactors[]>;
    let updateFactors: Promise<BandFactors[]>;
    try {
      for (const [i, job] of jobs.entries()) await fill(context, job, i, sides, updates, signal);
      await sides.reduce(signal);
      const bands = await sides.readBands(signal);
      sideFactors = Promise.all(bands.map((data, i) => tail.band(band(data), i % 2 === 0 ? most : k, signal)));
      // awaited below; until then it must not count as unhandled
      sideFactors.catch(() => undefined);
      await updates.reduce(signal);
      updateFactors = Promise.all((await updates.readBands(signal)).map((data) => tail.band(band(data), 0, signal)));
    } finally {
      updates.destroy();
    }
    const [factors, differences] = await Promise.all([sideFactors, updateFactors]);
    return { sides, factors, updateValues: differences.map(({ values }) => values) };
  } catch (error) {
    sides.destroy();
    throw error;
  }
}

async function fill(
  context: GpuContext,
  { base, tuned, options }: PairJob,
  i: number,
  sides: BandReduction,
  updates: BandReduction,
  signal: AbortSignal,
): Promise<void> {
  const raw: RawSide[] = [];
  try {
    for (const { data, type } of [base, tuned])
      raw.push({ words: await upload(context, data, signal), type: type as DeviceType });
    const pair: RawPair = {
      ...{ rows: base.rows, columns: base.columns, base: raw[0] ?? null, tuned: raw[1] ?? null },
      roundToBf16: options.grid.roundFirst,
    };
    await sides.fill(2 * i, pair, 'base');
    await sides.fill(2 * i + 1, pair, 'tuned');
    await updates.fill(i, pair, 'difference');
  } finally {
    for (const { words } of raw) context.pool.release(words.buffer);
  }
}

/** The first `count` of `held` vectors, without a gap. */
function bandVectors(
  { left, right }: BandFactors,
  held: number,
  count: number,
): { ub: Float32Array; vb: Float32Array } {
  const first = (all: Float32Array): Float32Array => {
    if (held === count) return all;
    const out = new Float32Array((all.length / held) * count);
    for (let i = 0, row = 0; row < out.length; i += held, row += count) out.set(all.subarray(i, i + count), row);
    return out;
  };
  return { ub: first(left), vb: first(right) };
}

/** The smaller side's vectors, off the device. */
async function startOf(
  context: GpuContext,
  { left, right }: Vectors,
  { values }: BandFactors,
  job: PairJob,
  signal: AbortSignal,
): Promise<LeadingStart> {
  const { rows, columns } = job.base;
  const { count } = ranksOf(job);
  const q = Math.min(rows, columns);
  const { buffer, offset, ld }: DeviceMatrix = rows >= columns ? right : left;
  const all = new Float32Array(await context.read(buffer, offset, q * ld * 4, signal));
  const vectors = new Float32Array(q * count);
  for (let i = 0; i < q; i++) vectors.set(all.subarray(i * ld, i * ld + count), i * count);
  return { vectors, count, values };
}

/** Whether the device's kernels take such a pair: types that it decodes, and enough of it to be worth the way. */
export function suitsDevice({ base, tuned, options }: PairJob): boolean {
  const { grid } = options;
  if (Math.min(base.rows, base.columns) <= BLOCK) return false;
  if (base.type === 'F64' || tuned.type === 'F64') return false;
  return !grid.roundFirst || grid.grid === 'BF16';
}
