import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GpuReport } from '../../../src/protocol/gpu.ts';
import { adapterEnvironment } from '../linalg/dawn/adapter.ts';

const CLI = resolve('dist/cli.mjs');
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'offaxis-cli-gpu-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const offaxis = (cli: string, ...argv: string[]) =>
  spawnSync(process.execPath, [cli, ...argv], { encoding: 'utf8', env: adapterEnvironment() });

describe('offaxis gpu', () => {
  it('prints the adapter, the probe, the choice and the program that computes', () => {
    const run = offaxis(CLI, 'gpu', '--backend', 'gpu');
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/spectra run on\s+GPU: /);
    expect(run.stdout).toMatch(/result\s+passed/);
    expect(run.stdout).toContain(process.execPath);
    expect(run.stdout).toMatch(/maxStorageBufferBindingSize\s+\d+ \(\d+ MiB\)/);
  });
  it('writes JSON; the memory setting caps the pool', () => {
    const run = offaxis(CLI, 'gpu', '--gpu-memory', '512', '--json', '-');
    const report = JSON.parse(run.stdout) as GpuReport & { schema: string };
    expect(report).toMatchObject({
      schema: 'offaxis.gpu/1',
      requested: 'auto',
      chosen: 'cpu',
      adapter: { kind: 'software' },
      probe: { ok: true },
      memoryCapBytes: 512 * 2 ** 20,
    });
  });
  it('without the library says so and is not an error', () => {
    const bare = join(directory, 'dist', 'cli.mjs');
    cpSync(CLI, bare);
    const run = offaxis(bare, 'gpu', '--backend', 'gpu');
    expect(run.status).toBe(0);
    expect(run.stdout).toContain(`This build has no GPU support for ${process.platform}-${process.arch}.`);
    expect(run.stdout).toMatch(/spectra run on\s+CPU/);
  });
  it('a file that can not be written is one line', () => {
    const run = offaxis(CLI, 'gpu', '--json', join(directory, 'no', 'such', 'folder'));
    expect(run.status).toBe(1);
    expect(run.stderr.replace(/^Warning: .*\n/gm, '')).toMatch(/^offaxis: .*can't be written.*\n$/);
  });
});
