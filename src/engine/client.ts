/**
 * The host's side of the engine: one process, started at first use, started again after a crash, ended when idle. A request that
 * does not end within a second of its cancellation takes the process with it.
 */
import type { EngineCalls, EngineNotice, EngineStreams, RemoteAccess } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { GpuReport } from '../protocol/gpu.ts';
import { EngineCrashedError, EngineStoppedError, EngineUnavailableError } from './errors.ts';
import type { EngineLog, EngineProcess } from './launch.ts';
import { RestartBudget } from './restarts.ts';

/** A kernel between two checks of its signal takes milliseconds; what has not ended after this hangs. */
export const CANCEL_GRACE_MS = 1000;
/** Kernel memory grows to the largest matrix and WASM memory never shrinks: an idle process gives it back. */
export const IDLE_MS = 120_000;

/** Requests that may compute spectra, or say where that would be. */
const NEEDS_GPU: ReadonlySet<string> = new Set<keyof EngineCalls | keyof EngineStreams>([
  'info',
  'gpu',
  'plan',
  'inspect',
  'compare',
  'several',
]);

type Result<F> = F extends (...args: never[]) => infer R ? R : never;
type Parameter<F> = F extends (params: infer P) => unknown ? P : never;

export interface EngineClientOptions {
  launch(): EngineProcess;
  log: EngineLog;
  restarts?: RestartBudget;
  idleMs?: number;
  /** A process crashed during GPU work; called before the next `launch`. */
  onGpuCrash?(detail: string): void;
  /** Asked once, before the first request that may compute spectra: true if `launch` gives another runtime from now on. */
  settle?(gpu: GpuReport): Promise<boolean>;
  /** What a new process hears before anything else, once it is at hand. Never throws. */
  access?: { ready(): Promise<void>; current(): RemoteAccess };
}
interface Running {
  process: EngineProcess;
  /** as the process said last */
  gpuBusy: boolean;
  /** like process.ended, once everything that the process said has been heard */
  over: Promise<string>;
  /** ended on purpose: not a crash */
  stopped: boolean;
  requests: number;
}

export class EngineClient {
  private current: Running | undefined;
  private disposed = false;
  private settling: Promise<void> | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  /** to be ended after their last request */
  private readonly retiring = new WeakSet<Running>();
  private readonly restarts: RestartBudget;

  constructor(private readonly options: EngineClientOptions) {
    this.restarts = options.restarts ?? new RestartBudget();
  }

  /** Throws EngineCrashedError, EngineStoppedError, EngineUnavailableError, `cancelled`, or the engine's own typed error. */
  async call<M extends keyof EngineCalls>(
    method: M,
    params: Parameter<EngineCalls[M]>,
    signal?: AbortSignal,
  ): Promise<Result<EngineCalls[M]>> {
    const running = await this.acquire(method);
    const release = this.watch(running, signal);
    try {
      return await running.process.rpc.call(method, params as never, signal);
    } catch (error) {
      throw await this.explain(error, running, signal);
    } finally {
      release();
    }
  }

  /** Starts a process if none runs, for a request that is about to come, which meets what goes wrong. */
  wake(): void {
    // nothing to release but the idle time, which begins now
    this.present().then(
      (running) => this.watch(running, undefined)(),
      () => undefined,
    );
  }

  /** A word to the process that runs now, whose answer nobody waits for; without one there is nobody to tell. */
  tell<M extends keyof EngineCalls>(method: M, params: Parameter<EngineCalls[M]>): void {
    this.current?.process.rpc.call(method, params as never).catch(() => undefined);
  }

  /** The same errors as `call`. Cancel by the signal: leaving the loop alone is not watched. */
  async *stream<M extends keyof EngineStreams>(
    method: M,
    params: Parameter<EngineStreams[M]>,
    signal: AbortSignal,
  ): AsyncGenerator<Result<EngineStreams[M]>, void, undefined> {
    const running = await this.acquire(method);
    const release = this.watch(running, signal);
    try {
      for await (const value of running.process.rpc.stream(method, params as never, signal)) yield value;
    } catch (error) {
      throw await this.explain(error, running, signal);
    } finally {
      release();
    }
  }

  /** The user asked for another try: crashes so far no longer count. */
  allowRestart(): void {
    this.restarts.reset();
  }

  /** New settings: a fresh process at the next request, when nothing is running in the present one. */
  restartWhenIdle(): void {
    const running = this.current;
    if (!running) return;
    if (running.requests === 0) this.stop(running);
    else this.retiring.add(running);
  }

  /** No new request goes to this process; it ends after those it has. */
  private retire(running: Running): void {
    if (this.current === running) this.current = undefined;
    this.retiring.add(running);
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.idleTimer);
    if (this.current) this.stop(this.current);
  }

  private async acquire(method: string): Promise<Running> {
    const running = await this.present();
    if (!this.options.settle || !NEEDS_GPU.has(method)) return running;
    this.settling ??= this.settle(running, this.options.settle);
    await this.settling;
    return this.present();
  }

  private async present(): Promise<Running> {
    for (;;) {
      if (this.disposed) throw new OffaxisError('cancelled', 'Offaxis is shutting down.');
      if (this.current) return this.current;
      const delay = this.restarts.delayMs();
      if (delay === null) throw new EngineUnavailableError(this.restarts.recent);
      // Another request may start the process during the wait: look again afterwards.
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      if (this.options.access) await this.options.access.ready();
      if (this.disposed || this.current) continue;
      return (this.current = this.start());
    }
  }

  /** The first process says how it stands with the GPU; another runtime may do better. Never throws: the work itself meets its errors. */
  private async settle(running: Running, settle: NonNullable<EngineClientOptions['settle']>): Promise<void> {
    const release = this.watch(running, undefined);
    try {
      const { gpu } = await running.process.rpc.call('info', {});
      if (await settle(gpu)) this.retire(running);
    } catch (error) {
      this.options.log.warn(`the runtime of the engine is left as it is: ${(error as Error).message}`);
    } finally {
      release();
    }
  }

  private start(): Running {
    const process = this.options.launch();
    // A process that ends before it answers is told of by `ended`.
    const { access } = this.options;
    if (access) process.rpc.call('access', access.current()).catch(() => undefined);
    const heard = this.listen(process, (notice) => this.hear(running, notice));
    const running: Running = {
      process,
      stopped: false,
      requests: 0,
      gpuBusy: false,
      over: Promise.all([process.ended, heard]).then(([detail]) => this.ended(running, detail)),
    };
    this.options.log.info(`engine ${process.pid} started`);
    return running;
  }

  private async listen(process: EngineProcess, hear: (notice: EngineNotice) => void): Promise<void> {
    try {
      for await (const notice of process.rpc.stream('watch', {})) hear(notice);
    } catch {
      // It ends with the process, whose end is reported by `ended`.
    }
  }

  private hear(running: Running, notice: EngineNotice): void {
    if (notice.type === 'gpu') running.gpuBusy = notice.busy;
    else this.options.log[notice.level](`engine ${running.process.pid}: ${notice.text}`);
  }

  private ended(running: Running, detail: string): string {
    const { pid } = running.process;
    if (this.current === running) this.current = undefined;
    if (running.stopped) {
      this.options.log.info(`engine ${pid} ended`);
      return detail;
    }
    this.restarts.recordCrash();
    this.options.log.error(`engine ${pid} ended unexpectedly${running.gpuBusy ? ' during GPU work' : ''}: ${detail}`);
    if (running.gpuBusy) this.options.onGpuCrash?.(detail);
    return detail;
  }

  private stop(running: Running): void {
    running.stopped = true;
    if (this.current === running) this.current = undefined;
    const { process } = running;
    process.disconnect();
    const kill = setTimeout(() => process.kill(), CANCEL_GRACE_MS);
    void process.ended.then(() => clearTimeout(kill));
  }

  /** Counts the request, and ends the process when the cancelled request outlives its grace. Returns the release. */
  private watch(running: Running, signal: AbortSignal | undefined): () => void {
    running.requests++;
    clearTimeout(this.idleTimer);
    let grace: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      grace = setTimeout(() => {
        this.options.log.warn(`engine ${running.process.pid} did not cancel within ${CANCEL_GRACE_MS} ms and is ended`);
        running.stopped = true;
        if (this.current === running) this.current = undefined;
        running.process.kill();
      }, CANCEL_GRACE_MS);
    };
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    return () => {
      clearTimeout(grace);
      signal?.removeEventListener('abort', onAbort);
      if (--running.requests > 0) return;
      if (this.retiring.has(running) && !running.stopped) return this.stop(running);
      if (this.current !== running) return;
      this.idleTimer = setTimeout(() => {
        if (running.requests === 0) this.stop(running);
      }, this.options.idleMs ?? IDLE_MS);
      this.idleTimer.unref();
    };
  }

  /** What a failed request means: cancelled, a crash, a stop, or an error of the work itself. */
  private async explain(error: unknown, running: Running, signal: AbortSignal | undefined): Promise<unknown> {
    if (signal?.aborted) return new OffaxisError('cancelled', 'Cancelled.');
    if (!(error instanceof OffaxisError) || error.code !== 'peer-gone') return error;
    if (this.current === running) this.current = undefined;
    // A process without its channel is of no use. The wait lets the crash be counted before the next start.
    running.process.kill();
    const detail = await running.over;
    return running.stopped ? new EngineStoppedError() : new EngineCrashedError(detail, running.gpuBusy);
  }
}
