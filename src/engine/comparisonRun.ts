/** One comparison over as many engine processes as it takes: survives crashes, keeps count, and can be resumed. */
import type { CompareRequest, ComparisonEvent, ComparisonPlan } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { EngineClient } from './client.ts';
import { surviveCrashes, type CrashTolerantWork } from './crashes.ts';

type Engine = Pick<EngineClient, 'call' | 'stream'>;
type Planned = Pick<Extract<ComparisonEvent, { type: 'plan' }>, 'plan' | 'backend'>;

export class ComparisonRun implements CrashTolerantWork<ComparisonEvent> {
  private plan: ComparisonPlan | undefined;
  /** an engine has answered */
  private begun = false;
  private threads = 1;
  private secondsLeft: number | null = null;
  private priority: string | undefined;
  /** what is computed of the matrices */
  private readonly phase: 'alignment' | 'spectra';
  /** names of the plan's matrices */
  private readonly matrices = new Set<string>();
  /** names whose change is known */
  private readonly changed = new Set<string>();
  /** names with nothing left to compute */
  private readonly finished: Set<string>;
  private finishedMatrices = 0;

  /** `request.done`: names finished by an earlier run. `planned`: what the caller knows already; it is not told again. */
  constructor(
    private readonly engine: Engine,
    private readonly request: Omit<CompareRequest, 'known'>,
    private readonly signal: AbortSignal,
    planned: Planned | null = null,
  ) {
    this.finished = new Set(request.done);
    this.phase = request.parameters.spectra === 'leading' ? 'alignment' : 'spectra';
    if (planned) this.learn(planned);
  }

  /**
   * The engine's events with one `plan` at most, and progress over the whole plan. Throws `cancelled`, EngineUnavailableError, or the engine's typed errors.
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
    const known = this.plan ? { known: this.plan.id } : {};
    for await (const event of this.engine.stream('compare', { ...this.request, done, ...known }, this.signal)) {
      if (event.type === 'plan') {
        // Figures of two versions in one comparison would be of neither.
        if (this.plan && this.plan.files !== event.plan.files && this.finished.size > 0)
          throw new OffaxisError(
            'read-failed',
            say(
              'A file of this comparison has changed since its first figures were computed. Press Retry to compute it anew.',
            ),
          );
        // of another backend after a crash: what is under way keeps its plan
        if (this.begun) continue;
        this.begun = true;
        this.learn(event);
        yield event;
        continue;
      }
      this.begun = true;
      if (event.type === 'progress') {
        if (only === null) this.secondsLeft = event.secondsLeft;
        if (event.phase === this.phase && !prioritized) {
          prioritized = true;
          this.sendPriority();
        }
        yield this.progress();
        continue;
      }
      this.note(event);
      yield event;
    }
  }

  finish(name: string): void {
    this.changed.add(name);
    if (this.finished.has(name)) return;
    this.finished.add(name);
    if (this.matrices.has(name)) this.finishedMatrices++;
  }

  fail(name: string, { code, message }: OffaxisError): ComparisonEvent[] {
    this.finish(name);
    return [{ type: 'failed', name, error: { code, message } }];
  }

  private learn({ plan, backend }: Planned): void {
    this.plan = plan;
    this.threads = backend.threads;
    this.matrices.clear();
    this.finishedMatrices = 0;
    for (const { name, spectral } of plan.pairs) {
      if (spectral) this.matrices.add(name);
      if (!this.finished.has(name)) continue;
      this.changed.add(name);
      if (spectral) this.finishedMatrices++;
    }
  }

  private note(event: Extract<ComparisonEvent, { type: 'change' | 'matrix' | 'failed' }>): void {
    if (event.type === 'failed') return this.finish(event.name);
    const { name } = event.tensor;
    if (event.type === 'matrix' || !this.matrices.has(name)) this.finish(name);
    else this.changed.add(name);
  }

  private progress(): ComparisonEvent {
    const { phase, secondsLeft } = this;
    const total = this.plan?.pairs.length ?? 0;
    if (this.changed.size < total || this.matrices.size === 0)
      return { type: 'progress', phase: 'change', done: this.changed.size, total, secondsLeft };
    return { type: 'progress', phase, done: this.finishedMatrices, total: this.matrices.size, secondsLeft };
  }

  private sendPriority(): void {
    if (this.priority === undefined || this.finished.has(this.priority) || this.signal.aborted) return;
    // A wish: if the engine is just ending, the next process is told again.
    this.engine
      .call('prioritize', { runId: this.request.runId, name: this.priority }, this.signal)
      .catch(() => undefined);
  }
}
