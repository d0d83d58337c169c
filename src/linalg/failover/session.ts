/** One device at work: what is in flight on it, whether it still answers, and its end. */
import type { LinearAlgebraBackend } from '../backend.ts';

/** A backend over one device. */
export interface GpuSession {
  readonly backend: LinearAlgebraBackend;
  /** settles, never rejects, when the device is gone; the text says why */
  readonly lost: Promise<string>;
  /** A round trip to the device: null when it answers, else why not. Ends by itself. */
  probe(): Promise<string | null>;
  /** Ends the backend and the device. */
  close(): Promise<void>;
}

/** lost: the device is gone. hang: it does not answer. memory: it has no more. error: it refused or failed one piece of work. */
export type FailureKind = 'lost' | 'hang' | 'memory' | 'error';
export class DeviceFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
    this.name = 'DeviceFailure';
  }
}

/** A second expiry without any result is a hang, though the device answers: then the work itself does not end. */
const EXPIRIES = 2;

export class LiveSession {
  /** set by the first failure; no new work goes here from then on */
  failure: DeviceFailure | null = null;
  private readonly running = new Map<AbortController, { flops: number; reject(error: DeviceFailure): void }>();
  private timer: NodeJS.Timeout | undefined;
  private expiries = 0;
  private closing: Promise<void> | undefined;
  private wakeDrained: () => void = () => undefined;

  constructor(
    readonly session: GpuSession,
    private readonly patienceMs: (flops: number) => number,
    private readonly onWork: (delta: 1 | -1) => void,
  ) {
    void session.lost.then((reason) => this.fail(new DeviceFailure('lost', `the device was lost: ${reason}`)));
  }

  /**
   * Runs `work` on the device. Throws what it throws, and DeviceFailure when the device is lost or hangs meanwhile; `work` then hears
   * of it by its signal and is waited for no longer.
   */
  async run<T>(
    flops: number,
    work: (backend: LinearAlgebraBackend, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    if (this.failure) throw this.failure;
    const controller = new AbortController();
    const onAbort = (): void => controller.abort();
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    this.onWork(1);
    try {
      return await new Promise<T>((resolve, reject) => {
        this.running.set(controller, { flops, reject });
        this.watch();
        work(this.session.backend, controller.signal).then(resolve, reject);
      });
    } finally {
      this.running.delete(controller);
      this.expiries = 0;
      this.onWork(-1);
      signal?.removeEventListener('abort', onAbort);
      this.watch();
      if (this.running.size === 0) this.wakeDrained();
    }
  }

  /** No new work. A device that is gone or hangs takes with it what is in flight; one that failed at one piece finishes the rest. */
  fail(failure: DeviceFailure): void {
    const ends = failure.kind === 'lost' || failure.kind === 'hang';
    if (ends || !this.failure) this.failure = failure;
    if (!ends) return;
    clearTimeout(this.timer);
    for (const [controller, { reject }] of [...this.running]) {
      reject(failure);
      controller.abort();
    }
  }

  /** Waits for what is in flight, then ends the device. A device that hangs is left alone: to destroy it would wait for it. */
  close(): Promise<void> {
    this.failure ??= new DeviceFailure('lost', 'the device was closed');
    this.closing ??= this.drained().then(async () => {
      clearTimeout(this.timer);
      if (this.failure?.kind !== 'hang') await this.session.close();
    });
    return this.closing;
  }

  private async drained(): Promise<void> {
    while (this.running.size > 0) await new Promise<void>((resolve) => (this.wakeDrained = resolve));
  }

  /** Starts the clock anew: something began or came back. */
  private watch(): void {
    clearTimeout(this.timer);
    if (this.running.size === 0 || this.failure?.kind === 'lost' || this.failure?.kind === 'hang') return;
    const flops = [...this.running.values()].reduce((sum, item) => sum + item.flops, 0);
    const patience = this.patienceMs(flops);
    this.timer = setTimeout(() => void this.expire(patience), patience);
  }

  private async expire(patience: number): Promise<void> {
    const before = ++this.expiries;
    const reason = await this.session.probe().catch((error: Error) => error.message);
    // A result that came during the probe is the better proof of life.
    if (this.expiries !== before || this.running.size === 0) return;
    const seconds = ((before * patience) / 1000).toFixed(patience < 10_000 ? 1 : 0);
    if (reason !== null) this.fail(new DeviceFailure('hang', `no result for ${seconds} s, and no answer (${reason})`));
    else if (before >= EXPIRIES)
      this.fail(new DeviceFailure('hang', `no result for ${seconds} s, though the device answers`));
    else this.watch();
  }
}
