/** The built engine on a software adapter, killed while the GPU is at work. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineClient } from '../../../src/engine/client.ts';
import { ComparisonRun } from '../../../src/engine/comparisonRun.ts';
import { launchEngine, type EngineProcess } from '../../../src/engine/launch.ts';
import { engineArguments } from '../../../src/engine/options.ts';
import { DEFAULT_PARAMETERS, type ComparisonTensor } from '../../../src/protocol/results.ts';
import { adapterEnvironment } from '../linalg/dawn/adapter.ts';

const ENGINE = resolve('dist/engine.mjs');
const lines: string[] = [];
const write = (line: string): void => void lines.push(line);
const log = { info: write, debug: () => undefined, warn: write, error: write };
let suspect = false;
const processes: EngineProcess[] = [];
let client: EngineClient;
beforeAll(() => {
  if (!existsSync(ENGINE)) throw new Error('dist/engine.mjs is missing: run "npm run build" first.');
  Object.assign(process.env, adapterEnvironment());
  client = new EngineClient({
    log,
    launch: () => {
      const options = { backend: 'gpu', threads: 2, memoryMiB: 256, memoryBytes: 0, cache: null, suspect } as const;
      const engine = launchEngine({ file: ENGINE, arguments: engineArguments.format(options), log });
      processes.push(engine);
      return engine;
    },
    onGpuCrash: () => (suspect = true),
  });
});
afterAll(async () => {
  client.dispose();
  await Promise.all(processes.map(({ ended }) => ended));
});

test('SIGKILL during GPU work: the CPU goes on, nothing computed is lost, every matrix says where', async () => {
  const info = await client.call('info', {});
  expect(info).toMatchObject({ kind: 'gpu', gpu: { chosen: 'gpu', probe: { ok: true } } });
  const request = {
    runId: 'run',
    base: resolve('media/samples/base'),
    tuned: resolve('media/samples/rl'),
    parameters: DEFAULT_PARAMETERS,
  };
  const changes: string[] = [];
  const matrices = new Map<string, ComparisonTensor>();
  const backends: string[] = [];
  for await (const event of new ComparisonRun(client, request, new AbortController().signal).events()) {
    if (event.type === 'failed') throw new Error(`${event.name}: ${event.error.message}`);
    if (event.type === 'plan') backends.push(event.backend.kind);
    if (event.type === 'change') changes.push(event.tensor.name);
    if (event.type === 'matrix') matrices.set(event.tensor.name, event.tensor);
    // All matrices are before it; eight go to the device at once.
    const begins = event.type === 'progress' && event.phase === 'spectra' && event.done === 0;
    if (begins && processes.length === 1) setTimeout(() => processes[0]?.kill(), 300);
  }
  expect(backends).toEqual(['gpu']);
  expect(new Set(changes).size).toBe(57);
  expect(matrices.size).toBe(42);
  expect([...matrices.values()].at(-1)?.computedOn).toBe('cpu');
  expect([suspect, processes.length]).toEqual([true, 2]);
  expect(lines.join('\n')).toContain('ended unexpectedly during GPU work: signal SIGKILL');
  expect(await client.call('info', {})).toMatchObject({ kind: 'cpu', gpu: { chosen: 'cpu', suspect: true } });
  const report = await client.call('gpu', {});
  expect(report.adapter).toBeNull();
  expect(report.why).toContain('suspect');
});
