/** Programs under a fault of inject.mjs: each in a process of its own, or one after another in one (many.mjs). */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const file = (name: string): string => join(import.meta.dirname, name);

export interface Work {
  /** the program, a module, and its arguments */
  argv: readonly string[];
  /** `OFFAXIS_TARGET`: what the host's dialogs answer */
  target: string;
  fault: object;
}
export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
  hit: boolean;
  /** of each operation of the file system, inside the fault's folder */
  counts: Record<string, number>;
}

/** `log`: a file of its own, for what is counted. */
export async function inOwnProcess({ argv, target, fault }: Work, log: string): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', file('inject.mjs'), ...argv], {
    env: {
      ...process.env,
      OFFAXIS_FAULT: JSON.stringify(fault),
      OFFAXIS_FAULT_LOG: log,
      OFFAXIS_TARGET: target,
    },
  });
  const told = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (text) => (told[name] += String(text)));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...told, ...(JSON.parse(readFileSync(log, 'utf8')) as Pick<Ended, 'hit' | 'counts'>) };
}

/** One process that runs one program after another; a run that ends it is an error. */
export class ManyRuns {
  private readonly child: ChildProcess = fork(file('many.mjs'), { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  private last: Promise<unknown> = Promise.resolve();

  run(work: Work): Promise<Ended> {
    const found = this.last.then(() => this.next(work));
    this.last = found.catch(() => undefined);
    return found;
  }
  private async next(work: Work): Promise<Ended> {
    const done = new AbortController();
    const { signal } = done;
    const ended = once(this.child, 'exit', { signal }).then(([status]) => {
      throw new Error(`${work.argv.join(' ')} ended the process of all runs with ${String(status)}`);
    });
    const answer = once(this.child, 'message', { signal });
    ended.catch(() => undefined);
    answer.catch(() => undefined);
    try {
      this.child.send(work);
      const [found] = (await Promise.race([answer, ended])) as [Ended];
      return found;
    } finally {
      done.abort();
    }
  }
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
