/** The reductions of a batch of pairs: bands of both sides and of their differences, while the CPU is at the bands of the first. */
import type { BandFactors, FloatTail, Matrix, UpperBand } from '../backend.ts';
import { BandReduction, BANDWIDTH } from './bandReduction.ts';
import type { GpuContext } from './context.ts';
import { tunedSides, type PairJob, type Ranks } from './pairJob.ts';
import type { DeviceType, RawPair, RawSide } from './unpack.ts';
import { upload } from './upload.ts';

/** What a batch's matrices were reduced to. */
export interface ReducedPairs {
  sides: BandReduction;
  factors: BandFactors[];
  /** with its reflectors if vectors of the differences are wanted; else gone */
  updates: BandReduction | null;
  updateFactors: BandFactors[];
}

/**
 * Bands of W0 and its tuned sides in turn with their vectors, and of the differences with as many as are wanted; the reflectors of the
 * former stay. The caller destroys both reductions.
 */
export async function reduceAll(
  context: GpuContext,
  tail: FloatTail,
  jobs: readonly PairJob[],
  { k, most, update }: Ranks,
  signal: AbortSignal,
): Promise<ReducedPairs> {
  const { rows, columns } = (jobs[0] as PairJob).base;
  const order = Math.min(rows, columns);
  const band = (data: Float64Array): UpperBand => ({ order, width: BANDWIDTH, data });
  const tuned = tunedSides(jobs[0] as PairJob).length;
  const members = 1 + tuned;
  const shape = { rows, columns };
  const sides = await BandReduction.create(context, { ...shape, batch: members * jobs.length, keepReflectors: true });
  try {
    const updates = await BandReduction.create(context, {
      ...{ ...shape, batch: tuned * jobs.length, keepReflectors: update > 0 },
    });
    let sideFactors: Promise<BandFactors[]>;
    let differences: Promise<BandFactors[]>;
    try {
      for (const [i, job] of jobs.entries()) await fill(context, job, i, sides, updates, signal);
      await sides.reduce(signal);
      const bands = await sides.readBands(signal);
      sideFactors = Promise.all(bands.map((data, i) => tail.band(band(data), i % members === 0 ? most : k, signal)));
      // awaited below; until then it must not count as unhandled
      sideFactors.catch(() => undefined);
      await updates.reduce(signal);
      const bandsOfUpdates = await updates.readBands(signal);
      differences = Promise.all(bandsOfUpdates.map((data) => tail.band(band(data), update, signal)));
      if (update === 0) updates.destroy();
      const [factors, updateFactors] = await Promise.all([sideFactors, differences]);
      return { sides, factors, updates: update > 0 ? updates : null, updateFactors };
    } catch (error) {
      updates.destroy();
      throw error;
    }
  } catch (error) {
    sides.destroy();
    throw error;
  }
}

async function fill(
  context: GpuContext,
  job: PairJob,
  i: number,
  sides: BandReduction,
  updates: BandReduction,
  signal: AbortSignal,
): Promise<void> {
  const { base } = job;
  const tuned = tunedSides(job);
  const member = i * (1 + tuned.length);
  const held: GPUBuffer[] = [];
  const raw = async ({ data, type }: Matrix): Promise<RawSide> => {
    const words = await upload(context, data, signal);
    held.push(words.buffer);
    return { words, type: type as DeviceType };
  };
  try {
    const w0 = await raw(base);
    for (const [j, side] of tuned.entries()) {
      const pair: RawPair = {
        ...{ rows: base.rows, columns: base.columns, base: w0, tuned: await raw(side) },
      };
      if (j === 0) await sides.fill(member, pair, 'base');
      await sides.fill(member + 1 + j, pair, 'tuned');
      await updates.fill(i * tuned.length + j, pair, 'difference');
    }
  } finally {
    for (const buffer of held) context.pool.release(buffer);
  }
}
