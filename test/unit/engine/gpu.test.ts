import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ComparisonRun } from '../../../src/engine/comparisonRun.ts';
import { EngineCrashedError } from '../../../src/engine/errors.ts';
import { ENGINE_ARGUMENTS, engineArguments } from '../../../src/engine/options.ts';
import { askNode, EngineRuntimes, packagedNode } from '../../../src/engine/runtime.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { parseArgs } from 'node:util';
import { createHarness, type Harness } from './harness.ts';

const request = { runId: 'run', base: 'base', tuned: 'tuned', parameters: DEFAULT_PARAMETERS };
let harness: Harness;
let directory: string;
beforeEach(async () => {
  harness = await createHarness();
  directory = mkdtempSync(join(tmpdir(), 'offaxis-node-'));
});
afterEach(async () => {
  await harness.close();
  rmSync(directory, { recursive: true });
});

describe('an engine that dies during GPU work', () => {
  test('is started again with the GPU suspect; nothing is lost, nothing is reported failed', async () => {
    let suspect = false;
    const client = harness.client(['a', 'b', 'gpu', 'c'], { onGpuCrash: () => (suspect = true) }, () => ({
      flags: suspect ? ['--gpu-suspect'] : [],
    }));
    const found: string[] = [];
    for await (const event of new ComparisonRun(client, request, new AbortController().signal).events()) {
      if (event.type === 'failed') throw new Error(event.error.message);
      if (event.type === 'matrix') found.push(event.tensor.name);
    }
    expect(suspect).toBe(true);
    expect(found.sort()).toEqual(['a', 'b', 'c', 'gpu']);
    expect(harness.processes).toHaveLength(2);
    const taken = harness.journal().filter((line) => line.startsWith('take '));
    expect(taken.filter((line) => line === 'take a')).toHaveLength(1);
    expect(taken.filter((line) => line === 'take gpu')).toHaveLength(2);
    expect(harness.log.join('\n')).toContain('ended unexpectedly during GPU work: signal SIGKILL');
  });
  test('a crash beside GPU work is not blamed on the GPU', async () => {
    let blamed = false;
    const client = harness.client(['a'], { onGpuCrash: () => (blamed = true) });
    await expect(client.call('open', { path: 'crash' })).rejects.toMatchObject({ duringGpuWork: false });
    await expect(client.call('open', { path: 'crash' })).rejects.toBeInstanceOf(EngineCrashedError);
    expect(blamed).toBe(false);
  });
});

test('what the engine says goes to the log with its process', async () => {
  const client = harness.client(['a']);
  await client.call('info', {});
  // The word comes through a pipe of its own, which may be slower than the answer.
  await expect.poll(() => harness.log).toContain(`engine ${harness.processes[0]?.pid}: a word of the engine`);
});

describe('the runtime of the engine', () => {
  const program = (name: string, body: string): string => {
    const file = join(directory, name);
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const none = join(tmpdir(), 'offaxis-no-such-node');
  const log = (): { lines: string[]; info(line: string): void; warn(line: string): void } => {
    const lines: string[] = [];
    return { lines, info: (line) => void lines.push(line), warn: (line) => void lines.push(line) };
  };

  test('a real Node is asked for its version; others are told apart', async () => {
    expect(await askNode(process.execPath)).toEqual({ path: process.execPath, version: process.versions.node });
    expect(await askNode(join(directory, 'none'))).toMatchObject({ reason: 'is not there' });
    expect(await askNode(program('old', `echo '["18.19.0",null]'`))).toMatchObject({
      reason: 'is Node.js 18.19.0, older than 22',
    });
    expect(await askNode(program('code', `echo '["22.1.0","35.0.0"]'`))).toMatchObject({
      reason: 'is not a plain Node.js',
    });
    expect(await askNode(program('shell', 'echo hello'))).toMatchObject({ reason: 'is not Node.js' });
    expect(await askNode(program('broken', 'exit 3'))).toMatchObject({ reason: 'does not run' });
  });

  test('without read-back the engine starts anew on the Node that is named, before it computes', async () => {
    const second = program('second-node', `exec "${process.execPath}" "$@"`);
    const { lines, ...sink } = log();
    const runtimes = new EngineRuntimes(() => second, none, sink);
    const client = harness.client(['electron'], { settle: (gpu) => runtimes.settle(gpu) }, () => ({
      execPath: runtimes.execPath,
    }));
    // Headers wait for nothing.
    await expect(client.call('open', { path: 'x' })).rejects.toMatchObject({ code: 'bad-file' });
    expect(harness.processes).toHaveLength(1);
    const [one, two] = await Promise.all([client.call('info', {}), client.call('info', {})]);
    expect(runtimes.execPath).toBe(second);
    expect(harness.processes).toHaveLength(2);
    expect([one.pid, two.pid]).toEqual([harness.processes[1]?.pid, harness.processes[1]?.pid]);
    expect(lines.join('\n')).toContain('The engine starts anew on Node.js');
    await expect(harness.processes[0]?.ended).resolves.toBe('exit code 0');
    await client.call('plan', request);
    expect(harness.processes).toHaveLength(2);
  });
  test('if the one that is named is none, the CPU: said once, with the reason and the remedy', async () => {
    const { lines, ...sink } = log();
    const runtimes = new EngineRuntimes(() => none, process.execPath, sink);
    const client = harness.client(['electron'], { settle: (gpu) => runtimes.settle(gpu) });
    await client.call('info', {});
    await client.call('plan', request);
    expect(harness.processes).toHaveLength(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /not be read back\. The CPU is used: .*offaxis\.nodePath, is not there\. Install Node\.js 22/,
    );
  });
  test('nothing is named: the Node of the package, though there is none on PATH, and else the one on PATH', async () => {
    const { lines, ...sink } = log();
    const report = { needsNode: true, why: 'Not read back.' };
    const ours = new EngineRuntimes(() => '', program('our-node', `exec "${process.execPath}" "$@"`), sink);
    const path = process.env['PATH'];
    try {
      process.env['PATH'] = directory;
      expect(await ours.settle(report)).toBe(true);
      expect(ours.execPath).toBe(join(directory, 'our-node'));
      expect(lines[0]).toContain('of this package');
      // one for another system, as it may lie in a folder that two machines share
      const broken = new EngineRuntimes(() => '', program('not-ours', 'exit 126'), sink);
      program('node', `exec "${process.execPath}" "$@"`);
      expect(await broken.settle(report)).toBe(true);
      expect(broken.execPath).toBe('node');
    } finally {
      process.env['PATH'] = path;
    }
  });
  test('the Node of the package lies beside the engine, by system', () => {
    const at = (platform: NodeJS.Platform, arch: NodeJS.Architecture) =>
      packagedNode('d', { ...process, platform, arch });
    expect(at('linux', 'x64')).toBe(join('d', 'node', 'linux-x64', 'node'));
    expect(at('win32', 'arm64')).toBe(join('d', 'node', 'win32-arm64', 'node.exe'));
  });
  test('a GPU that can be read back needs no other Node', async () => {
    const runtimes = new EngineRuntimes(() => process.execPath, none, log());
    expect(await runtimes.settle({ needsNode: false, why: '' })).toBe(false);
    expect(runtimes.execPath).toBeNull();
  });
});

test('the options of the engine survive its command line; nonsense becomes the default', () => {
  const options = {
    backend: 'gpu',
    threads: 3,
    memoryMiB: 512,
    memoryBytes: 2e9,
    suspect: true,
    cache: { folder: 'a b', maxBytes: 5 },
  } as const;
  const { values } = parseArgs({ args: engineArguments.format(options), options: ENGINE_ARGUMENTS });
  expect(engineArguments.parse(values)).toEqual(options);
  expect(engineArguments.parse({ backend: 'tpu', threads: '-1', 'gpu-memory': 'x' })).toEqual({
    backend: 'auto',
    threads: 0,
    memoryMiB: 0,
    memoryBytes: 0,
    cache: null,
    suspect: false,
  });
  expect(engineArguments.parse({ cache: 'x', 'cache-size': '0' }).cache).toBeNull();
});
