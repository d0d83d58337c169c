/** A run over several checkpoints of one base, over as many engine processes as it takes: survives crashes and can be resumed. */
import { toWireError, type OffaxisError } from '../protocol/errors.ts';
import type { SeveralEvent, SeveralRequest } from '../protocol/several.ts';
import type { EngineClient } from './client.ts';
import { surviveCrashes, type CrashTolerantWork } from './crashes.ts';

export class SeveralRun implements CrashTolerantWork<SeveralEvent> {
  /** by name, the runs that pair it, in the order of the engine's work */
  private readonly holders = new Map<string, number[]>();
  private readonly planned = new Set<number>();
  private readonly finished: Set<string>;
  private threads = 1;
  private secondsLeft: number | null = null;

  /** `request.done`: names finished by an earlier run of the same checkpoints. */
  constructor(
    private readonly engine: Pick<EngineClient, 'stream'>,
    private readonly request: SeveralRequest,
    private readonly signal: AbortSignal,
  ) {
    this.finished = new Set(request.done);
  }

  /**
   * The engine's events: one `plan` of each run, and progress over all tensors, those of earlier runs counted. Throws `cancelled`,
   * EngineUnavailableError, or the engine's typed errors.
   */
  events(): AsyncGenerator<SeveralEvent, void, undefined> {
    return surviveCrashes(this, this.signal);
  }

  unfinished(): string[] | null {
    if (this.planned.size < this.request.tuned.length) return null;
    return [...this.holders.keys()].filter((name) => !this.finished.has(name));
  }

  parallelism(): number {
    return this.threads;
  }

  async *start(only: string | null): AsyncGenerator<SeveralEvent, void, undefined> {
    const done = only === null ? [...this.finished] : [...this.holders.keys()].filter((name) => name !== only);
    for await (const event of this.engine.stream('several', { ...this.request, done }, this.signal)) {
      if (event.type === 'run' && event.event.type === 'plan') {
        // of another backend after a crash: what is under way keeps its plan
        if (this.planned.has(event.run)) continue;
        this.planned.add(event.run);
        this.threads = event.event.backend.threads;
        for (const { name } of event.event.plan.pairs) {
          const runs = this.holders.get(name);
          if (runs) runs.push(event.run);
          else this.holders.set(name, [event.run]);
        }
      }
      if (event.type === 'progress') {
        if (only === null) this.secondsLeft = event.secondsLeft;
        yield this.progress();
        continue;
      }
      if (event.type === 'finished') this.finish(event.name);
      yield event;
    }
  }

  finish(name: string): void {
    this.finished.add(name);
  }

  fail(name: string, error: OffaxisError): SeveralEvent[] {
    this.finish(name);
    const failed = (this.holders.get(name) ?? []).map((run): SeveralEvent => ({
      type: 'run',
      run,
      event: { type: 'failed', name, error: toWireError(error) },
    }));
    return [...failed, { type: 'finished', name }, this.progress()];
  }

  private progress(): SeveralEvent {
    const { secondsLeft } = this;
    return { type: 'progress', done: this.finished.size, total: this.holders.size, secondsLeft };
  }
}
