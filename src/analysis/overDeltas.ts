/** Checkpoints held as weights: a delta as what it makes of the versions under it. */
import { applyDeltas, isDelta, versionBefore, type Checkpoint, type DeltaCheckpoint } from '../checkpoint/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { CheckpointCache, HeldCheckpoint } from './checkpointCache.ts';

/** What a delta was made on, if it does not lie beside it: a path, or what to do if that is not known. */
export type DeltaBase = { path: string } | { advice: string };

/** Of a command that may be told it. */
export const deltaBaseOf = (path: string | undefined): DeltaBase =>
  path === undefined ? { advice: 'Name that: on the command line with --delta-base PATH.' } : { path };

/**
 * The checkpoint at a path, as `holdReadable` gives it; of a delta what it makes of a whole version that lies beside it, else of the one
 * at `deltaBase`, through the versions between. All of them are held. Throws bad-file if there is no such version, and as applyDeltas
 * does.
 */
export async function holdWeights(
  checkpoints: CheckpointCache,
  path: string,
  deltaBase: DeltaBase,
  signal?: AbortSignal,
): Promise<HeldCheckpoint> {
  const held = [await checkpoints.holdReadable(path, signal)];
  try {
    const checkpoint = await madeOf(checkpoints, held, deltaBase, signal);
    return {
      checkpoint,
      stamp: held.map(({ stamp }) => stamp).join('\n\n'),
      isCurrent: async () => (await Promise.all(held.map((one) => one.isCurrent()))).every(Boolean),
      release: () => releaseAll(held),
    };
  } catch (error) {
    await releaseAll(held);
    throw error;
  }
}

/** `held`: the checkpoint that is asked for; what is opened for it is added. */
async function madeOf(
  checkpoints: CheckpointCache,
  held: HeldCheckpoint[],
  deltaBase: DeltaBase,
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const [asked] = held;
  if (!asked || !isDelta(asked.checkpoint)) return (asked as HeldCheckpoint).checkpoint;
  const chain: DeltaCheckpoint[] = [asked.checkpoint];
  for (let first = asked.checkpoint; ;) {
    const path = await versionBefore(first);
    const next =
      path === null
        ? await baseOf(checkpoints, first, deltaBase, signal)
        : await checkpoints.holdReadable(path, signal);
    held.push(next);
    const { checkpoint } = next;
    if (!isDelta(checkpoint)) return applyDeltas(checkpoint, chain, signal);
    if (checkpoint.delta.version !== first.delta.baseVersion)
      throw new OffaxisError(
        'bad-file',
        say`${checkpoint.path} says that it is version ${checkpoint.delta.version}, and its name that it is ${first.delta.baseVersion}. Rename its folder.`,
      );
    chain.unshift(checkpoint);
    first = checkpoint;
  }
}

/** What the first of a chain was made on, which may be what other deltas make. */
async function baseOf(
  checkpoints: CheckpointCache,
  { path, delta }: DeltaCheckpoint,
  deltaBase: DeltaBase,
  signal?: AbortSignal,
): Promise<HeldCheckpoint> {
  const why = `${path} is a delta: the change of some weights, not weights; what it was made on, version ${delta.baseVersion}, does not lie beside it.`;
  if ('advice' in deltaBase) throw new OffaxisError('bad-file', say`${why} ${deltaBase.advice}`);
  return holdWeights(checkpoints, deltaBase.path, { advice: 'Name a checkpoint that holds weights.' }, signal);
}

async function releaseAll(held: readonly HeldCheckpoint[]): Promise<void> {
  await Promise.all(held.map((one) => one.release()));
}
