/** What all machines of a cluster see: a pair of checkpoints, one run's result, the program on the PATH, and a folder to work in. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, vi } from 'vitest';
import { writePair } from '../../../scripts/lib/random-pair.mjs';

export interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Names that a shell, YAML and Python take apart unless they are quoted. */
const BASE = 'the base.safetensors';
const TUNED = "it's tuned: $HOME.safetensors";
const MATRICES = 7;

export class Site {
  /** its path holds a space */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  private readonly root = mkdtempSync(join(tmpdir(), 'offaxis-site-'));
  private readonly holds = join(this.root, 'holds');

  constructor() {
    this.folder = join(this.root, 'all machines');
    const bin = join(this.root, 'bin');
    for (const folder of [this.folder, bin, this.holds]) mkdirSync(folder);
    const cli = resolve('dist/cli.mjs');
    const hold = resolve(import.meta.dirname, 'hold.mjs');
    writeFileSync(
      join(bin, 'offaxis'),
      `#!/bin/sh\nexport OFFAXIS_TEST_HOLD='${this.holds}' OFFAXIS_CACHE='${this.root}/cache'\nexec '${process.execPath}' --import '${hold}' '${cli}' "$@"\n`,
      { mode: 0o755 },
    );
    this.environment = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    writePair(
      join(this.folder, BASE),
      [join(this.folder, TUNED)],
      Array.from({ length: MATRICES }, () => [320, 256]),
    );
  }

  /** One run of the whole, for `expectSame`; keeps nothing that a part could find. */
  async compareAtOnce(): Promise<void> {
    const one = join(this.root, 'one.json');
    // The JSON says how many threads there were: as many as the jobs give a task.
    const options = ['--profiles', '--threads', '8', '--no-cache', '--json', one];
    const ran = await this.run('offaxis', ['compare', BASE, TUNED, ...options]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
  }

  /** Runs a program to its end, in the folder that all machines see. */
  run(program: string, argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Run> {
    return new Promise((done, reject) => {
      const env = { ...this.environment, ...environment };
      const child = spawn(program, argv, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const said = { stdout: '', stderr: '' };
      child.stdout.on('data', (bytes: Buffer) => (said.stdout += bytes.toString('utf8')));
      child.stderr.on('data', (bytes: Buffer) => (said.stderr += bytes.toString('utf8')));
      child.on('error', reject);
      child.on('close', (status) => done({ status, ...said }));
    });
  }

  /** What `offaxis cluster` prints for the parts of a folder. */
  cluster(scheduler: string, shards: number, parts: string): Promise<Run> {
    const options = ['--shards', `${shards}`, '--parts', parts, '--profiles'];
    return this.run('offaxis', ['cluster', scheduler, BASE, TUNED, ...options]);
  }
  /** The job as a file. */
  async job(scheduler: string, shards: number, parts: string): Promise<{ file: string; text: string }> {
    const { stdout: text, stderr } = await this.cluster(scheduler, shards, parts);
    expect(stderr).toBe('');
    const file = join(this.folder, `a job for ${scheduler}`);
    writeFileSync(file, text);
    return { file, text };
  }
  gather(parts: string): Promise<Run> {
    return this.run('offaxis', ['gather', parts, '--json', join(this.root, 'gathered.json')]);
  }
  /** All parts are there, and make what one run makes, but for the time that it took. */
  async expectSame(parts: string): Promise<void> {
    expect(await this.gather(parts)).toMatchObject({ status: 0, stderr: '' });
    const figures = (name: string): string =>
      JSON.stringify(
        JSON.parse(readFileSync(join(this.root, name), 'utf8'), (key, value: unknown) =>
          key === 'elapsedMs' ? 0 : value,
        ),
      );
    expect(figures('gathered.json') === figures('one.json')).toBe(true);
    expect(figures('one.json').split('"elapsedMs":0').length - 1).toBe(MATRICES);
  }
  bytesOf(parts: string, index: number): Buffer {
    return readFileSync(join(this.folder, parts, `part-${index}.json`));
  }

  /** From now on the task of a part stops before its part has a name. */
  hold(index: number): void {
    writeFileSync(join(this.holds, `hold-${index}`), '');
  }
  /** The process of the last task that is held so, when there is one that was not seen yet. */
  async held(index: number): Promise<number> {
    const found = (): string | undefined => readdirSync(this.holds).find((name) => name.startsWith(`held-${index}-`));
    const name = (await until(`part ${index} is held`, found, (one) => one !== undefined)) as string;
    rmSync(join(this.holds, name));
    const pid = Number(name.split('-')[2]);
    this.seen.push(pid);
    return pid;
  }
  private readonly seen: number[] = [];
  /** Ends what is still held, which outlived who started it, and holds no more. */
  release(): void {
    for (const pid of this.seen.splice(0)) if (isTask(pid)) process.kill(pid, 'SIGKILL');
    for (const name of readdirSync(this.holds)) rmSync(join(this.holds, name));
  }

  remove(): void {
    this.release();
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Looks until it holds, and gives what was seen then. Throws what was seen last. */
export function until<T>(what: string, look: () => T | Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  const once = async (): Promise<T> => {
    const seen = await look();
    if (!holds(seen)) throw new Error(`Waited for: ${what}. There was: ${JSON.stringify(seen)}`);
    return seen;
  };
  return vi.waitFor(once, { timeout: 600_000, interval: 200 });
}

/** Is a process one of ours still? Its number may have gone to another. */
function isTask(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) && readFileSync(file, 'utf8').includes(join('support', 'hold.mjs'));
}

/** A process and those that started it, by Linux's /proc, without the first of all. */
export function lineOf(pid: number): number[] {
  const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return parent > 1 ? [pid, ...lineOf(parent)] : [pid];
}
/** Ends a process as a loss of power does. It may be gone already. */
export function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
export const nameOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
