/** Checkpoints kept open between requests for their values: a grid that is scrolled must not read 162 headers a screen. */
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { openCheckpoint } from '../checkpoint/index.ts';
import type { Checkpoint } from '../checkpoint/types.ts';

/** Closed after this long without a request, so that files can be moved and the memory of large headers goes back. */
const IDLE_MS = 15_000;
/** Two panels side by side, each with two checkpoints. */
const MAX_OPEN = 4;

interface Entry {
  checkpoint: Promise<Checkpoint>;
  /** size and time of the path when its headers were read */
  mark: string;
  users: number;
  dropped: boolean;
  timer: NodeJS.Timeout | undefined;
}

export class CheckpointCache {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly idleMs = IDLE_MS) {}

  /** Runs `work` on the checkpoint at a path, which is opened anew where one of its files has changed. Throws as openCheckpoint does. */
  async use<T>(path: string, work: (checkpoint: Checkpoint) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const held = await this.hold(path, signal);
    try {
      return await work(held.checkpoint);
    } finally {
      await held.release();
    }
  }

  /** Opens the checkpoint anew, whatever is held, and keeps it for those who read it next, its files closed until then. */
  async renew(path: string, signal?: AbortSignal): Promise<Checkpoint['facts']> {
    const present = this.entries.get(path);
    if (present) await this.drop(path, present);
    return this.use(
      path,
      async (checkpoint) => {
        await checkpoint.rest();
        return checkpoint.facts;
      },
      signal,
    );
  }

  /** As `use`, for as long as the caller wants; `release` must follow. */
  async hold(path: string, signal?: AbortSignal): Promise<{ checkpoint: Checkpoint; release(): Promise<void> }> {
    const entry = await this.acquire(path, signal);
    return { checkpoint: await entry.checkpoint, release: () => this.release(path, entry) };
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.entries].map(([path, entry]) => this.drop(path, entry)));
  }

  private async acquire(path: string, signal?: AbortSignal): Promise<Entry> {
    const present = this.entries.get(path);
    if (present) {
      present.users++;
      clearTimeout(present.timer);
      const checkpoint = await present.checkpoint.catch(() => null);
      if (checkpoint && (await markOf(path, checkpoint)) === present.mark && !present.dropped) return present;
      await this.drop(path, present);
      await this.release(path, present);
    }
    const entry: Entry = {
      checkpoint: openCheckpoint(path, signal),
      mark: '',
      users: 1,
      dropped: false,
      timer: undefined,
    };
    entry.checkpoint.catch(() => undefined);
    this.entries.set(path, entry);
    try {
      entry.mark = await markWhenRead(path, await entry.checkpoint);
    } catch (error) {
      entry.dropped = true;
      if (this.entries.get(path) === entry) this.entries.delete(path);
      throw error;
    }
    return entry;
  }

  private async release(path: string, entry: Entry): Promise<void> {
    entry.users--;
    if (entry.users > 0) return;
    if (entry.dropped) return close(entry);
    entry.timer = setTimeout(() => void this.drop(path, entry), this.idleMs);
    entry.timer.unref();
    for (const [other, { users }] of this.entries)
      if (this.entries.size > MAX_OPEN && users === 0) await this.drop(other, this.entries.get(other) as Entry);
  }

  private async drop(path: string, entry: Entry): Promise<void> {
    clearTimeout(entry.timer);
    if (entry.dropped) return;
    entry.dropped = true;
    if (this.entries.get(path) === entry) this.entries.delete(path);
    if (entry.users === 0) await close(entry);
  }
}

async function close(entry: Entry): Promise<void> {
  const checkpoint = await entry.checkpoint.catch(() => null);
  await checkpoint?.close();
}

const markOfFile = (file: string): Promise<string> =>
  stat(file).then(
    ({ size, mtimeMs }) => `${size} ${mtimeMs}`,
    () => 'missing',
  );

/** Sizes and times of the path and of every shard, as they are now. */
async function markOf(path: string, checkpoint: Checkpoint): Promise<string> {
  return (await Promise.all(filesOf(path, checkpoint).map(markOfFile))).join('\n');
}

/** The same, as they were when they were read: a change since then shows. What was not read (a folder) is asked now. */
async function markWhenRead(path: string, checkpoint: Checkpoint): Promise<string> {
  const marks = filesOf(path, checkpoint).map((file) => {
    const state = checkpoint.states.get(relative(checkpoint.folder, file));
    return state ? Promise.resolve(`${state.sizeBytes} ${state.modifiedMs}`) : markOfFile(file);
  });
  return (await Promise.all(marks)).join('\n');
}

/** Every file of a checkpoint, the index first where there is one. `path` may be a file, an index or a folder. */
export function filesOf(path: string, checkpoint: Checkpoint): string[] {
  const shards = checkpoint.facts.shards.map(({ file }) => file);
  const folder = checkpoint.folder;
  return [...new Set([path, ...shards.map((file) => join(folder, file))])];
}
