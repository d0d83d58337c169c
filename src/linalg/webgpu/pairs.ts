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
} from '../backend.ts';
import type { LeftOverlap } from '../intruders.ts';
import { principalAngles, type Angles, type Bases, type FoundAngles } from './angles.ts';
import { vectorBytes, type Vectors } from './backTransform.ts';
import { BandReduction } from './bandReduction.ts';
import type { GpuContext } from './context.ts';
import { leadingBytes, leadingQuantities } from './leading.ts';
import type { DeviceMatrix } from './matrix.ts';
import { reduceAll } from './pairBands.ts';
import { ranksOf, tunedSides, type PairJob } from './pairJob.ts';
import { uploadBytes } from './upload.ts';

/** What one tuned side of a pair gave; `leading` null for a zero base. */
export interface DeviceSide {
  tunedValues: Float64Array;
  updateValues: Float64Array;
  /** as in SideQuantities */
  updateRight?: Float64Array | null;
  anglesU: Angles | null;
  anglesV: Angles | null;
  leftOverlap: LeftOverlap | null;
  leading: LeadingQuantities | null;
}
export interface DevicePair {
  baseValues: Float64Array;
  /** W1, and the others that were asked for */
  sides: DeviceSide[];
}

/** A pair whose leading vectors the CPU is refining. */
interface Leading {
  job: PairJob;
  pair: DevicePair;
  start: LeadingStart;
  refined: Promise<RefinedLeading>;
  /** the leading vectors, if there are k of them */
  vectors: Vectors | null;
}

/** Bytes of the pool that a batch of `batch` such pairs takes at most. */
export function batchBytes(job: PairJob, batch: number): number {
  const { rows, columns, data } = job.base;
  const { k, most, update } = ranksOf(job);
  const tuned = batch * tunedSides(job).length;
  const sides = BandReduction.bytes({ rows, columns, batch: batch + tuned, keepReflectors: true });
  const updates = BandReduction.bytes({ rows, columns, batch: tuned, keepReflectors: update > 0 });
  const raw = (1 + tunedSides(job).length) * uploadBytes(Math.max(data.byteLength, job.tuned.data.byteLength));
  const vectors =
    batch * vectorBytes(rows, columns, most) +
    tuned * vectorBytes(rows, columns, k) +
    vectorBytes(rows, columns, update);
  const angles = [rows, columns].reduce(
    (sum, side) => sum + BandReduction.bytes({ rows: side, columns: k, batch: tuned, keepReflectors: false }),
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
  const { sides, factors, updates, updateFactors } = await reduceAll(context, tail, jobs, ranks, signal);
  const tunedCount = tunedSides(first).length;
  const pairs: DevicePair[] = [];
  const bases: { left: Bases; right: Bases; side: DeviceSide }[] = [];
  const leading: Leading[] = [];
  let directions: Promise<void>[] = [];
  /** vectors that the angles need; those of the bases stay for what comes after */
  const held: Vectors[] = [];
  const kept: Vectors[] = [];
  try {
    try {
      for (const [i, job] of jobs.entries()) {
        const member = i * (1 + tunedCount);
        const base = factors[member] as BandFactors;
        const pair: DevicePair = { baseValues: base.values, sides: [] };
        for (let j = 0; j < tunedCount; j++) {
          const { values } = updateFactors[i * tunedCount + j] as BandFactors;
          const tuned = factors[member + 1 + j] as BandFactors;
          pair.sides.push({
            tunedValues: isUpdate(values) ? tuned.values : base.values,
            updateValues: values,
            ...{ anglesU: null, anglesV: null, leftOverlap: null, leading: null },
            ...(ranks.update > 0 ? { updateRight: null } : {}),
          });
        }
        pairs.push(pair);
        if (!((base.values[0] ?? 0) > 0)) continue;
        const vectors = await sides.backTransform(
          member,
          bandVectors(base, ranks.most, ranks.most),
          ranks.most,
          signal,
        );
        kept.push(vectors);
        const start = await startOf(context, vectors, base, job.base, ranks.count, signal);
        const refined = tail.refine(job.base, start, { ...forOne(job.options), signal });
        // awaited below; until then it must not count as unhandled
        refined.catch(() => undefined);
        const directed = hasRank(base.values, ranks.k, rows, columns);
        leading.push({ job, pair, start, refined, vectors: directed ? vectors : null });
        const turned = pair.sides.flatMap((side, j) =>
          directed && isUpdate(side.updateValues) && hasRank(side.tunedValues, ranks.k, rows, columns)
            ? [{ side, member: member + 1 + j }]
            : [],
        );
        if (turned.length === 0) continue;
        const baseVectors =
          ranks.most === ranks.k
            ? vectors
            : await sides.backTransform(member, bandVectors(base, ranks.most, ranks.k), ranks.k, signal);
        if (baseVectors !== vectors) held.push(baseVectors);
        for (const { side, member: at } of turned) {
          const band = bandVectors(factors[at] as BandFactors, ranks.k, ranks.k);
          const tunedVectors = await sides.backTransform(at, band, ranks.k, signal);
          held.push(tunedVectors);
          bases.push({
            side,
            left: { base: baseVectors.left, tuned: tunedVectors.left },
            right: { base: baseVectors.right, tuned: tunedVectors.right },
          });
        }
      }
      if (updates) directions = await updateDirections(context, tail, { jobs, pairs, updates, updateFactors }, signal);
    } finally {
      sides.destroy();
      updates?.destroy();
    }
    if (bases.length > 0) {
      const of = (which: 'left' | 'right', size: number): Promise<FoundAngles[]> =>
        principalAngles(
          context,
          tail,
          bases.map((item) => item[which]),
          { rows: size, k: ranks.k, overlap: which === 'left' },
          signal,
        );
      const left = await of('left', rows);
      const right = await of('right', columns);
      for (const [i, { side }] of bases.entries()) {
        side.anglesU = left[i]?.angles ?? null;
        side.anglesV = right[i]?.angles ?? null;
        side.leftOverlap = left[i]?.leftOverlap ?? null;
      }
    }
    for (const vectors of held.splice(0)) releaseVectors(context, vectors);
    for (const { job, pair, start, refined, vectors } of leading)
      for (const [j, tuned] of tunedSides(job).entries()) {
        const side = pair.sides[j] as DeviceSide;
        const one: PairJob = { base: job.base, tuned, options: forOne(job.options) };
        const input = { job: one, start, refined: await refined, vectors, unchanged: !isUpdate(side.updateValues) };
        side.leading = await leadingQuantities(context, tail, input, signal);
      }
    await Promise.all(directions);
    return pairs;
  } finally {
    for (const vectors of [...held, ...kept]) releaseVectors(context, vectors);
  }
}

function releaseVectors(context: GpuContext, { left, right }: Vectors): void {
  for (const { buffer } of [left, right]) context.pool.release(buffer);
}
/** What is asked of one tuned side by itself, in the base's light. */
function forOne(options: PairOptions): PairOptions {
  const { others, updateRank, ...rest } = options;
  void others;
  void updateRank;
  return rest;
}

/** Starts the refinement of every update's leading directions on the CPU; each fills its side's `updateRight`. */
async function updateDirections(
  context: GpuContext,
  tail: FloatTail,
  found: {
    jobs: readonly PairJob[];
    pairs: readonly DevicePair[];
    updates: BandReduction;
    updateFactors: BandFactors[];
  },
  signal: AbortSignal,
): Promise<Promise<void>[]> {
  const { jobs, pairs, updates, updateFactors } = found;
  const refining: Promise<void>[] = [];
  for (const [i, job] of jobs.entries()) {
    const { base, options } = job;
    const { rows, columns } = base;
    const K = options.updateRank ?? 0;
    const count = ranksOf(job).update;
    for (const [j, tuned] of tunedSides(job).entries()) {
      const member = i * tunedSides(job).length + j;
      const factors = updateFactors[member] as BandFactors;
      if (!isUpdate(factors.values) || !hasRank(factors.values, K, rows, columns)) continue;
      const vectors = await updates.backTransform(member, bandVectors(factors, count, count), count, signal);
      const start = await startOf(context, vectors, factors, base, count, signal).finally(() =>
        releaseVectors(context, vectors),
      );
      const side = pairs[i]?.sides[j] as DeviceSide;
      const refined = tail
        .refine(base, start, { ...forOne(options), maskRank: K, signal }, tuned)
        .then(({ values, small, large }) => {
          // the larger side's came times s
          side.updateRight = rows >= columns ? small : large.map((x, at) => x / (values[at % K] ?? 1));
        });
      // awaited later; until then it must not count as unhandled
      refined.catch(() => undefined);
      refining.push(refined);
    }
  }
  return refining;
}
/** Whether these are the values of a D that is not zero. */
function isUpdate(updateValues: Float64Array): boolean {
  return (updateValues[0] ?? 0) > 0;
}

/** s_k above the numerical-rank threshold: there is a subspace to compare. */
function hasRank(values: Float64Array, k: number, rows: number, columns: number): boolean {
  return (values[k - 1] ?? 0) > Math.max(rows, columns) * 2 ** -23 * (values[0] ?? 0);
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
  { rows, columns }: Pick<Matrix, 'rows' | 'columns'>,
  count: number,
  signal: AbortSignal,
): Promise<LeadingStart> {
  const q = Math.min(rows, columns);
  const { buffer, offset, ld }: DeviceMatrix = rows >= columns ? right : left;
  const all = new Float32Array(await context.read(buffer, offset, q * ld * 4, signal));
  const vectors = new Float32Array(q * count);
  for (let i = 0; i < q; i++) vectors.set(all.subarray(i * ld, i * ld + count), i * count);
  return { vectors, count, values };
}
