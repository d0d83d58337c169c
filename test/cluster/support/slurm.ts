/** A Slurm on this machine alone: munge, the controller and two nodes, each with room for two tasks of eight processors. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Daemon, freePorts } from './daemon.ts';
import { endNow, lineOf, nameOf, until, type Run, type Site } from './site.ts';

const NODES = ['one', 'two'];

export class Slurm {
  // Paths in its configuration hold no spaces.
  private readonly folder = mkdtempSync(join(tmpdir(), 'offaxis-slurm-'));
  private readonly environment = { SLURM_CONF: join(this.folder, 'slurm.conf') };
  private readonly nodes = new Map<string, Daemon>();
  private others: Daemon[] = [];

  constructor(private readonly site: Site) {}

  async start(): Promise<void> {
    const file = (name: string): string => join(this.folder, name);
    writeFileSync(file('munge.key'), randomBytes(1024), { mode: 0o600 });
    writeFileSync(file('slurm.conf'), this.configuration(await freePorts(1 + NODES.length)));
    for (const name of ['state', ...NODES]) mkdirSync(file(name));
    const munge = ['socket', 'key', 'pid', 'seed', 'log'].map((name) =>
      name === 'socket' ? `--socket=${file('munge.socket')}` : `--${name}-file=${file(`munge.${name}`)}`,
    );
    // --force: a folder for temporary files is open to all
    this.others.push(this.daemon('munged', ['--foreground', '--force', ...munge]));
    this.others.push(this.daemon('slurmctld', ['-D', '-i']));
    for (const node of NODES) this.startNode(node);
    await this.ready();
  }
  /** Needs no cgroups and no systemd, as a container has neither; believes in processors that are not there. */
  private configuration(ports: readonly number[]): string {
    const host = hostname().split('.')[0];
    const user = userInfo().username;
    const nodes = NODES.map(
      (name, i) =>
        `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${ports[i + 1]} CPUs=16 RealMemory=1024`,
    );
    return `ClusterName=offaxis
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
AuthInfo=socket=${this.folder}/munge.socket,cred_expire=5
StateSaveLocation=${this.folder}/state
SlurmdSpoolDir=${this.folder}/%n
SlurmctldPidFile=${this.folder}/slurmctld.pid
SlurmdPidFile=${this.folder}/%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SlurmdTimeout=10
ReturnToService=2
KillWait=2
MinJobAge=36000
${nodes.join('\n')}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
  }
  private daemon(program: string, argv: readonly string[]): Daemon {
    // where Debian puts them, which not every user's PATH has
    const env = { ...process.env, ...this.environment, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` };
    return new Daemon(program, argv, join(this.folder, 'daemons.log'), env);
  }
  startNode(name: string): void {
    this.nodes.set(name, this.daemon('slurmd', ['-D', '-N', name]));
  }
  /** All nodes wait for work. */
  async ready(): Promise<void> {
    const states = async (): Promise<string> => (await this.run('sinfo', '-h', '-N', '-o', '%T')).stdout;
    try {
      await until('all nodes are idle', states, (seen) => seen === 'idle\n'.repeat(NODES.length));
    } catch (error) {
      throw new Error(readFileSync(join(this.folder, 'daemons.log'), 'utf8'), { cause: error });
    }
  }
  run(program: string, ...argv: string[]): Promise<Run> {
    return this.site.run(program, argv, this.environment);
  }

  /** Gives the number of the array. */
  async submit(file: string): Promise<string> {
    const ran = await this.run('sbatch', '--parsable', file);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    return ran.stdout.trim();
  }
  /** Of every task of an array, by its index: "COMPLETED on one", "PENDING". */
  async states(array: string): Promise<Map<number, string>> {
    const { stdout } = await this.run('scontrol', '-o', 'show', 'job', array);
    const tasks = new Map<number, string>();
    for (const line of stdout.split('\n')) {
      const field = (name: string): string => line.split(' ').find((word) => word.startsWith(`${name}=`)) ?? '';
      const value = (name: string): string => field(name).slice(name.length + 1);
      const index = Number(value('ArrayTaskId'));
      // those that wait are one line: "3-9"
      if (Number.isInteger(index) && index > 0) tasks.set(index, `${value('JobState')} on ${value('NodeList')}`);
      else if (value('ArrayTaskId')) tasks.set(0, value('JobState'));
    }
    return tasks;
  }
  /** Waits until no task of an array waits or runs; the states then. */
  async settled(array: string): Promise<Map<number, string>> {
    const open = /PENDING|RUNNING|COMPLETING|REQUEUE/;
    const states = async (): Promise<[number, string][]> => [...(await this.states(array))];
    return new Map(await until('no task waits or runs', states, (seen) => !seen.some(([, state]) => open.test(state))));
  }
  /** The node of a task goes at once, with all that runs there. */
  async loseNodeOf(pid: number, node: string): Promise<void> {
    const line = lineOf(pid);
    const last = line.findIndex((one) => nameOf(one).startsWith('slurmstepd'));
    expect(last).toBeGreaterThan(0);
    await this.nodes.get(node)?.lose();
    for (const one of line.slice(0, last + 1).toReversed()) endNow(one);
  }

  async stop(): Promise<void> {
    try {
      await this.run('scancel', '--full', '--user', userInfo().username);
      const left = async (): Promise<string> => (await this.run('squeue', '-h')).stdout;
      await until('no job is left', left, (seen) => seen === '');
    } finally {
      for (const daemon of [...this.nodes.values(), ...this.others.toReversed()]) await daemon.stop();
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}
