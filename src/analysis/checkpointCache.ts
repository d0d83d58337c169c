/** Checkpoints kept open between requests for their values: a grid that is scrolled must not read 162 headers a screen. */
import { randomUUID } from 'node:crypto';
import { join, places, relative, stampText } from '../bytes/index.ts';
import { isRefused, openCheckpoint } from '../checkpoint/index.ts';
import { CONFIG_FILES, FILES_BESIDE } from '../formats/index.ts';
import type { Checkpoint } from '../checkpoint/types.ts';
import type { OpenLimits } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';

/** Closed after this long without a request, so that files can be moved and the memory of large headers goes back. */
const IDLE_MS = 15_000;
/** Kept while nobody uses them: two panels side by side, each with two checkpoints. The one used longest ago goes. */
const MAX_IDLE = 4;

export interface HeldCheckpoint {
  checkpoint: Checkpoint;
  /** stamps of its files when they were read */
  stamp: string;
  /** whether they are the same now */
  isCurrent(): Promise<boolean>;
  release(): Promise<void>;
}

interface Opened {
  checkpoint: Checkpoint;
  /** stamps of its files when they were read */
  mark: string;
}
interface Entry {
  opening: Promise<Opened>;
  users: number;
  dropped: boolean;
  timer: NodeJS.Timeout | undefined;
}

export class CheckpointCache {
  /** by path, the one used last at the end */
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly idleMs = IDLE_MS) {}

  /** Runs `work` on the checkpoint at a path, which is opened anew if one of its files has changed. Throws as openCheckpoint does. */
  async use<T>(path: string, work: (checkpoint: Checkpoint) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const held = await this.hold(path, signal);
    try {
      return await work(held.checkpoint);
    } finally {
      await held.release();
    }
  }

  /** What its headers say; it is kept for those who read it next, its files closed until then. `limits`: see `OpenLimits`. */
  async facts(path: string, signal?: AbortSignal, limits?: OpenLimits): Promise<Checkpoint['facts']> {
    if (limits) return this.factsWithin(path, limits, signal);
    return this.use(path, rested, signal);
  }

  private async factsWithin(
    path: string,
    { headerBytes, milliseconds }: OpenLimits,
    signal?: AbortSignal,
  ): Promise<Checkpoint['facts']> {
    const late = AbortSignal.timeout(milliseconds);
    const either = signal ? AbortSignal.any([signal, late]) : late;
    // a disk that does not answer hears of no signal
    const tooLate = new Promise<never>((_, reject) => {
      const slow = say`${path} could not be opened within ${milliseconds} ms. Open it to wait for it.`;
      late.addEventListener('abort', () => reject(new OffaxisError('read-failed', slow)), { once: true });
    });
    // One that is open already may be larger than this caller wants to have.
    const work = this.hold(path, either, headerBytes).then(async (held) => {
      try {
        if (held.checkpoint.facts.headerBytes <= headerBytes) return await rested(held.checkpoint);
      } finally {
        await held.release();
      }
      throw new OffaxisError('bad-file', say`${path}: its headers have more than ${headerBytes} bytes. Open it.`);
    });
    return Promise.race([work, tooLate]);
  }

  /** As `use`, for as long as the caller wants; `release` must follow. */
  async hold(path: string, signal?: AbortSignal, mostHeaderBytes?: number): Promise<HeldCheckpoint> {
    const entry = await this.acquire(path, signal, mostHeaderBytes);
    const { checkpoint, mark } = await entry.opening;
    return {
      checkpoint,
      stamp: mark,
      isCurrent: async () => !entry.dropped && (await markOf(path, checkpoint)) === mark,
      release: () => this.release(path, entry),
    };
  }

  /** As `hold`. Throws bad-file, too, if nothing of the checkpoint can be used. */
  async holdReadable(path: string, signal?: AbortSignal): Promise<HeldCheckpoint> {
    const held = await this.hold(path, signal);
    if (!isRefused(held.checkpoint)) return held;
    await held.release();
    throw new OffaxisError(
      'bad-file',
      held.checkpoint.problems.find(({ severity }) => severity === 'error')?.message ?? say`${path} can't be read.`,
    );
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.entries].map(([path, entry]) => this.drop(path, entry)));
  }

  private async acquire(path: string, signal?: AbortSignal, mostHeaderBytes?: number): Promise<Entry> {
    const present = this.entries.get(path);
    if (present) {
      present.users++;
      clearTimeout(present.timer);
      const opened = await present.opening.catch(() => null);
      if (opened && (await markOf(path, opened.checkpoint)) === opened.mark && !present.dropped) {
        this.entries.delete(path);
        this.entries.set(path, present);
        return present;
      }
      await this.drop(path, present);
      await this.release(path, present);
    }
    const opening = openWithMark(path, signal, mostHeaderBytes);
    const entry: Entry = { opening, users: 1, dropped: false, timer: undefined };
    this.entries.set(path, entry);
    try {
      await opening;
      return entry;
    } catch (error) {
      entry.dropped = true;
      if (this.entries.get(path) === entry) this.entries.delete(path);
      throw error;
    }
  }

  private async release(path: string, entry: Entry): Promise<void> {
    entry.users--;
    if (entry.users > 0) return;
    if (entry.dropped) return close(entry);
    entry.timer = setTimeout(() => void this.drop(path, entry), this.idleMs);
    entry.timer.unref();
    const idle = [...this.entries].filter(([, { users }]) => users === 0);
    for (const [other, old] of idle.slice(0, Math.max(0, idle.length - MAX_IDLE))) await this.drop(other, old);
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
  const opened = await entry.opening.catch(() => null);
  await opened?.checkpoint.close();
}

async function rested(checkpoint: Checkpoint): Promise<Checkpoint['facts']> {
  await checkpoint.rest();
  return checkpoint.facts;
}

async function openWithMark(path: string, signal?: AbortSignal, mostHeaderBytes?: number): Promise<Opened> {
  const checkpoint = await openCheckpoint(path, signal, mostHeaderBytes);
  // What failed may work the next time: such a checkpoint is never the one that is asked for again.
  const passing = checkpoint.problems.some(({ code }) => PASSING.has(code)) ? `\n${randomUUID()}` : '';
  return { checkpoint, mark: (await markWhenRead(path, checkpoint)) + passing };
}

const markOfFile = async (file: string): Promise<string> => stampText(await places.stamp(file));

/** Stamps of the path and of every shard, as they are now. */
async function markOf(path: string, checkpoint: Checkpoint): Promise<string> {
  return (await Promise.all(filesOf(path, checkpoint).map(markOfFile))).join('\n');
}

/** Problems of a moment: the disk failed, or too many files were open. */
const PASSING: ReadonlySet<string> = new Set(['config-unreadable', 'adapter-config-unreadable']);

/** The same, as they were when they were read: a change since then shows. What was not read (a folder) is asked now. */
async function markWhenRead(path: string, checkpoint: Checkpoint): Promise<string> {
  // One that was not there, or told of nothing, stays so until it is there: it may come between the reading and this look.
  const silent = checkpoint.config === null && !checkpoint.problems.some(({ code }) => code.startsWith('config-'));
  const unread = silent ? join(checkpoint.folder, CONFIG_FILES[0]) : null;
  const marks = filesOf(path, checkpoint).map((file) => {
    if (file === unread) return Promise.resolve(stampText(null));
    const stamp = checkpoint.stamps.get(relative(checkpoint.folder, file));
    return stamp ? Promise.resolve(stampText(stamp)) : markOfFile(file);
  });
  return (await Promise.all(marks)).join('\n');
}

/** Every file that a checkpoint was read from, the index first. `path` may be a file, an index or a folder. */
export function filesOf(path: string, checkpoint: Checkpoint): string[] {
  if (checkpoint.madeOf) return [...new Set([path, ...checkpoint.madeOf.flatMap((part) => filesOf(part.path, part))])];
  const shards = checkpoint.facts.shards.map(({ file }) => file);
  return [...new Set([path, ...[...shards, ...FILES_BESIDE].map((file) => join(checkpoint.folder, file))])];
}
