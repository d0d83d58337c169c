import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findGpu, probeDevice } from '../../../../src/linalg/dawn/index.ts';
import { dawnCandidates, loadDawn } from '../../../../src/linalg/dawn/library.ts';
import { adapterEnvironment, bundleDirectory } from './adapter.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'offaxis-dawn-'));
  Object.assign(process.env, adapterEnvironment());
});
afterAll(() => rmSync(directory, { recursive: true }));
const options = { bundleDirectory, memoryMiB: 0, suspect: false };

describe('the library', () => {
  test('lies beside the bundle, else in node_modules of the checkout', () => {
    expect(dawnCandidates('/ext/dist', 'win32', 'arm64')).toEqual([
      join('/ext/dist', 'dawn', 'win32-arm64', 'dawn.node'),
      join('/ext/dist', 'dawn', 'win32-arm64', 'dawn.node'),
      join('/ext', 'node_modules', 'webgpu', 'dist', 'win32-arm64', 'dawn.node'),
    ]);
    expect(dawnCandidates('/ext/dist', 'darwin', 'x64')[1]).toContain('darwin-universal');
  });
  test('missing: the platform is named', () => {
    expect(loadDawn(join(directory, 'nothing'), { platform: 'linux', arch: 'riscv64' })).toMatchObject({
      file: null,
      reason: 'this build has no GPU support for linux-riscv64',
    });
  });
  test('damaged: the file is named, and the reason', () => {
    const folder = join(directory, 'dist', 'dawn', `${process.platform}-${process.arch}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'dawn.node'), 'no library');
    expect(loadDawn(join(directory, 'dist'))).toMatchObject({
      file: join(folder, 'dawn.node'),
      reason: expect.stringContaining('does not load') as string,
    });
  });
});

describe('findGpu on a software adapter', () => {
  test('gpu: a device that works, and a report that says on what', async () => {
    const { report, device, reopen } = await findGpu({ ...options, requested: 'gpu' });
    expect(report.why).toContain('was asked for');
    expect(report).toMatchObject({ chosen: 'gpu', adapter: { kind: 'software' }, probe: { ok: true, reason: null } });
    expect(report.memoryCapBytes).toBeGreaterThan(2 ** 26);
    const live = device?.device as GPUDevice;
    expect(live.limits.maxStorageBufferBindingSize).toBe(report.adapter?.limits['maxStorageBufferBindingSize']);
    live.destroy();
    expect(await device?.lost).toContain('destroyed');
    expect(await probeDevice(live)).toMatchObject({ ok: false });
    const second = await reopen();
    expect(await probeDevice(second.device)).toMatchObject({ ok: true });
    await second.close();
    await second.close();
    await device?.close();
  });
  test('auto: the CPU, and no device is left open', async () => {
    const { report, device } = await findGpu({ ...options, requested: 'auto' });
    expect(report).toMatchObject({ chosen: 'cpu', adapter: { kind: 'software' }, probe: null });
    expect(device).toBeNull();
  });
  test('cpu: the library is not even loaded', async () => {
    const { report } = await findGpu({ ...options, requested: 'cpu' });
    expect(report).toMatchObject({ chosen: 'cpu', adapter: null, library: { file: null } });
  });
  test('under Electron a failed read-back asks for a real Node', async () => {
    const runtime = {
      kind: 'electron',
      version: '22.12.0',
      electron: '35.0.0',
      execPath: '/opt/code',
      platform: 'linux',
      arch: 'x64',
    } as const;
    // The real device, but mapped memory can not be had: what Electron's napi answers.
    const { create } = loadDawn(bundleDirectory) as { create(): GPU };
    const adapter = (await create().requestAdapter()) as GPUAdapter;
    const device = await adapter.requestDevice();
    const sample = device.createBuffer({ size: 16, usage: 1 });
    const prototype = Object.getPrototypeOf(sample) as { getMappedRange: unknown };
    const original = prototype.getMappedRange;
    prototype.getMappedRange = () => {
      throw new Error('External buffers are not allowed');
    };
    try {
      const { report, device: none } = await findGpu({ ...options, requested: 'gpu', runtime });
      expect(report).toMatchObject({ chosen: 'cpu', needsNode: true, probe: { ok: false } });
      expect(report.why).toContain('External buffers are not allowed');
      expect(none).toBeNull();
    } finally {
      prototype.getMappedRange = original;
      device.destroy();
      await device.lost;
    }
  });
});

describe('a device outlives hard garbage collection', () => {
  const file = (): string => join(directory, 'holdDevice.mjs');
  beforeAll(() => {
    buildSync({
      entryPoints: [join(import.meta.dirname, 'holdDevice.ts')],
      outfile: file(),
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
  });
  test.each([
    ['destroy', 'ok destroyed'],
    ['leave', 'ok'],
    ['after', 'ok destroyed'],
  ])('and the process ends well (%s)', (wayOut, output) => {
    const run = spawnSync(process.execPath, ['--expose-gc', file(), bundleDirectory, wayOut], {
      env: adapterEnvironment(),
      encoding: 'utf8',
      timeout: 600_000,
    });
    expect(run.stderr.replace(/^Warning: .*artificially reduced.*\n/gm, '')).toBe('');
    expect(run.stdout.trim()).toBe(output);
    expect([run.status, run.signal]).toEqual([0, null]);
  });
});
