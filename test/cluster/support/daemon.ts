/** A program that runs until it is stopped, its output in a file, in a process group of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';

export class Daemon {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;

  constructor(program: string, argv: readonly string[], log: string, env: NodeJS.ProcessEnv, cwd?: string) {
    const output = openSync(log, 'a');
    this.child = spawn(program, argv, { detached: true, env, cwd, stdio: ['ignore', output, output] });
    closeSync(output);
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('exit', () => resolve());
    });
    // Whoever waits for it hears of it.
    this.ended.catch(() => undefined);
  }
  get pid(): number {
    return this.child.pid ?? 0;
  }
  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
  /** Asks it to end, waits, and ends what it left of its group. */
  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended;
    this.killGroup();
  }
  /** As a machine goes that loses its power. */
  async lose(): Promise<void> {
    this.killGroup();
    await this.ended;
  }
  private killGroup(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // Nobody is left.
    }
  }
}

/** Ports that nobody listens at. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((done) => server.listen(0, '127.0.0.1', () => done(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
