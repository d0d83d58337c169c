import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import {
  DEFAULT_PARAMETERS,
  type ComparisonMetrics,
  type ComparisonParameters,
} from '../../../src/protocol/results.ts';
import type { ComparisonEvent } from '../../../src/protocol/engine.ts';
import { expectMatchesGolden, loadGolden, loadTwinGolden, type GoldenTensor } from '../golden.ts';

/** The whole way from the files to the figures, on the WASM backend as built, against float64 LAPACK. */
const PAIRS = [
  ['rl', 'base-to-rl'],
  ['rl-hot', 'base-to-rl-hot'],
  ['sft', 'base-to-sft'],
  ['rl-steps/step-100', 'base-to-rl-step-100'],
] as const;

let analysis: Analysis;
beforeAll(async () => {
  if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

async function compare(tuned: string, parameters: Partial<ComparisonParameters> = {}): Promise<ComparisonEvent[]> {
  const request = {
    runId: tuned,
    base: 'media/samples/base',
    tuned: `media/samples/${tuned}`,
    parameters: { ...DEFAULT_PARAMETERS, profiles: true, ...parameters },
  };
  const events: ComparisonEvent[] = [];
  for await (const event of analysis.compare(request, new AbortController().signal)) events.push(event);
  return events;
}

describe.each(PAIRS)('base to %s', (tuned, file) => {
  it('matches the golden values of every tensor', async () => {
    const golden = loadGolden(file);
    const events = await compare(tuned);
    const metrics = new Map<string, ComparisonMetrics>();
    for (const event of events) {
      if (event.type === 'change') metrics.set(event.tensor.name, event.tensor.metrics);
      if (event.type === 'matrix') {
        const { rowDensity, columnDensity } = event.detail;
        metrics.set(event.tensor.name, { ...event.tensor.metrics, rowDensity, columnDensity });
      }
    }
    expect(events.filter((event) => event.type === 'failed')).toEqual([]);
    expect([...metrics.keys()].sort()).toEqual([...golden.keys()].sort());
    for (const [name, expected] of golden) expectMatchesGolden(metrics.get(name) as ComparisonMetrics, expected);
  });
});

describe.each(['rl', 'sft'])('the noise twin of base to %s', (tuned) => {
  it('matches the golden values of every matrix, and the figures beside it are those without a twin', async () => {
    const matricesOf = (events: ComparisonEvent[]): Map<string, ComparisonMetrics> => {
      const metrics = new Map<string, ComparisonMetrics>();
      for (const event of events)
        if (event.type === 'matrix') {
          const { rowDensity, columnDensity } = event.detail;
          metrics.set(event.tensor.name, { ...event.tensor.metrics, rowDensity, columnDensity });
        }
      return metrics;
    };
    const found = matricesOf(await compare(tuned, { twin: true }));
    const alone = matricesOf(await compare(tuned));
    const golden = loadTwinGolden(tuned);
    expect([...found.keys()].sort()).toEqual([...golden.keys()].sort());
    for (const [name, expected] of golden) {
      const metrics = found.get(name) as ComparisonMetrics;
      expectMatchesGolden(metrics, expected, name);
      const { twin, ...rest } = metrics;
      expect(twin).toBeDefined();
      expect(rest).toEqual(alone.get(name));
    }
  });
  it('is another draw with another seed', async () => {
    const tensors = 'model.layers.0.self_attn.q_proj.weight';
    const stableRank = async (twinSeed: number): Promise<unknown> => {
      const events = await compare(tuned, { twin: true, twinSeed, tensors });
      return events.flatMap((e) => (e.type === 'matrix' ? [e.tensor.metrics.twin?.updateStableRank] : []))[0];
    };
    const [first, second] = [await stableRank(0), await stableRank(1)];
    expect(first).toEqual(expect.any(Number));
    expect(second).not.toBe(first);
  });
});

/** The base is cast to the tuned side's storage: exact to F32, rounded to BF16 and F16. */
describe.each([
  ['base', 'f32-tuned', 0],
  // one matrix holds no bf16 value that is too small for f16
  ['base', 'f16-tuned', 6],
  ['f32-base', 'f32-base-tuned-bf16', 7],
  ['f32-base', 'f32-base-cast-bf16', 7],
])('%s to %s, stored in different types', (base, tuned, cast) => {
  it('matches the golden values, and those of the noise twin', async () => {
    const folder = 'test/fixtures/golden/mixed';
    const request = {
      runId: tuned,
      base: `${folder}/${base}.safetensors`,
      tuned: `${folder}/${tuned}.safetensors`,
      parameters: { ...DEFAULT_PARAMETERS, profiles: true, twin: true },
    };
    const golden = loadGolden(`mixed/${tuned}`);
    let matrices = 0;
    let flagged = 0;
    for await (const event of analysis.compare(request, new AbortController().signal)) {
      if (event.type === 'failed') throw new Error(event.error.message);
      if (event.type !== 'matrix') continue;
      matrices++;
      const { name, metrics, flags } = event.tensor;
      const { rowDensity, columnDensity } = event.detail;
      expectMatchesGolden({ ...metrics, rowDensity, columnDensity }, golden.get(name) as GoldenTensor, name);
      if (flags.includes('base-cast')) flagged++;
    }
    expect([matrices, flagged]).toEqual([golden.size, cast]);
  });
});

describe('a comparison as a stream', () => {
  it('gives the plan first, and every change before any spectrum', async () => {
    const types = (await compare('rl')).map((event) => event.type);
    expect(types[0]).toBe('plan');
    expect(types.lastIndexOf('change')).toBeLessThan(types.indexOf('matrix'));
  });
  it('leaves out what an earlier run has done', async () => {
    const parameters = { ...DEFAULT_PARAMETERS, tensors: '*layers.0.*' };
    const done = ['model.layers.0.self_attn.q_proj.weight'];
    const names: string[] = [];
    const request = { runId: 'again', base: 'media/samples/base', tuned: 'media/samples/rl', parameters, done };
    for await (const event of analysis.compare(request, new AbortController().signal))
      if (event.type === 'matrix') names.push(event.tensor.name);
    expect(names).toHaveLength(6);
    expect(names).not.toContain(done[0]);
  });
  it('ends with `cancelled` soon after an abort and keeps what it gave', async () => {
    const abort = new AbortController();
    let matrices = 0;
    const run = (async () => {
      const request = {
        runId: 'stop',
        base: 'media/samples/base',
        tuned: 'media/samples/rl',
        parameters: DEFAULT_PARAMETERS,
      };
      for await (const event of analysis.compare(request, abort.signal))
        if (event.type === 'matrix' && ++matrices === 3) abort.abort();
    })();
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    expect(matrices).toBeGreaterThanOrEqual(3);
    expect(matrices).toBeLessThan(42);
  });
  it('plans without reading data, with the cost', async () => {
    const plan = await analysis.plan({
      base: 'media/samples/base',
      tuned: 'media/samples/rl',
      parameters: DEFAULT_PARAMETERS,
    });
    expect(plan.cost.matrices).toBe(42);
    expect(plan.cost.weights).toBe(1_111_424);
    expect(plan.cost.peakBytes).toBeGreaterThan(0);
    expect(plan.layers).toBe(6);
    expect(plan.heads).toEqual({ attention: 4, keyValue: 2 });
  });
});
