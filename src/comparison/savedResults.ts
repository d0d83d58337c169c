/** The results of one panel's comparison in the store: loaded once, saved now and then during a run, and at its end. */
import type { EngineLog } from '../engine/launch.ts';
import type { WireError } from '../protocol/errors.ts';
import type { Accumulator } from '../results/accumulator.ts';
import type { ComparisonSpec, ComparisonStore, StoredComparison } from './store.ts';

/** A window that is closed in the middle of a run loses at most this much of it, or more if saving takes long: */
const SAVE_MS = 15_000;
/** what is saved during a run may take this share of its time. */
const SAVE_SHARE = 0.05;

export class SavedResults {
  private dueAt = 0;

  constructor(
    private readonly store: ComparisonStore,
    private readonly log: EngineLog,
  ) {}

  /** What earlier windows saved; a store that cannot be read has nothing, and the log says why. */
  async load(spec: ComparisonSpec): Promise<{ comparison: StoredComparison | null; damaged: WireError | null }> {
    try {
      const { comparison, damaged } = await this.store.load(spec);
      if (damaged.length === 0) return { comparison, damaged: null };
      const message = `Stored results of this comparison were damaged and are not used; they were set aside as ${damaged.join(', ')}. Press Retry to compute what is missing.`;
      this.log.error(message);
      return { comparison, damaged: { code: 'bad-file', message } };
    } catch (error) {
      this.log.warn(`stored comparison not readable: ${(error as Error).message}`);
      return { comparison: null, damaged: null };
    }
  }

  /** A run begins, of which nothing need be saved yet. */
  begin(): void {
    this.dueAt = performance.now() + SAVE_MS;
  }
  get isDue(): boolean {
    return performance.now() > this.dueAt;
  }

  /** Of files with the fingerprint `mark`. What cannot be saved is still on show; the log says why. */
  async save(spec: ComparisonSpec, results: Accumulator, complete: boolean, mark: string): Promise<void> {
    const { plan, backend, tensors } = results;
    if (!plan || !backend || tensors.size === 0) return;
    const begin = performance.now();
    try {
      await this.store.save({ spec, plan, backend, complete, fingerprint: mark, ...results.lists() });
    } catch (error) {
      this.log.warn(`results not saved: ${(error as Error).message}`);
    }
    const end = performance.now();
    this.dueAt = end + Math.max(SAVE_MS, (end - begin) / SAVE_SHARE);
  }
}
