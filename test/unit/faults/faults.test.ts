/**
 * Every call to the file system that a command makes, failing in every way that such a call can: the built command line, the fault put in
 * beneath it (inject.mjs). What must hold then: one clear sentence, a status that says so, no stack, an earlier result as it was, and
 * nothing half written. The runs of a command share a process (many.mjs); that they are what processes of their own are is held for one
 * without a fault and for one that fails.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes16, safetensors } from '../formats/build.ts';
import { inOwnProcess, ManyRuns, type Ended, type Work } from './processes.ts';

const CLI = resolve('dist/cli.mjs');
const EARLIER = 'the earlier result';
/** The ways in which each call can fail. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  open: ['ENOENT', 'EMFILE', 'EACCES', 'EIO'],
  read: ['EIO', 'end'],
  write: ['ENOSPC', 'EIO'],
  stat: ['ENOENT', 'EIO'],
  lstat: ['EIO'],
  readdir: ['EMFILE', 'EIO'],
  access: ['EACCES'],
  rename: ['ENOSPC', 'EIO'],
  'handle.sync': ['EIO', 'ENOSPC'],
  'handle.stat': ['EIO'],
  'handle.chmod': ['EPERM'],
};
/** Arguments of a command of the command line. */
type Command = (at: Places) => string[];
const line =
  (command: Command): Command =>
  // What is kept between runs would spare the second of them the calls that are counted in the first.
  (at) => [CLI, ...command(at), '--backend', 'cpu', '--threads', '1', '--no-cache'];
const host =
  (what: string): Command =>
  ({ base, tuned }) => [join(root, 'host.mjs'), what, base, tuned];
interface Tried {
  title: string;
  /** name of what it writes */
  result: string;
  command: Command;
  /** its other calls are those of another command */
  onlyWrites?: true;
}
const COMMANDS: readonly Tried[] = [
  {
    ...{ title: 'inspect --stats --json', result: 'r.json' },
    command: line(({ base, out }) => ['inspect', base, '--stats', '--json', out]),
  },
  {
    ...{ title: 'inspect of an index', result: 'r.json' },
    command: line(({ sharded, out }) => ['inspect', sharded, '--json', out]),
  },
  {
    ...{ title: 'inspect of an adapter', result: 'r.json' },
    command: line(({ adapter, out }) => ['inspect', adapter, '--json', out]),
  },
  {
    ...{ title: 'check --sha256 --json', result: 'r.json' },
    command: line(({ base, out }) => ['check', base, '--sha256', '--json', out]),
  },
  {
    ...{ title: 'compare --json', result: 'r.json', onlyWrites: true },
    command: line(({ base, tuned, out }) => ['compare', base, tuned, '--no-spectra', '--json', out]),
  },
  {
    ...{ title: 'compare --csv', result: 'r.csv', onlyWrites: true },
    command: line(({ base, tuned, out }) => ['compare', base, tuned, '--no-spectra', '--csv', out]),
  },
  {
    ...{ title: 'compare --csv with spectra', result: 'r.csv' },
    command: line(({ base, tuned, out }) => ['compare', base, tuned, '--csv', out]),
  },
  {
    ...{ title: 'compare --json with an adapter', result: 'r.json' },
    command: line(({ base, adapter, out }) => ['compare', base, adapter, '--no-spectra', '--json', out]),
  },
  { title: 'the host, a comparison as CSV', result: 'r.csv', command: host('comparison'), onlyWrites: true },
  { title: 'the host, a comparison as JSON', result: 'r.json', command: host('comparison'), onlyWrites: true },
  { title: 'the host, a picture as SVG', result: 'r.svg', command: host('svg'), onlyWrites: true },
  { title: 'the host, a picture as PNG', result: 'r.png', command: host('png'), onlyWrites: true },
  { title: 'the host, a tensor as .npy', result: 'r.npy', command: host('tensor') },
  { title: 'the host, a tensor as .safetensors', result: 'r.safetensors', command: host('tensor') },
];
/** Never written over, so that there is no earlier one. */
const isNew = (result: string): boolean => result.endsWith('.safetensors');

interface Places {
  base: string;
  tuned: string;
  sharded: string;
  adapter: string;
  /** in a folder of its own */
  out: string;
}
interface Run extends Ended {
  /** what lies at `out`; null: nothing */
  result: string | null;
  /** beside it */
  others: string[];
}

let root: string;
beforeAll(async () => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
  root = realpathSync(mkdtempSync(join(tmpdir(), 'offaxis-faults-')));
  const weight = (first: number, rows = 8, columns = 4) => ({
    dtype: 'BF16',
    shape: [rows, columns],
    data: codes16(rows * columns, first),
  });
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  for (const [i, side] of ['base', 'tuned'].entries())
    write(
      `${side}/model.safetensors`,
      safetensors({
        // more than comes with its neighbours, of which a failed read is made up for: one fault fails this tensor
        'model.layers.0.mlp.up_proj.weight': weight(0x3f80 + i, 64, 40),
        'model.layers.1.mlp.up_proj.weight': weight(0x3f00, 8, 40),
      }),
    );
  for (const shard of ['a', 'b']) write(`sharded/${shard}.safetensors`, safetensors({ [shard]: weight(0x3f80) }));
  write('sharded/model.safetensors.index.json', '{"weight_map":{"a":"a.safetensors","b":"b.safetensors"}}');
  write('base/config.json', '{"model_type":"llama","num_hidden_layers":2,"hidden_size":40,"num_attention_heads":4}');
  const factor = 'base_model.model.model.layers.0.mlp.up_proj.lora_';
  write(
    'adapter/adapter_model.safetensors',
    safetensors({ [`${factor}A.weight`]: weight(0x3d00, 4, 40), [`${factor}B.weight`]: weight(0x3d10, 64, 4) }),
  );
  write(
    'adapter/adapter_config.json',
    '{"peft_type":"LORA","r":4,"lora_alpha":8,"target_modules":["up_proj"],"base_model_name_or_path":null}',
  );
  await build({
    ...{ entryPoints: [join(import.meta.dirname, 'host.ts')], outfile: join(root, 'host.mjs') },
    ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
    alias: { vscode: join(import.meta.dirname, 'vscode.ts') },
    external: ['webgpu'],
    loader: { '.wgsl': 'text' },
  });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let runs = 0;
/** `start`: in a process of its own, or in that of many. */
async function run(
  { command, result: name, onlyWrites }: Tried,
  fault: object,
  start: (work: Work, log: string) => Promise<Ended>,
): Promise<Run> {
  const folder = join(root, `run-${runs++}`);
  const out = join(folder, name);
  mkdirSync(folder);
  if (!isNew(name)) writeFileSync(out, EARLIER);
  const of = (side: string): string => join(root, side);
  const places = { base: of('base'), tuned: of('tuned'), sharded: of('sharded'), adapter: of('adapter'), out };
  const work = { argv: command(places), target: out, fault: { ...fault, folder: onlyWrites ? folder : root } };
  const ended = await start(work, join(root, `${runs}.log`));
  const others = readdirSync(folder).filter((one) => one !== name);
  const result = existsSync(out) ? readFileSync(out, 'latin1') : null;
  rmSync(folder, { recursive: true });
  return { ...ended, result, others };
}

/** What is wrong with a run under a fault; null: nothing. `sound` is the same run without one, `bare` the one that finds no configs. */
function wrong(failed: Run, sound: Run, bare: Run, name: string): string | null {
  const { status, stdout, stderr, result, others } = failed;
  if (!failed.hit) return 'the fault was never met';
  if (others.length) return `left ${others.join(', ')} behind`;
  // what a system call throws must have become a sentence of ours
  if (/\n\s+at |Cannot read|is not a function|undefined|injected/.test(stdout + stderr)) return `says ${stderr}`;
  const whole =
    result === (isNew(name) ? null : EARLIER) ||
    same(result) === same(sound.result) ||
    same(result) === same(bare.result) ||
    isReport(result) ||
    (status === 1 && isPart(result, sound.result));
  if (!whole) return `the result is ${JSON.stringify(result?.slice(0, 200))}`;
  // A part that is not needed (a config, a folder's sync) changes nothing: else it is said, on lines of ours.
  if (status === sound.status && same(result) === same(sound.result)) return null;
  if (status === bare.status && same(result) === same(bare.result)) return null;
  // A report may list what is not there, with status 0, as long as it calls nothing an error.
  if (status === 0 && stderr === '' && !(isReport(result) && !/"severity":"error"/.test(result ?? '')))
    return 'another result with status 0, and not a word';
  if (status !== 0 && status !== 1) return `status ${status}: ${stderr}`;
  const lines = stderr.trimEnd().split('\n').filter(Boolean);
  const strange = lines.find((line) => !line.startsWith('offaxis: '));
  if (strange !== undefined) return `says ${strange}`;
  return lines.length || isReport(result) ? null : `status ${status} without a word`;
}
/** Without what differs from run to run: times, in the JSON and in the column of the CSV. */
function same(text: string | null): string | undefined {
  const lines = text?.split(/\r?\n/) ?? [];
  const at = lines[0]?.split(',').indexOf('elapsedMs') ?? -1;
  if (at >= 0)
    return lines
      .map((line) =>
        line
          .split(',')
          .filter((_, i) => i !== at)
          .join(),
      )
      .join('\n');
  return text?.replace(/"(elapsedMs|seconds)": ?[\d.e-]+/g, '');
}
/** A table of the tensors that could be read, each row as it is without the fault; of one whose spectra failed, those are empty. */
function isPart(text: string | null, whole: string | null): boolean {
  const rows = (table: string | null): [string, string[]][] =>
    (same(table)?.split(/\r?\n/) ?? []).map((row) => [row.split(',')[0] ?? '', row.split(',')]);
  const sound = new Map(rows(whole));
  return (
    (text ?? '').startsWith('name,') &&
    rows(text).every(([name, cells]) => {
      const all = sound.get(name);
      return all?.length === cells.length && cells.every((cell, i) => cell === '' || cell === all[i]);
    })
  );
}
/** A whole report of what could not be read: it lists problems. */
function isReport(text: string | null): boolean {
  try {
    return (
      /"problems":\[\{|"findings":\[\{|"failed":\[\{/.test(text ?? '') && typeof JSON.parse(text ?? '') === 'object'
    );
  } catch {
    return false;
  }
}

/** What has to be the same in whatever process: all of a run but the name of its folder, and times. */
const alike = ({ stdout, stderr, result, ...rest }: Run): object => ({
  ...rest,
  told: [stdout, stderr].map((text) => text.replace(/run-\d+/g, 'run').replace(/[\d.]+ (ms|s)\b/g, '')),
  result: same(result),
});
const READ_FAILS = { operation: 'read', call: 1, kind: 'EIO' };

describe.each(COMMANDS)('$title', (tried) => {
  let many: ManyRuns;
  let sound: Run;
  const runOf = (fault: object): Promise<Run> => run(tried, fault, (work) => many.run(work));
  beforeAll(async () => {
    many = new ManyRuns();
    sound = await runOf({});
  });
  afterAll(() => many.end());

  it('each call that fails', async () => {
    expect(sound.stderr).toBe('');
    expect(sound.result).not.toBe(EARLIER);
    // A config that is not there when it is looked for is none: that is no fault, and the result is that of a folder without one.
    const bare = await runOf({ operation: 'stat', call: 'every', kind: 'ENOENT', only: 'config.json' });
    // Every call fails once, in one of the ways, by turns; the first of each operation in all of them.
    const faults = Object.entries(sound.counts).flatMap(([operation, calls]) =>
      Array.from({ length: calls }, (_unused, i) => i + 1).flatMap((call) => {
        const kinds = KINDS[operation] ?? [];
        return kinds
          .filter((_kind, i) => call === 1 || i === call % kinds.length)
          .map((kind) => ({ operation, call, kind }));
      }),
    );
    expect(faults.length).toBeGreaterThan(tried.onlyWrites ? 8 : 15);
    // a picture comes from the page: all of the reads is the look at what is there already
    expect(sound.counts['read']).toBeGreaterThan(0);
    expect(sound.counts['write']).toBeGreaterThan(0);
    // the file and its folder: a power cut leaves the earlier result or this one
    expect(sound.counts['handle.sync']).toBeGreaterThan(1);
    const found: string[] = [];
    let parts = 0;
    for (const fault of faults) {
      const failed = await runOf(fault);
      if (failed.status === 1 && isPart(failed.result, sound.result)) parts++;
      const told = wrong(failed, sound, fault.kind === 'ENOENT' ? bare : sound, tried.result);
      if (told !== null)
        found.push(`${fault.operation} ${fault.call} of ${sound.counts[fault.operation]}, ${fault.kind}: ${told}`);
    }
    expect(found).toEqual([]);
    // a tensor that failed alone: the rest is in the table
    if (sound.result?.startsWith('name,') && !tried.onlyWrites) expect(parts).toBeGreaterThan(0);
  });

  it('reads and writes that take half of what was asked change nothing', async () => {
    for (const operation of ['read', 'write']) {
      const halved = await runOf({ operation, call: 'every', kind: 'short' });
      expect(halved.hit).toBe(true);
      expect([halved.status, halved.stderr]).toEqual([sound.status, '']);
      expect(same(halved.result)).toBe(same(sound.result));
    }
  });

  it('a process of its own ends in the same way, without a fault and with one', async () => {
    expect(alike(await run(tried, {}, inOwnProcess))).toEqual(alike(sound));
    expect(alike(await run(tried, READ_FAILS, inOwnProcess))).toEqual(alike(await runOf(READ_FAILS)));
  });
});
