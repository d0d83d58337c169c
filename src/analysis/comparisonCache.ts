/** Comparisons kept open: both sides are opened and paired once, for the plan, the run, and every picture that follows. */
import { createHash } from 'node:crypto';
import {
  pairAdapter,
  pairCheckpoints,
  type Checkpoint,
  type Pairing,
  type PairOptions,
  type WeightPair,
} from '../checkpoint/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { ComparedCheckpoints } from '../protocol/engine.ts';
import type { CheckpointCache, HeldCheckpoint } from './checkpointCache.ts';
import { holdWeights, type DeltaBase } from './overDeltas.ts';

/** As long as an idle engine process lives. Files are closed at once; this is the memory of the headers. */
const IDLE_MS = 120_000;
/** Comparisons held while nobody uses them; the one used longest ago goes. */
const MAX_IDLE = 4;

export interface OpenComparison {
  base: Checkpoint;
  tuned: Checkpoint;
  pairing: Pairing;
  /** the pairs by name */
  pairs: ReadonlyMap<string, WeightPair>;
  /** another one when a file of either side has changed */
  stamp: string;
}
export interface HeldComparison {
  open: OpenComparison;
  release(): Promise<void>;
}
interface Entry {
  held: Promise<{ open: OpenComparison; sides: HeldCheckpoint[] }>;
  users: number;
  dropped: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** What the deltas of both sides were made on; without a path those of the tuned side on BASE. */
type Asked = ComparedCheckpoints & { deltaBase?: DeltaBase };

const ONLY_BESIDE: DeltaBase = { advice: 'Compare the checkpoint that training began from.' };

export class ComparisonCache {
  /** by key, the one used last at the end */
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly checkpoints: CheckpointCache,
    private readonly idleMs = IDLE_MS,
  ) {}

  /**
   * The comparison, opened and paired anew only if it is not held or a file has changed; `release` must follow. Throws as
   * openCheckpoint does, and bad-file if a side is refused.
   */
  async hold(compared: Asked, signal?: AbortSignal): Promise<HeldComparison> {
    const key = keyOf(compared);
    const present = this.entries.get(key);
    if (present) {
      present.users++;
      clearTimeout(present.timer);
      const held = await present.held.catch(() => null);
      const isCurrent = held !== null && (await Promise.all(held.sides.map((side) => side.isCurrent()))).every(Boolean);
      if (held && isCurrent && !present.dropped) {
        this.entries.delete(key);
        this.entries.set(key, present);
        return { open: held.open, release: () => this.release(key, present) };
      }
      await this.drop(key, present);
      await this.release(key, present);
    }
    const entry: Entry = { held: this.pair(compared, signal), users: 1, dropped: false, timer: undefined };
    this.entries.set(key, entry);
    try {
      const { open } = await entry.held;
      return { open, release: () => this.release(key, entry) };
    } catch (error) {
      entry.dropped = true;
      if (this.entries.get(key) === entry) this.entries.delete(key);
      throw error;
    }
  }

  /** Nobody will ask for it soon: its panel is closed. What uses it now goes on. */
  async letGo(compared: ComparedCheckpoints): Promise<void> {
    const key = keyOf(compared);
    const entry = this.entries.get(key);
    if (entry) await this.drop(key, entry);
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.entries].map(([key, entry]) => this.drop(key, entry)));
  }

  private async pair(
    { base, tuned, includeEmbeddings, tensors, deltaBase = ONLY_BESIDE }: Asked,
    signal?: AbortSignal,
  ): Promise<{ open: OpenComparison; sides: HeldCheckpoint[] }> {
    const sides: HeldCheckpoint[] = [];
    try {
      sides.push(await holdWeights(this.checkpoints, base, deltaBase, signal));
      const under = 'path' in deltaBase ? deltaBase : { path: base };
      sides.push(await holdWeights(this.checkpoints, tuned, under, signal));
      const [one, other] = sides.map(({ checkpoint }) => checkpoint) as [Checkpoint, Checkpoint];
      const pairing = pairOf(one, other, { includeEmbeddings, tensors });
      const stamp = createHash('sha256')
        .update(sides.map((side) => side.stamp).join('\n\n'))
        .digest('hex');
      return {
        open: {
          base: one,
          tuned: other,
          pairing,
          pairs: new Map(pairing.pairs.map((pair) => [pair.name, pair])),
          stamp,
        },
        sides,
      };
    } catch (error) {
      await Promise.all(sides.map((side) => side.release()));
      throw error;
    }
  }

  private async release(key: string, entry: Entry): Promise<void> {
    entry.users--;
    if (entry.users > 0) return;
    if (entry.dropped) return close(entry);
    entry.timer = setTimeout(() => void this.drop(key, entry), this.idleMs);
    entry.timer.unref();
    const { sides } = await entry.held;
    await Promise.all(sides.map(({ checkpoint }) => checkpoint.rest()));
    const idle = [...this.entries].filter(([, { users }]) => users === 0);
    for (const [other, old] of idle.slice(0, Math.max(0, idle.length - MAX_IDLE))) await this.drop(other, old);
  }

  private async drop(key: string, entry: Entry): Promise<void> {
    clearTimeout(entry.timer);
    if (entry.dropped) return;
    entry.dropped = true;
    if (this.entries.get(key) === entry) this.entries.delete(key);
    if (entry.users === 0) await close(entry);
  }
}

const keyOf = ({ base, tuned, includeEmbeddings, tensors, deltaBase }: Asked): string =>
  JSON.stringify([base, tuned, includeEmbeddings, tensors, deltaBase ?? null]);

async function close(entry: Entry): Promise<void> {
  const held = await entry.held.catch(() => null);
  await Promise.all((held?.sides ?? []).map((side) => side.release()));
}

/** Throws bad-file if the base is an adapter, or the tuned side is one of which no update can be read. */
function pairOf(base: Checkpoint, tuned: Checkpoint, options: PairOptions): Pairing {
  if (base.adapter && !base.adapter.facts.unmerged)
    throw new OffaxisError(
      'bad-file',
      say`${base.path} is an adapter (${base.adapter.facts.kind}): parts of an update, not weights. Compare the base that it was trained on with it.`,
    );
  return tuned.adapter && !tuned.adapter.facts.unmerged
    ? pairAdapter(base, tuned, tuned.adapter, options)
    : pairCheckpoints(base, tuned, options);
}
