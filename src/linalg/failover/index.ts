/**
 * The GPU with the CPU behind it, as one backend. What fails on the device (lost, out of memory, refused, hung) is tried once more on
 * a fresh one and then computed on the CPU; what is too large for it goes to the CPU at once. A device that has failed twice is
 * suspect, and everything from then on is the CPU's. Every pair says where it was computed.
 */
import { OffaxisError, throwIfAborted } from '../../protocol/errors.ts';
import type { LinearAlgebraBackend, PairQuantities, ReckonedCall } from '../backend.ts';
import { pairFlops, valuesFlops } from '../flops.ts';
import { DeviceExhaustedError, DeviceMemoryError } from '../webgpu/errors.ts';
import { DeviceFailure, LiveSession, type FailureKind, type GpuSession } from './session.ts';

export type { GpuSession } from './session.ts';

export interface FailoverOptions {
  first: GpuSession;
  /** A fresh device; `memoryShare`: of the first one's memory, halved each time the device ran out of it. Throws what the driver throws. */
  reopen(memoryShare: number): Promise<GpuSession>;
  cpu: LinearAlgebraBackend;
  /** how long work of so many flops may go without a result: patience.ts */
  patienceMs(flops: number): number;
  log: FailoverLog;
  /** true while something is in flight on the device or one is being opened: a crash then is the device's */
  onWork?(busy: boolean): void;
  /** the device failed, for the report */
  onFailure?(text: string, suspect: boolean): void;
}
export interface FailoverLog {
  info(line: string): void;
  warn(line: string): void;
}

/** Attempts on the device before the CPU takes the work. */
const ATTEMPTS = 2;
/** Failures after which the device is not used again in this process. */
export const SUSPECT_AFTER = 2;
/** Below this share of its memory a device holds nothing worth the transfer, and running out of it counts as a failure. */
const LEAST_MEMORY_SHARE = 1 / 16;

export function createFailoverBackend(options: FailoverOptions): LinearAlgebraBackend {
  return new FailoverBackend(options);
}

class FailoverBackend implements LinearAlgebraBackend {
  private current: Promise<LiveSession | null>;
  private gpu: LinearAlgebraBackend;
  private failures = 0;
  private memoryShare = 1;
  private busy = 0;
  private disposed = false;
  /** sessions that have failed and are ending; also keeps what hangs from being collected */
  private readonly ending = new Set<LiveSession>();

  constructor(private readonly options: FailoverOptions) {
    this.gpu = options.first.backend;
    this.current = Promise.resolve(this.live(options.first));
  }

  private get suspect(): boolean {
    return this.failures >= SUSPECT_AFTER;
  }
  get info(): LinearAlgebraBackend['info'] {
    return this.suspect ? this.options.cpu.info : this.gpu.info;
  }
  /** As many as the CPU has threads at least: it may have to take over in the middle of a run. */
  get parallelism(): number {
    const { cpu } = this.options;
    return this.suspect ? cpu.parallelism : Math.max(this.gpu.parallelism, cpu.parallelism);
  }
  get elements(): LinearAlgebraBackend['elements'] {
    return this.options.cpu.elements;
  }
  get budget(): number {
    return this.options.cpu.budget ?? Infinity;
  }
  peakBytes(call: ReckonedCall): number {
    return (this.suspect ? this.options.cpu : this.gpu).peakBytes(call);
  }

  singularValues: LinearAlgebraBackend['singularValues'] = async (matrix, options) => {
    const { value } = await this.run(
      `singular values of a ${matrix.rows} x ${matrix.columns} matrix`,
      valuesFlops(matrix.rows, matrix.columns),
      (backend, signal) => backend.singularValues(matrix, { ...options, ...(signal && { signal }) }),
      options.signal,
    );
    return value;
  };

  comparePair: LinearAlgebraBackend['comparePair'] = async (base, tuned, options): Promise<PairQuantities> => {
    const { value, kind } = await this.run(
      `a ${base.rows} x ${base.columns} pair`,
      pairFlops(base.rows, base.columns, options.angleRank, options.maskRank, 1 + (options.others?.length ?? 0)),
      (backend, signal) => backend.comparePair(base, tuned, { ...options, ...(signal && { signal }) }),
      options.signal,
    );
    return { ...value, computedOn: value.computedOn ?? kind };
  };

  alignPair: LinearAlgebraBackend['alignPair'] = async (base, tuned, options) => ({
    ...(await this.options.cpu.alignPair(base, tuned, options)),
    computedOn: this.options.cpu.info.kind,
  });

  noiseTwin: LinearAlgebraBackend['noiseTwin'] = (base, options) => this.options.cpu.noiseTwin(base, options);

  async dispose(): Promise<void> {
    this.disposed = true;
    const live = await this.current.catch(() => null);
    live?.fail(new DeviceFailure('lost', 'the device was closed'));
    const sessions = [...this.ending, ...(live ? [live] : [])];
    await Promise.all(sessions.filter(({ failure }) => failure?.kind !== 'hang').map((session) => session.close()));
    await this.options.cpu.dispose();
  }

  private async run<T>(
    what: string,
    flops: number,
    work: (backend: LinearAlgebraBackend, signal: AbortSignal | undefined) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<{ value: T; kind: LinearAlgebraBackend['info']['kind'] }> {
    const { cpu, log } = this.options;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const live = await this.current;
      throwIfAborted(signal);
      if (!live) break;
      if (live.failure) {
        // It went while nothing was in flight: not this work's failure.
        this.replace(live, live.failure);
        attempt--;
        continue;
      }
      try {
        return { value: await live.run(flops, work, signal), kind: live.session.backend.info.kind };
      } catch (error) {
        throwIfAborted(signal);
        if (this.disposed) throw new OffaxisError('cancelled', 'Cancelled: the engine is shutting down.');
        if (error instanceof DeviceMemoryError) {
          // over the cap or a limit: the device is fine
          log.info(`${what} goes to the CPU: ${messageOf(error)}`);
          break;
        }
        const failure = error instanceof DeviceFailure ? error : new DeviceFailure(kindOf(error), messageOf(error));
        log.warn(`${what} failed on the GPU (attempt ${attempt} of ${ATTEMPTS}): ${failure.message}`);
        this.replace(live, failure);
      }
    }
    return { value: await work(cpu, signal), kind: cpu.info.kind };
  }

  /** Work that failed together with others finds the next device under way already. */
  private replace(live: LiveSession, failure: DeviceFailure): void {
    if (this.ending.has(live)) return;
    this.ending.add(live);
    live.fail(failure);
    const shrinks = failure.kind === 'memory' && this.memoryShare > LEAST_MEMORY_SHARE;
    if (shrinks) this.memoryShare /= 2;
    else this.failures++;
    this.options.onFailure?.(failure.message, this.suspect);
    if (this.suspect)
      this.options.log.warn(
        `the GPU has failed ${this.failures} times and is suspect: the CPU computes what is left, until the engine starts anew`,
      );
    const ended = live
      .close()
      .catch((error: Error) => this.options.log.warn(`the failed GPU device did not close: ${error.message}`))
      .then(() => {
        if (failure.kind !== 'hang') this.ending.delete(live);
      });
    this.current = this.suspect ? Promise.resolve(null) : this.fresh(failure, ended);
  }

  private async fresh(failure: DeviceFailure, ended: Promise<void>): Promise<LiveSession | null> {
    // Memory comes back only with the old device's end; it waits for what is in flight there.
    if (failure.kind === 'memory' || failure.kind === 'error') await ended;
    if (this.disposed) return null;
    this.work(1);
    try {
      const session = await this.options.reopen(this.memoryShare);
      this.gpu = session.backend;
      this.options.log.info('a fresh GPU device is open');
      return this.live(session);
    } catch (error) {
      this.failures = SUSPECT_AFTER;
      const text = `no fresh GPU device could be opened: ${messageOf(error)}`;
      this.options.log.warn(`${text}; the CPU computes what is left`);
      this.options.onFailure?.(text, true);
      return null;
    } finally {
      this.work(-1);
    }
  }

  private live(session: GpuSession): LiveSession {
    return new LiveSession(
      session,
      (flops) => this.options.patienceMs(flops),
      (delta) => this.work(delta),
    );
  }

  private work(delta: 1 | -1): void {
    const before = this.busy > 0;
    this.busy += delta;
    if (this.busy > 0 !== before) this.options.onWork?.(this.busy > 0);
  }
}

function kindOf(error: unknown): FailureKind {
  return error instanceof DeviceExhaustedError ? 'memory' : 'error';
}
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
