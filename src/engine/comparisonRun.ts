/** One comparison over as many engine processes as it takes: survives crashes, keeps count, and can be resumed. */
import type { CompareRequest, ComparisonEvent, ComparisonPlan } from '../protocol/engine.ts';
import type { OffaxisError } from '../protocol/errors.ts';
import type { EngineClient } from './client.ts';
import { surviveCrashes, type CrashTolerantWork } from './crashes.ts';

type Engine = Pick<EngineClient, 'call' | 'stream'>;

export class ComparisonRun implements CrashTolerantWork<ComparisonEvent> {
  private plan: ComparisonPlan | undefined;
  private threads = 1;
  private secondsLeft: number | null = null;
  private priority: string | undefined;
  private readonly changed = new Set<string>();
  private readonly finished: Set<string>;

  /** `request.done`: names finished by an earlier run. */
  constructor(
    private readonly engine: Engine,
    private readonly request: CompareRequest,
    private readonly signal: AbortSignal,
  ) {
    this.finished = new Set(request.done);
  }

  /**
   * The engine's events with one `plan`, no `summary` (the caller has results of earlier runs that the engine does not know), and
   * progress over the whole plan. Throws `cancelled`, EngineUnavailableError, or the engine's typed errors.
   */
  events(): AsyncGenerator<ComparisonEvent, void, undefined> {
    return surviveCrashes(this, this.signal);
  }

  /** Moves a matrix to the front of the queue, now or as soon as there is one. */
  prioritize(name: string): void {
    this.priority = name;
    this.sendPriority();
  }

  unfinished(): string[] | null {
    if (!this.plan) return null;
    const pairs = this.plan.pairs.filter((pair) => !this.finished.has(pair.name));
    // The engine passes over all tensors for their change first, and then takes the matrices.
    const waiting = pairs.filter((pair) => !this.changed.has(pair.name));
    const names = (waiting.length ? waiting : pairs).map((pair) => pair.name);
    const first = waiting.length ? undefined : names.find((name) => name === this.priority);
    return first === undefined ? names : [first, ...names.filter((name) => name !== first)];
  }

  parallelism(): number {
    return this.threads;
  }

  async *start(only: string | null): AsyncGenerator<ComparisonEvent, void, undefined> {
    const done =
      only === null
        ? [...this.finished]
        : (this.plan?.pairs ?? []).map((pair) => pair.name).filter((name) => name !== only);
    let prioritized = only !== null;
    for await (const event of this.engine.stream('compare', { ...this.request, done }, this.signal)) {
      if (event.type === 'summary') continue;
      if (event.type === 'plan') {
        if (this.plan) continue;
        this.plan = event.plan;
        this.threads = event.backend.threads;
      } else if (event.type === 'progress') {
        if (only === null) this.secondsLeft = event.secondsLeft;
        if (event.phase === 'spectra' && !prioritized) {
          prioritized = true;
          this.sendPriority();
        }
        yield this.progress();
        continue;
      } else this.note(event);
      yield event;
    }
  }

  finish(name: string): void {
    this.finished.add(name);
  }

  fail(name: string, { code, message }: OffaxisError): ComparisonEvent {
    this.finished.add(name);
    return { type: 'failed', name, error: { code, message } };
  }

  private note(event: Extract<ComparisonEvent, { type: 'change' | 'matrix' | 'failed' }>): void {
    if (event.type === 'failed') this.finished.add(event.name);
    else if (event.type === 'matrix') this.finished.add(event.tensor.name);
    else {
      const { name } = event.tensor;
      this.changed.add(name);
      if (!this.plan?.pairs.find((pair) => pair.name === name)?.spectral) this.finished.add(name);
    }
  }

  private progress(): ComparisonEvent {
    const pairs = this.plan?.pairs ?? [];
    const changed = pairs.filter((pair) => this.changed.has(pair.name) || this.finished.has(pair.name)).length;
    if (changed < pairs.length)
      return { type: 'progress', phase: 'change', done: changed, total: pairs.length, secondsLeft: this.secondsLeft };
    const matrices = pairs.filter((pair) => pair.spectral);
    const done = matrices.filter((pair) => this.finished.has(pair.name)).length;
    return { type: 'progress', phase: 'spectra', done, total: matrices.length, secondsLeft: this.secondsLeft };
  }

  private sendPriority(): void {
    if (this.priority === undefined || this.finished.has(this.priority) || this.signal.aborted) return;
    // A wish: where the engine is just ending, the next process is told again.
    this.engine
      .call('prioritize', { runId: this.request.runId, name: this.priority }, this.signal)
      .catch(() => undefined);
  }
}
