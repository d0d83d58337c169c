/** The two sides of a comparison as files: whether they are still those that its figures are of. */
import { type DiskMark, DiskMonitor, type WatchFolder } from '../host/diskMonitor.ts';
import type { ComparisonToView } from '../protocol/views.ts';

export class PairOnDisk {
  private readonly base: DiskMonitor;
  private readonly tuned: DiskMonitor;

  /** `changed`: of one of them, null: it is as it was again. */
  constructor(
    pair: { base: string; tuned: string },
    watchFolder: WatchFolder,
    changed: (change: DiskMonitor['current']) => void,
  ) {
    const monitor = (path: string): DiskMonitor => new DiskMonitor(path, watchFolder, changed);
    [this.base, this.tuned] = [monitor(pair.base), monitor(pair.tuned)];
  }

  get hasChanged(): boolean {
    return this.base.current !== null || this.tuned.current !== null;
  }
  get message(): ComparisonToView {
    return { type: 'disk', base: this.base.current, tuned: this.tuned.current };
  }

  marks(): Promise<[DiskMark, DiskMark]> {
    return Promise.all([this.base.mark(), this.tuned.mark()]);
  }
  /** What is read from now on is of the files as they were then. */
  async watchFrom([base, tuned]: [DiskMark, DiskMark]): Promise<void> {
    await Promise.all([this.base.accept(base), this.tuned.accept(tuned)]);
  }
  async look(): Promise<void> {
    await Promise.all([this.base.look(), this.tuned.look()]);
  }

  dispose(): void {
    this.base.dispose();
    this.tuned.dispose();
  }
}
