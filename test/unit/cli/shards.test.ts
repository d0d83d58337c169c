import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ComparisonPart } from '../../../src/protocol/part.ts';
import type { ComparisonResult } from '../../../src/protocol/results.ts';

const CLI = resolve('dist/cli.mjs');
const BASE = resolve('media/samples/base');
const TUNED = resolve('media/samples/rl');
let directory: string;
let parts: string;
interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}
/** Beside the test, which would be taken for hung while it waits for several. */
function run(program: string, argv: string[], env = process.env, input = ''): Promise<Run> {
  return new Promise((done, reject) => {
    const child = spawn(program, argv, { cwd: directory, env });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (bytes: Buffer) => (said.stdout += bytes.toString('utf8')));
    child.stderr.on('data', (bytes: Buffer) => (said.stderr += bytes.toString('utf8')));
    child.on('error', reject);
    child.on('close', (status) => done({ status, ...said }));
    child.stdin.end(input);
  });
}
const offaxis = (...argv: string[]) => run(process.execPath, [CLI, ...argv]);
const partOf = (index: number, of: number, folder = parts) =>
  offaxis(
    'compare',
    BASE,
    TUNED,
    '--shard',
    `${index}/${of}`,
    '--profiles',
    '--json',
    join(folder, `part-${index}.json`),
  );
const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
/** A part of the first three with something else in it. */
function changed(change: (part: ComparisonPart) => void): string {
  const part = read<ComparisonPart>(join(parts, 'part-2.json'));
  change(part);
  const path = join(directory, 'changed.json');
  writeFileSync(path, JSON.stringify(part));
  return path;
}

beforeAll(async () => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
  directory = mkdtempSync(join(tmpdir(), 'offaxis-shards-'));
  parts = join(directory, 'the parts');
  mkdirSync(parts);
  for (const index of [1, 2, 3]) expect((await partOf(index, 3)).stderr).toBe('');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('offaxis gather', { timeout: 600_000 }, () => {
  it('makes of three parts, bit for bit, what one run makes', async () => {
    const [one, gathered] = [join(directory, 'one.json'), join(directory, 'gathered.json')];
    expect((await offaxis('compare', BASE, TUNED, '--profiles', '--json', one)).status).toBe(0);
    const ran = await offaxis('gather', parts, '--json', gathered);
    expect(ran.stderr).toBe('');
    expect(ran.status).toBe(0);
    expect(ran.stdout).toContain("compared 57 of 57 tensors, 100 % of the base's weights");
    const [a, b] = [read<ComparisonResult>(one), read<ComparisonResult>(gathered)];
    // the time that it took is the only difference
    for (const tensor of [...a.tensors, ...b.tensors]) tensor.elapsedMs = 0;
    expect(b).toEqual(a);
    const sizes = [1, 2, 3].map((index) => read<ComparisonPart>(join(parts, `part-${index}.json`)).tensors.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });
  it('holds a part to its schema', async () => {
    const schema = JSON.parse(readFileSync('media/schema/part-1.schema.json', 'utf8')) as object;
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(schema);
    const part = read<ComparisonPart>(join(parts, 'part-1.json'));
    expect(validate(part), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
    expect(validate({ ...part, shard: { index: 0, of: 3 } })).toBe(false);
  });
  it('names the parts that are missing', async () => {
    const ran = await offaxis('gather', join(parts, 'part-2.json'));
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('2 of 3 parts are missing: 1,3. Run "offaxis compare" with --shard 1/3 and so on');
  });
  it.each([
    ['another version', (part: ComparisonPart) => (part.engine = '9.9.9'), 'versions'],
    ['other parameters', (part: ComparisonPart) => (part.parameters.alpha = 0.1), 'their parameters differ'],
    [
      'another file',
      (part: ComparisonPart) => part.inputs.tuned.forEach((input) => (input.sampleSha256 = '0')),
      'is not the same file for both',
    ],
    ['another backend', (part: ComparisonPart) => (part.backend.kind = 'gpu'), 'one was computed on'],
    ['other parts', (part: ComparisonPart) => (part.shard.of = 4), 'one is of 3 parts, the other of 4'],
    ['the same index', (part: ComparisonPart) => (part.shard.index = 1), 'are both part 1'],
  ])('refuses a part of %s', async (_, change, said) => {
    const ran = await offaxis('gather', join(parts, 'part-1.json'), changed(change), join(parts, 'part-3.json'));
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain(said);
  });
  it('refuses what is not a part, and one that was not written whole', async () => {
    const cut = join(directory, 'cut.json');
    writeFileSync(cut, readFileSync(join(parts, 'part-1.json'), 'utf8').slice(0, 1000));
    for (const path of [cut, join(BASE, 'config.json')]) {
      const ran = await offaxis('gather', path);
      expect(ran.status).toBe(1);
      expect(ran.stderr).toContain('is not a part of a comparison');
    }
  });
  it('sees that a machine read another file', async () => {
    const other = join(directory, 'other');
    cpSync(TUNED, other, { recursive: true });
    const [file = ''] = read<ComparisonPart>(join(parts, 'part-1.json')).inputs.tuned.flatMap(({ file }) =>
      file.endsWith('.safetensors') ? [file] : [],
    );
    const bytes = readFileSync(join(other, file));
    bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
    writeFileSync(join(other, file), bytes);
    const path = join(directory, 'other.json');
    expect((await offaxis('compare', BASE, other, '--shard', '2/3', '--profiles', '--json', path)).status).toBe(0);
    expect((await offaxis('gather', join(parts, 'part-1.json'), path)).stderr).toContain(
      `${file} is not the same file`,
    );
  });
});

describe('offaxis compare --shard', () => {
  it.each([
    [['--shard', '0/3', '--json', 'x.json'], '--shard takes I/N'],
    [['--shard', '4/3', '--json', 'x.json'], '--shard takes I/N'],
    [['--shard', '1/3'], 'name its file with --json'],
    [['--shard', '1/3', '--json', 'x.json', '--csv', 'x.csv'], '--csv is for the whole'],
  ])('refuses %j', async (argv, said) => {
    const ran = await offaxis('compare', BASE, TUNED, ...argv);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain(said);
  });
});

describe('offaxis cluster', { timeout: 600_000 }, () => {
  const cluster = (...argv: string[]) => offaxis('cluster', ...argv, '--no-spectra', '--parts', 'their parts');
  /** Runs a job's shell lines as its scheduler would, with `offaxis` on the PATH. */
  function shell(script: string, environment: Record<string, string>, input = ''): Promise<Run> {
    const bin = join(directory, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'offaxis'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`, { mode: 0o755 });
    const env = { ...process.env, ...environment, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    return run('bash', ['-c', script], env, input);
  }
  it('prints a Slurm array whose tasks write the parts, and then the array of what is missing', async () => {
    const job = (await cluster('slurm', BASE, TUNED, '--shards', '3')).stdout;
    expect(job).toContain('#SBATCH --array=1-3\n');
    for (const task of ['1', '3']) expect((await shell(job, { SLURM_ARRAY_TASK_ID: task })).stderr).toBe('');
    const rest = (await cluster('slurm', BASE, TUNED, '--shards', '3')).stdout;
    expect(rest).toContain('#SBATCH --array=2\n');
    // a task that was killed while it wrote leaves no whole part
    writeFileSync(join(directory, 'their parts', 'part-2.json'), '{"schema":');
    expect((await cluster('slurm', BASE, TUNED, '--shards', '3')).stdout).toBe(rest);
    expect((await shell(rest, { SLURM_ARRAY_TASK_ID: '2' })).status).toBe(0);
    expect((await cluster('slurm', BASE, TUNED, '--shards', '3')).stderr).toContain("offaxis gather 'their parts'");
    expect((await offaxis('gather', 'their parts')).status).toBe(0);
  });
  it('prints an Indexed Job whose indexes stand for the parts that are missing', async () => {
    rmSync(join(directory, 'their parts'), { recursive: true, force: true });
    const text = (await cluster('kubernetes', BASE, TUNED, '--shards', '2')).stdout;
    expect(text).toContain('completions: 2');
    // apply refuses a generated name; a relative folder of the parts must not lie in the container
    expect(text).toMatch(/^# kubectl create -f THIS_FILE/);
    expect(text).toContain('workingDir: /checkpoints\n');
    const [, script = ''] = /- \|\n((?: {14}.*\n)+)/.exec(text) ?? [];
    expect((await shell(script, { JOB_COMPLETION_INDEX: '1' })).stderr).toBe('');
    const rest = (await cluster('kubernetes', BASE, TUNED, '--shards', '2')).stdout;
    expect(rest).toContain('completions: 1');
    const [, last = ''] = /- \|\n((?: {14}.*\n)+)/.exec(rest) ?? [];
    expect((await shell(last, { JOB_COMPLETION_INDEX: '0' })).stderr).toBe('');
    expect((await offaxis('gather', 'their parts')).status).toBe(0);
  });
  it('leaves paths as they are in the text of a job: a line break, a dash in front', async () => {
    const ran = await offaxis('cluster', 'kubernetes', BASE, TUNED, '--shards', '2', '--parts=-two\nlines');
    expect(ran.stdout).toContain("              mkdir -p './-two\n              lines'\n");
    // a comment ends with its line
    const slurm = await offaxis('cluster', 'slurm', BASE, TUNED, '--shards', '2', '--parts=two\nlines');
    expect(slurm.stdout).toMatch(/^#!.*\n(#.*\n){5}set -euo pipefail\nmkdir -p 'two\nlines'\n/);
  });
  it('prints a driver for Ray that waits for all its tasks, wherever they start, and names those that failed', async () => {
    rmSync(join(directory, 'their parts'), { recursive: true, force: true });
    const { stdout: driver } = await cluster('ray', BASE, TUNED, '--shards', '2');
    // What Ray does as far as the driver sees it; npm run test:cluster has the real one.
    writeFileSync(
      join(directory, 'ray.py'),
      [
        'import os, types',
        'exceptions = types.SimpleNamespace(RayError=RuntimeError)',
        'init = lambda address=None: None',
        'class Task:',
        '    def __init__(self, work): self.work = work',
        '    def remote(self, index): return lambda: self.work(index)',
        'remote = lambda **options: Task',
        'def get(task):',
        '    os.chdir("/")',
        '    if os.environ.pop("LOST", None): raise RuntimeError("the worker died")',
        '    return task()',
      ].join('\n'),
    );
    const python = await shell('command -v python3 && PYTHONPATH=. python3 -', { LOST: '1' }, driver);
    // A machine without Python can't tell.
    if (!python.stdout) return;
    expect(python.stderr).toBe('parts that failed: [1]\n');
    expect(python.status).toBe(1);
    const rest = (await cluster('ray', BASE, TUNED, '--shards', '2')).stdout;
    expect((await shell('PYTHONPATH=. python3 -', {}, rest)).stderr).toBe('');
    expect((await offaxis('gather', 'their parts')).status).toBe(0);
  });
  it('gives a task the memory that it is asked to keep to, and asks the scheduler for it', async () => {
    rmSync(join(directory, 'their parts'), { recursive: true, force: true });
    const capped = async (scheduler: string, memory: string): Promise<Run> =>
      cluster(scheduler, BASE, TUNED, '--shards', '2', '--memory', memory);
    const slurm = (await capped('slurm', '1.5GB')).stdout;
    // in MiB, rounded up: 1.5e9 bytes are 1430.5
    expect(slurm).toMatch(/^#!.*\n(#.*\n)*#SBATCH --mem=1431M\n(#.*\n)*set -euo pipefail\n/);
    expect(slurm).toContain('--no-spectra --memory 1500000000 ');
    const kubernetes = (await capped('kubernetes', '2GiB')).stdout;
    expect(kubernetes).toContain('memory: 2048Mi }, limits: { memory: 2048Mi } }');
    expect(kubernetes).toContain(' --memory 2147483648 ');
    const ray = (await capped('ray', '2GiB')).stdout;
    expect(ray).toContain('@ray.remote(num_cpus=8, memory=2147483648, max_retries=2)');
    expect(ray).toContain(' --memory 2147483648 ');
    // the task takes what it was given: its shell lines run
    expect((await shell(slurm, { SLURM_ARRAY_TASK_ID: '1' })).stderr).toBe('');
    const little = await capped('slurm', '100MB');
    expect(little.stderr).toContain('of memory are too little');
    expect(little.status).toBe(2);
  });
  it('refuses another scheduler, and asks how many', async () => {
    expect((await cluster('pbs', BASE, TUNED, '--shards', '2')).stderr).toContain(
      'The scheduler is slurm, kubernetes, ray',
    );
    expect((await cluster('slurm', BASE, TUNED)).stderr).toContain('--shards N');
  });
});
