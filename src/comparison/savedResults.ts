/** The results of one panel's comparison in the store: loaded once, saved now and then during a run, and at its end. */
import type { EngineLog } from '../engine/launch.ts';
import type { WireError } from '../protocol/errors.ts';

/** A window that is closed in the middle of a run loses at most this much of it, or more if saving takes long: */
const SAVE_MS = 15_000;
/** what is saved during a run may take this share of its time. */
const SAVE_SHARE = 0.05;

interface Store<Spec, Stored> {
  load(spec: Spec): Promise<{ comparison: Stored | null; damaged: string[] }>;
  save(stored: Stored): Promise<void>;
}

export class SavedResults<Spec, Stored> {
  private dueAt = 0;

  constructor(
    private readonly store: Store<Spec, Stored>,
    private readonly log: EngineLog,
  ) {}

  /** What earlier windows saved; a store that cannot be read has nothing, and the log says why. */
  async load(spec: Spec): Promise<{ comparison: Stored | null; damaged: WireError | null }> {
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

  /** `stored`: null if there is nothing yet. What cannot be saved is still on show; the log says why. */
  async save(stored: Stored | null): Promise<void> {
    if (!stored) return;
    const begin = performance.now();
    try {
      await this.store.save(stored);
    } catch (error) {
      this.log.warn(`results not saved: ${(error as Error).message}`);
    }
    const end = performance.now();
    this.dueAt = end + Math.max(SAVE_MS, (end - begin) / SAVE_SHARE);
  }
}
