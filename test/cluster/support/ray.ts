/** A Ray on this machine alone: a head without processors and two nodes of eight, started in another folder than the driver's. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Daemon, freePorts } from './daemon.ts';
import { until, type Run, type Site } from './site.ts';

/** Of the environment that the script made. */
export const PYTHON = process.env['OFFAXIS_CLUSTER_PYTHON'] ?? 'python3';

export class Ray {
  // Names of sockets may have 107 bytes.
  private readonly folder = mkdtempSync(join(tmpdir(), 'offaxis-ray-'));
  private address = '';
  private readonly nodes = new Map<string, Daemon>();

  constructor(private readonly site: Site) {}

  async start(): Promise<void> {
    const [port, dashboard] = await freePorts(2);
    this.address = `127.0.0.1:${port}`;
    const pages = ['--include-dashboard=false', `--dashboard-port=${dashboard}`, '--disable-usage-stats'];
    await this.startNode('head', ['--head', `--port=${port}`, '--num-cpus=0', `--temp-dir=${this.folder}`, ...pages]);
    for (const name of ['one', 'two']) await this.startNode(name);
  }
  async startNode(name: string, options = [`--address=${this.address}`, '--num-cpus=8']): Promise<void> {
    const cwd = join(this.folder, `start of ${name}`);
    mkdirSync(cwd, { recursive: true });
    const ray = join(dirname(PYTHON), 'ray');
    const here = ['--node-ip-address=127.0.0.1', '--object-store-memory=100000000'];
    const env = { ...this.site.environment, RAY_USAGE_STATS_ENABLED: '0' };
    // "ray start" gives up after 30 s, which a busy machine may need.
    for (let times = 1; ; times++) {
      const log = join(this.folder, `${name} ${times}.log`);
      const node = new Daemon(ray, ['start', '--block', ...here, ...options], log, env, cwd);
      const said = (): string => readFileSync(log, 'utf8');
      await until(`node ${name} has started`, said, (text) => text.includes('Ray runtime started') || !node.running);
      this.nodes.set(name, node);
      if (node.running) return;
      await node.stop();
      if (times === 5) throw new Error(said());
    }
  }
  /** Runs a driver, or other Python, in the folder that all machines see. */
  run(...argv: string[]): Promise<Run> {
    return this.site.run(PYTHON, argv, { RAY_ADDRESS: this.address, PYTHONUNBUFFERED: '1' });
  }
  async stop(): Promise<void> {
    for (const node of [...this.nodes.values()].toReversed()) await node.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
