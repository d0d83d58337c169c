/** Asks for the statistics that are wanted now. The host keeps only the latest wish, so each one names everything still missing. */
import type { InspectorFromView } from '../../src/protocol/views.ts';
import type { InspectorModel } from './model.ts';

/** Scrolling passes many rows in this time; only those that stay are worth reading. */
const DELAY_MS = 120;
export class StatisticsWish {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = new Set<string>();
  /** asked for by name, to be read whatever is in view */
  private demanded: readonly string[] = [];

  constructor(
    private readonly model: InspectorModel,
    private readonly post: (message: InspectorFromView) => void,
    /** names wanted now, the most urgent first; called when the wish is sent */
    private readonly wanted: () => Iterable<string>,
  ) {}

  /** Something may have changed: rows in view, the selection, results. */
  changed(): void {
    this.timer ??= setTimeout(() => this.send(), DELAY_MS);
  }
  /** The reader wants the values of these, in view or not; none: no more of them. */
  demand(names: readonly string[]): void {
    this.demanded = names;
    this.changed();
  }
  get isReading(): boolean {
    return this.demanded.some((name) => !this.model.statistics.has(name) && !this.model.failures.has(name));
  }
  /** Everything is asked for anew: the engine ended, or the file is read again. */
  reset(): void {
    this.asked.clear();
    this.changed();
  }

  private *names(): Generator<string> {
    yield* this.wanted();
    yield* this.demanded;
  }

  private send(): void {
    this.timer = undefined;
    const missing = new Set<string>();
    for (const name of this.names()) {
      const row = this.model.row(name);
      if (
        row &&
        this.model.isReadable(row.tensor) &&
        !this.model.statistics.has(name) &&
        !this.model.failures.has(name)
      )
        missing.add(name);
    }
    // An engine that ended is not started by scrolling: the reader decides (Retry).
    if (!missing.size || this.model.error || this.model.disk || [...missing].every((name) => this.asked.has(name)))
      return;
    this.asked = missing;
    this.post({ type: 'statistics', tensors: [...missing] });
  }
}
