/** What the engine's process says unasked, to whoever watches: how the GPU stands, and lines for the log. */
import type { EngineNotice } from '../protocol/engine.ts';

/** Log lines kept until somebody watches; the host begins to with the start of the process. */
const MOST_KEPT = 100;

export class Notices {
  private readonly kept: EngineNotice[] = [];
  private wake: () => void = () => undefined;

  say(notice: EngineNotice): void {
    if (notice.type === 'gpu' || this.kept.length < MOST_KEPT) this.kept.push(notice);
    this.wake();
  }

  /** For one watcher; ends with the signal. */
  async *stream(signal: AbortSignal): AsyncGenerator<EngineNotice, void, undefined> {
    const onAbort = (): void => this.wake();
    signal.addEventListener('abort', onAbort, { once: true });
    while (!signal.aborted) {
      for (let notice = this.kept.shift(); notice; notice = this.kept.shift()) yield notice;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        if (this.kept.length || signal.aborted) resolve();
      });
    }
  }
}
