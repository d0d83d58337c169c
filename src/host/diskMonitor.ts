/** Notices that the files of a checkpoint are not those any more that were read: a training run has written its next step. */
import { basename, dirname, join } from 'node:path';
import { disk, isRemote, stampText } from '../bytes/index.ts';
import { readShardIndex } from '../formats/index.ts';
import type { DiskChange } from '../protocol/views.ts';

/** A checkpoint is written in many steps: it is looked at when it has been quiet for so long. */
const QUIET_MS = 700;
/** A file that is written to without a pause is looked at all the same. */
const PATIENCE_MS = 5000;
/** The largest index known has 60 MB. */
const MAX_INDEX_BYTES = 64e6;
/** Each watcher is the system's memory and VS Code's time; a checkpoint in more folders is looked at when its reader comes back. */
const MAX_WATCHERS = 64;
/** No model has as many shards; an index that names more is watched as far as here. */
const MAX_FILES = 10_000;
/** Stamps asked for at once. */
const STAMPS_AT_ONCE = 64;

/** Calls the listener with the path of every file of the folder that appears, changes or goes. */
export type WatchFolder = (folder: string, listener: (path: string) => void) => { dispose(): void };
/** The stamp of each file, as text. */
export interface DiskMark {
  files: ReadonlyMap<string, string>;
  at: number;
}

/**
 * The file itself; for an index the shards that it names, too, as the strict parser lets them through: a name that leads out of the
 * folder is refused. An index that can't be read (too large, a pipe) stands alone: opening it tells why. None of a remote address, which
 * nobody looks at unasked: the engine holds every answer to one version.
 */
export async function checkpointFiles(path: string): Promise<string[]> {
  if (isRemote(path)) return [];
  if (!path.endsWith('.json')) return [path];
  try {
    const source = await disk.open(path);
    try {
      if (source.sizeBytes > MAX_INDEX_BYTES) return [path];
      const { weightMap } = await readShardIndex(source, basename(path));
      const names = [...new Set(weightMap.values())].slice(0, MAX_FILES);
      return [path, ...names.map((name) => join(dirname(path), name))];
    } finally {
      await source.close();
    }
  } catch {
    return [path];
  }
}

export async function markOf(files: readonly string[]): Promise<DiskMark> {
  const at = Date.now();
  const stamps = new Map<string, string>();
  for (let first = 0; first < files.length; first += STAMPS_AT_ONCE) {
    const some = files.slice(first, first + STAMPS_AT_ONCE);
    const texts = await Promise.all(some.map(async (file) => stampText(await disk.stamp(file))));
    some.forEach((file, i) => stamps.set(file, texts[i] ?? GONE));
  }
  return { files: stamps, at };
}
const GONE = stampText(null);

/** The first file that differs; one that is gone comes before one that has changed. Null: nothing has happened. */
export function changeBetween(before: DiskMark, after: DiskMark): DiskChange | null {
  const change = (kind: DiskChange['kind'], file: string): DiskChange => ({
    kind,
    file: basename(file),
    at: after.at,
    readAt: before.at,
  });
  let changed: string | null = null;
  for (const [file, mark] of before.files) {
    const now = after.files.get(file) ?? GONE;
    if (now === mark) continue;
    if (now === GONE) return change('deleted', file);
    changed ??= file;
  }
  return changed === null ? null : change('changed', changed);
}

export class DiskMonitor {
  private read: DiskMark | null = null;
  private change: DiskChange | null = null;
  private readonly watchers = new Map<string, { dispose(): void }>();
  private timer: NodeJS.Timeout | undefined;
  private firstEventAt = 0;

  constructor(
    private readonly path: string,
    private readonly watch: WatchFolder,
    private readonly onChange: (change: DiskChange | null) => void,
  ) {}

  get current(): DiskChange | null {
    return this.change;
  }

  /** How the files are now: taken before they are read, so that a change during the reading is seen. */
  async mark(): Promise<DiskMark> {
    return markOf(await checkpointFiles(this.path));
  }

  /** What was read is as of this mark. Watches from now on, and looks at once for what has happened since. */
  async accept(mark: DiskMark): Promise<void> {
    this.read = mark;
    this.tell(null);
    const folders = new Set([...new Set([...mark.files.keys()].map((file) => dirname(file)))].slice(0, MAX_WATCHERS));
    for (const [folder, watcher] of this.watchers) {
      if (folders.has(folder)) continue;
      watcher.dispose();
      this.watchers.delete(folder);
    }
    for (const folder of folders)
      if (!this.watchers.has(folder))
        this.watchers.set(
          folder,
          this.watch(folder, (path) => this.noticed(path)),
        );
    await this.look();
  }

  /** Compares with what was read; also called when the reader comes back, for file systems that tell of no changes. */
  async look(): Promise<void> {
    const { read } = this;
    if (!read) return;
    const now = await markOf([...read.files.keys()]);
    // a reload may have come between
    if (read !== this.read) return;
    const change = changeBetween(read, now);
    // the time of the first look that saw it
    if (change && this.change?.kind === change.kind && this.last === seen(now)) return;
    this.last = seen(now);
    this.tell(change);
  }
  private last = '';

  dispose(): void {
    clearTimeout(this.timer);
    this.read = null;
    for (const watcher of this.watchers.values()) watcher.dispose();
    this.watchers.clear();
  }

  private noticed(path: string): void {
    if (!this.read?.files.has(path)) return;
    const now = Date.now();
    if (!this.timer) this.firstEventAt = now;
    clearTimeout(this.timer);
    const wait = Math.max(0, Math.min(QUIET_MS, this.firstEventAt + PATIENCE_MS - now));
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.look();
    }, wait);
  }
  private tell(change: DiskChange | null): void {
    if (change === null && this.change === null) return;
    this.change = change;
    this.onChange(change);
  }
}
const seen = ({ files }: DiskMark): string => [...files.values()].join();
