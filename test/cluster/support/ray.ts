/** A Ray on this machine alone: a head without processors and two nodes of eight, started in another folder than the driver's. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Daemon, freePorts } from './daemon.ts';
import { endNow, lineOf, until, type Run, type Site } from './site.ts';

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
  /** The nodes, without the head, that the head takes for alive: what follows needs them. */
  async ready(count: number): Promise<void> {
    const script =
      'import os, ray; ray.init(address=os.environ["RAY_ADDRESS"], log_to_driver=False); print(sum(node["Alive"] and node["Resources"].get("CPU", 0) > 0 for node in ray.nodes()))';
    const alive = async (): Promise<string> => (await this.run('-c', script)).stdout.trim();
    await until(`${count} nodes are alive`, alive, (seen) => seen === `${count}`);
  }

  /** Runs a driver, or other Python, in the folder that all machines see. */
  run(...argv: string[]): Promise<Run> {
    return this.site.run(PYTHON, argv, { RAY_ADDRESS: this.address, PYTHONUNBUFFERED: '1' });
  }
  /** The node that a process belongs to goes at once, with all that runs there; gives its name. */
  async loseNodeOf(pid: number): Promise<string> {
    const line = lineOf(pid);
    const [name, node] = [...this.nodes].find(([, one]) => line.includes(one.pid)) ?? [];
    if (!name || !node) throw new Error(`None of the nodes runs ${pid}.`);
    // Workers have groups of their own. Who started the process goes before it, and so tells nobody that it ended.
    const above = line.slice(0, line.indexOf(node.pid)).toReversed();
    await node.lose();
    for (const one of above) endNow(one);
    return name;
  }

  async stop(): Promise<void> {
    for (const node of [...this.nodes.values()].toReversed()) await node.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
