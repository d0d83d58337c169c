/** Notices that the files of a checkpoint are not those any more that were read: a training run has written its next step. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { DiskChange } from '../protocol/views.ts';

/** A checkpoint is written in many steps: it is looked at when it has been quiet for so long. */
const QUIET_MS = 700;
/** A file that is written to without a pause is looked at all the same. */
const PATIENCE_MS = 5000;
/** The largest index known has 4 MB. */
const MAX_INDEX_BYTES = 64e6;

/** Calls the listener with the path of every file of the folder that appears, changes or goes. */
export type WatchFolder = (folder: string, listener: (path: string) => void) => { dispose(): void };
/** Size, time and identity of each file; null where there is none. */
export interface DiskMark {
  files: ReadonlyMap<string, string | null>;
  at: number;
}

/** The file itself; for an index the shards that it names, too. An index that cannot be read stands alone: opening it tells why. */
export async function checkpointFiles(path: string): Promise<string[]> {
  if (!path.endsWith('.json')) return [path];
  try {
    if ((await stat(path)).size > MAX_INDEX_BYTES) return [path];
    const index = JSON.parse(await readFile(path, 'utf8')) as { weight_map?: unknown } | null;
    const map = index?.weight_map;
    const shards = typeof map === 'object' && map !== null ? Object.values(map) : [];
    const names = new Set(shards.filter((shard): shard is string => typeof shard === 'string'));
    const folder = dirname(path);
    // a name that leads out of the folder is refused when the checkpoint is opened
    return [path, ...[...names].map((name) => join(folder, name)).filter((file) => resolve(file).startsWith(folder))];
  } catch {
    return [path];
  }
}

export async function markOf(files: readonly string[]): Promise<DiskMark> {
  const at = Date.now();
  const stats = await Promise.all(
    files.map(async (file): Promise<[string, string | null]> => {
      const info = await stat(file).catch(() => null);
      return [file, info && `${info.size} ${info.mtimeMs} ${info.ino}`];
    }),
  );
  return { files: new Map(stats), at };
}

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
    const now = after.files.get(file) ?? null;
    if (now === mark) continue;
    if (now === null) return change('deleted', file);
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
    const folders = new Set([...mark.files.keys()].map((file) => dirname(file)));
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

  /** Compares with what was read; also called where a file system tells of no changes, when the reader comes back. */
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
