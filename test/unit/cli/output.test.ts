import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOutput } from '../../../src/files/index.ts';
import { f32, safetensors, type Entry } from '../formats/build.ts';

const CLI = resolve('dist/cli.mjs');
const SAMPLES = 'media/samples';
let folder: string;
let model: string;
beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('dist/cli.mjs is missing: run "npm run build" first.');
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'offaxis-output-'));
  model = join(folder, 'model');
  cpSync(`${SAMPLES}/base`, model, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** To its end, without holding up the test's own process. */
async function run(...argv: string[]): Promise<{ stdout: string; stderr: string; status: number | null }> {
  const child = spawn(process.execPath, [CLI, ...argv]);
  const told = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (text) => (told[name] += String(text)));
  const [status] = (await once(child, 'close')) as [number | null];
  return { ...told, status };
}
const oneLine = /^offaxis: [^\n]+\n$/;

describe('a result is never written over what is read', () => {
  it('by any option, to no link of either kind', async () => {
    const weights = readdirSync(model).filter((name) => name.endsWith('.safetensors'));
    expect(weights.length).toBeGreaterThan(0);
    const files = readdirSync(model);
    const before = files.map((name) => readFileSync(join(model, name)));
    // a checkpoint of somebody else, under a name as the hub's cache has
    const blob = join(folder, '0f3a');
    copyFileSync(join(model, weights[0] ?? ''), blob);
    const blobBefore = readFileSync(blob);
    for (const [i, name] of files.entries()) {
      symlinkSync(join(model, name), join(folder, `soft-${i}.json`));
      linkSync(join(model, name), join(folder, `hard-${i}.json`));
    }
    symlinkSync(blob, join(folder, 'soft-blob.json'));
    symlinkSync(join(folder, 'nothing.safetensors'), join(folder, 'soft-nothing.json'));
    const links = readdirSync(folder).filter((name) => name.endsWith('.json'));
    const targets = [...links.map((name) => join(folder, name)), join(model, 'model.safetensors'), blob];
    expect(targets).toHaveLength(2 * files.length + 4);
    for (const target of targets) {
      const { stdout, stderr, status } = await run('compare', model, model, '--no-spectra', '--csv', target);
      expect(stderr, target).toMatch(oneLine);
      expect([status, stdout], target).toEqual([2, '']);
    }
    for (const command of ['inspect', 'check', 'gpu']) {
      const argv = command === 'gpu' ? [command] : [command, model];
      const { stderr, status } = await run(...argv, '--json', targets[0] ?? '');
      expect(stderr, command).toMatch(oneLine);
      expect(status, command).toBe(2);
    }
    files.forEach((name, i) => expect(readFileSync(join(model, name)), name).toEqual(before[i]));
    expect(readFileSync(blob)).toEqual(blobBefore);
    expect(existsSync(join(folder, 'nothing.safetensors'))).toBe(false);
  });
});

describe('standard output', () => {
  it('that is full ends with one line and status 1', () => {
    for (const argv of [['--version'], ['help'], ['inspect', model], ['inspect', model, '--json', '-']]) {
      const full = openSync('/dev/full', 'w');
      const run = spawnSync(process.execPath, [CLI, ...argv], { encoding: 'utf8', stdio: ['ignore', full, 'pipe'] });
      expect(run.stderr, argv.join(' ')).toMatch(/^offaxis: Standard output can't be written \(ENOSPC\)[^\n]+\n$/);
      expect(run.status).toBe(1);
    }
  });

  it('that is a file takes every byte, or says that the disk is full', (context) => {
    const disk = mkdtempSync(join(tmpdir(), 'offaxis-disk-'));
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', disk]);
    if (mount.status !== 0) return context.skip();
    try {
      const file = openSync(join(disk, 'out.json'), 'w');
      const argv = [CLI, 'inspect', model, '--json', '-'];
      const run = spawnSync(process.execPath, argv, { encoding: 'utf8', stdio: ['ignore', file, 'pipe'] });
      expect(run.stderr).toMatch(/^offaxis: Standard output can't be written \(ENOSPC\)[^\n]+\n$/);
      expect(run.status).toBe(1);
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  });

  it('whose reader has gone ends with one line and status 1', async () => {
    const child = spawn(process.execPath, [CLI, 'inspect', model, '--json', '-']);
    child.stdout.destroy();
    let told = '';
    child.stderr.on('data', (text) => (told += String(text)));
    const [status] = (await once(child, 'close')) as [number];
    expect(told).toMatch(/^offaxis: Standard output was closed [^\n]+\n$/);
    expect(status).toBe(1);
  });

  it('whose reader does not read is left at SIGTERM', async () => {
    const many = Array.from({ length: 5000 }, (_, i): [string, Entry] => [
      `t${i}`,
      { dtype: 'F32', shape: [1], data: f32(i) },
    ]);
    const large = join(folder, 'large.safetensors');
    writeFileSync(large, safetensors(Object.fromEntries(many)));
    const child = spawn(process.execPath, [CLI, 'inspect', large, '--json', '-']);
    let told = '';
    child.stderr.on('data', (text) => (told += String(text)));
    // What is larger than the pipe is stuck in it as soon as the first bytes are there.
    await once(child.stdout, 'readable');
    child.kill('SIGTERM');
    const [status] = (await once(child, 'exit')) as [number | null];
    expect(status).toBe(130);
    child.stdout.destroy();
    await once(child, 'close');
    expect(told).toBe('offaxis: cancelled\n');
  });

  it('is not needed for the file', async () => {
    const target = join(folder, 'result.json');
    writeFileSync(target, 'old');
    expect(await run('inspect', model, '--json', target)).toMatchObject({ stderr: '', status: 0 });
    expect(JSON.parse(readFileSync(target, 'utf8'))).toMatchObject({ schema: 'offaxis.inspection/1' });
    expect(readdirSync(folder).sort()).toEqual(['model', 'result.json']);
  });
});

it('every command clears what dead processes left of the tuning of GPU kernels', async () => {
  const kept = join(folder, 'caches');
  mkdirSync(kept, { recursive: true });
  const output = await createOutput(join(kept, 'gpu-tuning.json'));
  const [mine = ''] = readdirSync(kept);
  // no system gives a process this number
  writeFileSync(join(kept, mine.replace(`-${process.pid}-`, '-4194999-')), 'half');
  const started = spawnSync(process.execPath, [CLI, 'inspect', model], {
    env: { ...process.env, OFFAXIS_CACHE: kept },
  });
  expect(started.status).toBe(0);
  expect(readdirSync(kept)).toEqual([mine]);
  await output.discard();
});
