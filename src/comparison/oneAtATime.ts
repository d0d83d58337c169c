/** The work of a controller: one piece at a time, which can be cancelled, and whose errors end in the controller's state. */

export class OneAtATime {
  private work: { abort: AbortController; ended: Promise<void> } | undefined;

  constructor(private readonly on: { failed(error: unknown): void; ended(): void }) {}

  get isBusy(): boolean {
    return this.work !== undefined;
  }
  /** Of the work under way; at once if there is none. */
  get ended(): Promise<void> {
    return this.work?.ended ?? Promise.resolve();
  }

  /** Until it has ended, however. While another piece is under way nothing begins, and the promise is of that one's end. */
  begin(body: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.work) return this.work.ended;
    const abort = new AbortController();
    const work = { abort, ended: Promise.resolve() };
    this.work = work;
    work.ended = body(abort.signal)
      .catch((error: unknown) => this.on.failed(error))
      .finally(() => {
        this.work = undefined;
        this.on.ended();
      });
    return work.ended;
  }

  cancel(): void {
    this.work?.abort.abort();
  }
}
