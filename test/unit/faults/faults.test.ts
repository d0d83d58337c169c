/**
 * Every call to the file system that a command makes, failing in every way that such a call can: the built command line in a process of
 * its own, the fault put in beneath it (inject.mjs). What must hold then: one clear sentence, a status that says so, no stack, an earlier
 * result as it was, and nothing half written.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
import { afterAll, beforeAll, expect, it } from 'vitest';
import { codes16, safetensors } from '../formats/build.ts';

const CLI = resolve('dist/cli.mjs');
const INJECT = join(import.meta.dirname, 'inject.mjs');
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
const COMMANDS: readonly [string, (at: Places) => string[]][] = [
  ['inspect --stats --json', ({ base, out }) => ['inspect', base, '--stats', '--json', out]],
  ['inspect of an index', ({ sharded, out }) => ['inspect', sharded, '--json', out]],
  ['check --sha256 --json', ({ base, out }) => ['check', base, '--sha256', '--json', out]],
  ['compare --json', ({ base, tuned, out }) => ['compare', base, tuned, '--no-spectra', '--json', out]],
  ['compare --csv', ({ base, tuned, out }) => ['compare', base, tuned, '--no-spectra', '--csv', out]],
  ['compare --csv with spectra', ({ base, tuned, out }) => ['compare', base, tuned, '--csv', out]],
];

interface Places {
  base: string;
  tuned: string;
  sharded: string;
  /** in a folder of its own */
  out: string;
}
interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
  hit: boolean;
  counts: Record<string, number>;
  /** what lies at `out`; null: nothing */
  result: string | null;
  /** beside it */
  others: string[];
}

let root: string;
beforeAll(() => {
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
        'model.layers.1.mlp.up_proj.weight': weight(0x3f00),
      }),
    );
  for (const shard of ['a', 'b']) write(`sharded/${shard}.safetensors`, safetensors({ [shard]: weight(0x3f80) }));
  write('sharded/model.safetensors.index.json', '{"weight_map":{"a":"a.safetensors","b":"b.safetensors"}}');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let runs = 0;
async function run(command: (at: Places) => string[], fault: object): Promise<Run> {
  const folder = join(root, `run-${runs++}`);
  const out = join(folder, 'result.txt');
  const log = join(root, `${runs}.log`);
  mkdirSync(folder);
  writeFileSync(out, EARLIER);
  const places = { base: join(root, 'base'), tuned: join(root, 'tuned'), sharded: join(root, 'sharded'), out };
  const child = spawn(
    process.execPath,
    ['--import', INJECT, CLI, ...command(places), '--backend', 'cpu', '--threads', '1'],
    {
      env: { ...process.env, OFFAXIS_FAULT: JSON.stringify({ ...fault, folder: root }), OFFAXIS_FAULT_LOG: log },
    },
  );
  const told = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (text) => (told[name] += String(text)));
  const [status] = (await once(child, 'close')) as [number | null];
  const { hit, counts } = JSON.parse(readFileSync(log, 'utf8')) as Pick<Run, 'hit' | 'counts'>;
  const others = readdirSync(folder).filter((name) => name !== 'result.txt');
  const result = existsSync(out) ? readFileSync(out, 'utf8') : null;
  rmSync(folder, { recursive: true });
  return { status, ...told, hit, counts, result, others };
}

/** What is wrong with a run under a fault; null: nothing. `sound` is the same run without one. */
function wrong(failed: Run, sound: Run): string | null {
  const { status, stdout, stderr, result, others } = failed;
  if (!failed.hit) return 'the fault was never met';
  if (others.length) return `left ${others.join(', ')} behind`;
  // what a system call throws must have become a sentence of ours
  if (/\n\s+at |Cannot read|is not a function|undefined|injected/.test(stdout + stderr)) return `says ${stderr}`;
  const whole =
    result === EARLIER ||
    same(result) === same(sound.result) ||
    isReport(result) ||
    (status === 1 && isPart(result, sound.result));
  if (!whole) return `the result is ${JSON.stringify(result?.slice(0, 200))}`;
  // A part that is not needed (a config, a folder's sync) changes nothing: else it is said, on lines of ours.
  if (status === sound.status && same(result) === same(sound.result)) return null;
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
  return text?.replace(/"(elapsedMs|seconds)":[\d.e-]+/g, '');
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

it.each(COMMANDS)('%s: each call that fails', async (_, command) => {
  const sound = await run(command, {});
  expect(sound.stderr).toBe('');
  expect(sound.result).not.toBe(EARLIER);
  // Every call fails once, in one of the ways, by turns; the first of each operation in all of them.
  const faults = Object.entries(sound.counts).flatMap(([operation, calls]) =>
    Array.from({ length: calls }, (_unused, i) => i + 1).flatMap((call) => {
      const kinds = KINDS[operation] ?? [];
      return kinds
        .filter((_kind, i) => call === 1 || i === call % kinds.length)
        .map((kind) => ({ operation, call, kind }));
    }),
  );
  expect(faults.length).toBeGreaterThan(15);
  expect(sound.counts['read']).toBeGreaterThan(1);
  expect(sound.counts['write']).toBeGreaterThan(0);
  const found: string[] = [];
  let parts = 0;
  const rest = [...faults];
  const worker = async (): Promise<void> => {
    for (let fault = rest.shift(); fault; fault = rest.shift()) {
      const failed = await run(command, fault);
      if (failed.status === 1 && isPart(failed.result, sound.result)) parts++;
      const told = wrong(failed, sound);
      if (told !== null)
        found.push(`${fault.operation} ${fault.call} of ${sound.counts[fault.operation]}, ${fault.kind}: ${told}`);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  expect(found).toEqual([]);
  // a tensor that failed alone: the rest is in the table
  if (sound.result?.startsWith('name,')) expect(parts).toBeGreaterThan(0);
});

it.each(COMMANDS)('%s: reads and writes that take half of what was asked change nothing', async (_, command) => {
  const sound = await run(command, {});
  for (const operation of ['read', 'write']) {
    const halved = await run(command, { operation, call: 'every', kind: 'short' });
    expect(halved.hit).toBe(true);
    expect([halved.status, halved.stderr]).toEqual([sound.status, '']);
    expect(same(halved.result)).toBe(same(sound.result));
  }
});
