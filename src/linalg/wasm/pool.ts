/** Threads that do one task each: queue, memory bound, cancelling, and replacement of threads that do not stop or have died. */
import { setMaxListeners } from 'node:events';
import { Worker } from 'node:worker_threads';
import { OffaxisError } from '../../protocol/errors.ts';
import { plain } from '../../protocol/format.ts';
import { say } from '../../protocol/say.ts';
import { CANCEL_SLOT, type Reply, type TaskName, type Tasks, type WorkerSetup } from './messages.ts';

/** A thread that goes on for this long after a cancel is ended: kernels look at the flag every few milliseconds, so it hangs in something else. */
const CANCEL_GRACE_MS = 800;

export interface TaskCost {
  peakBytes: number;
  matrixBytes: number;
}
/** Matrices in float64 that tasks may hold beyond the budget: the process is allowed four, and one is kept for the caller. */
const MATRICES = 3;

interface Job {
  id: number;
  task: TaskName;
  input: unknown;
  /** bytes that the task holds at its peak, and those of its matrix in float64 */
  cost: TaskCost;
  /** spare jobs: false once they are no longer of use */
  isWanted: () => boolean;
  resolve(output: never): void;
  reject(error: Error): void;
}
interface Thread {
  worker: Worker;
  control: Int32Array;
  job: Job | null;
  timer: NodeJS.Timeout | null;
  /** the most that a task of it has taken: its memory does not shrink */
  held: number;
}
/** Bytes for all tasks at work. */
export interface PoolBudget {
  bytes: number;
  /** no task ever goes beyond them; else a few of the largest matrices come on top, and a task that is alone may take what it needs */
  isLimit: boolean;
}

export class WorkerPool {
  private readonly threads: Thread[] = [];
  private readonly queue: Job[] = [];
  /** for threads that find the queue empty */
  private readonly spare: Job[] = [];
  private nextId = 1;
  private disposed = false;

  /** Tasks beyond the budget wait. */
  constructor(
    private readonly module: WebAssembly.Module,
    private readonly workerFile: string,
    private readonly size: number,
    private readonly budget: PoolBudget,
  ) {}

  /**
   * Runs a task on the next free thread. Throws `cancelled` at once when the signal fires, `device-lost` when its thread dies, and what
   * the task throws.
   */
  run<T extends TaskName>(
    task: T,
    input: Tasks[T]['input'],
    cost: TaskCost,
    signal?: AbortSignal,
  ): Promise<Tasks[T]['output']> {
    return this.enqueue(this.queue, task, input, cost, () => true, signal);
  }

  /** Runs a task when a thread has nothing else to do; null if it `isWanted` no more by then, or none was free. */
  assist<T extends TaskName>(
    task: T,
    input: Tasks[T]['input'],
    cost: TaskCost,
    isWanted: () => boolean,
    signal?: AbortSignal,
  ): Promise<Tasks[T]['output'] | null> {
    return this.enqueue(this.spare, task, input, cost, isWanted, signal);
  }

  /** Settles the spare tasks that are no longer wanted. */
  dropUnwanted(): void {
    for (const job of this.spare.filter(({ isWanted }) => !isWanted())) {
      this.spare.splice(this.spare.indexOf(job), 1);
      job.resolve(null as never);
    }
  }

  private enqueue<T extends TaskName>(
    queue: Job[],
    task: T,
    input: Tasks[T]['input'],
    cost: TaskCost,
    isWanted: () => boolean,
    signal: AbortSignal | undefined,
  ): Promise<Tasks[T]['output'] | null> {
    return new Promise((resolve, reject) => {
      if (this.disposed) return reject(new OffaxisError('peer-gone', say('The worker threads have been shut down.')));
      if (signal?.aborted) return reject(new OffaxisError('cancelled', 'Cancelled.'));
      if (this.budget.isLimit && cost.peakBytes > this.budget.bytes) return reject(this.tooLarge(cost));
      const onAbort = (): void => this.cancel(job);
      // one signal may stand for a whole run, with a listener for each task: no leak that Node should warn of
      if (signal) setMaxListeners(0, signal);
      const job: Job = {
        id: this.nextId++,
        task,
        input,
        cost,
        isWanted,
        resolve: (output) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(output);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.push(job);
      this.dispatch();
    });
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    const gone = new OffaxisError('cancelled', 'Cancelled: the worker threads are shutting down.');
    for (const job of [...this.queue.splice(0), ...this.spare.splice(0)]) job.reject(gone);
    const threads = this.threads.splice(0);
    for (const { job, timer } of threads) {
      job?.reject(gone);
      if (timer) clearTimeout(timer);
    }
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  private dispatch(): void {
    while (!this.disposed && this.queue[0] && this.place(this.queue[0])) this.queue.shift();
    if (this.queue.length > 0) return;
    this.dropUnwanted();
    while (!this.disposed && this.spare[0] && this.place(this.spare[0])) {
      this.spare.shift();
      this.dropUnwanted();
    }
  }
  /** Gives a job to a free thread; false if there is none, or no room for it. */
  private place(job: Job): boolean {
    const costs = this.threads.flatMap((thread) => (thread.job ? [thread.job.cost] : []));
    const { peakBytes, matrixBytes } = job.cost;
    const held = costs.reduce((sum, cost) => sum + cost.peakBytes, 0);
    const largest = costs.reduce((most, cost) => Math.max(most, cost.matrixBytes), matrixBytes);
    const { bytes, isLimit } = this.budget;
    if (!isLimit && held > 0 && held + peakBytes > bytes + MATRICES * largest) return false;
    const free = (): Thread | null => this.threads.find((candidate) => candidate.job === null) ?? this.start();
    const thread = isLimit ? this.threadWithin(peakBytes, bytes) : free();
    if (!thread) return false;
    thread.job = job;
    thread.held = Math.max(thread.held, peakBytes);
    Atomics.store(thread.control, CANCEL_SLOT, 0);
    thread.worker.postMessage({ id: job.id, task: job.task, input: job.input });
    return true;
  }

  /**
   * The free thread that holds most, so that little is added to it; others that are free end if what they hold stands in the way. Null
   * if none is free, or those at work hold too much.
   */
  private threadWithin(peakBytes: number, limit: number): Thread | null {
    const idle = this.threads.filter(({ job }) => job === null).sort((a, b) => b.held - a.held);
    const [chosen, ...others] = idle;
    if (!chosen && this.threads.length >= this.size) return null;
    const atWork = this.threads.reduce((sum, { job, held }) => sum + (job ? held : 0), 0);
    if (atWork + peakBytes > limit) return null;
    let total = atWork + Math.max(chosen?.held ?? 0, peakBytes) + others.reduce((sum, { held }) => sum + held, 0);
    for (const other of others) {
      if (total <= limit) break;
      total -= other.held;
      this.retire(other);
    }
    if (chosen && total <= limit) return chosen;
    if (chosen) this.retire(chosen);
    return this.start();
  }
  private retire(thread: Thread): void {
    this.threads.splice(this.threads.indexOf(thread), 1);
    void thread.worker.terminate();
  }
  private tooLarge({ peakBytes }: TaskCost): OffaxisError {
    return new OffaxisError(
      'beyond-memory',
      say(
        'This takes {0} of memory, and the cap leaves {1} for matrices: raise --memory (offaxis.memory), or leave it out with --tensors.',
        plain.bytes(peakBytes),
        plain.bytes(this.budget.bytes),
      ),
    );
  }

  private start(): Thread | null {
    if (this.threads.length >= this.size) return null;
    const control = new SharedArrayBuffer(4);
    const setup: WorkerSetup = { module: this.module, control };
    const worker = new Worker(this.workerFile, { workerData: setup });
    const thread: Thread = { worker, control: new Int32Array(control), job: null, timer: null, held: 0 };
    worker.on('message', (reply: Reply) => this.settle(thread, reply));
    worker.on('error', (error: Error) => this.lose(thread, error.message));
    worker.on('exit', (code) => this.lose(thread, `it ended with code ${code}`));
    this.threads.push(thread);
    return thread;
  }

  private settle(thread: Thread, reply: Reply): void {
    const { job } = thread;
    if (!job || job.id !== reply.id) return;
    this.release(thread);
    if ('error' in reply) job.reject(new OffaxisError(reply.error.code, reply.error.text ?? reply.error.message));
    else job.resolve(reply.output as never);
    this.dispatch();
  }
  private release(thread: Thread): void {
    thread.job = null;
    if (thread.timer) clearTimeout(thread.timer);
    thread.timer = null;
  }

  private lose(thread: Thread, reason: string): void {
    const index = this.threads.indexOf(thread);
    if (index < 0) return;
    this.threads.splice(index, 1);
    const { job } = thread;
    this.release(thread);
    job?.reject(new OffaxisError('device-lost', say`A worker thread was lost: ${reason}.`));
    this.dispatch();
  }

  private cancel(job: Job): void {
    const cancelled = new OffaxisError('cancelled', 'Cancelled.');
    for (const queue of [this.queue, this.spare]) {
      const waiting = queue.indexOf(job);
      if (waiting >= 0) queue.splice(waiting, 1);
    }
    const thread = this.threads.find((candidate) => candidate.job === job);
    if (thread) {
      Atomics.store(thread.control, CANCEL_SLOT, 1);
      // the thread keeps the job, hence its place and its memory, until it has answered
      thread.timer = setTimeout(() => {
        const index = this.threads.indexOf(thread);
        if (index < 0 || thread.job !== job) return;
        this.threads.splice(index, 1);
        void thread.worker.terminate();
        this.dispatch();
      }, CANCEL_GRACE_MS);
    }
    job.reject(cancelled);
  }
}
