import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import {
  openCheckpoint,
  pairAdapter,
  pairCheckpoints,
  readMatrix,
  type Checkpoint,
} from '../../../src/checkpoint/index.ts';
import { castCodes, type MatrixType } from '../../../src/numbers/index.ts';
import { DEFAULT_PARAMETERS, type ComparisonMetrics } from '../../../src/protocol/results.ts';
import type { ComparisonEvent } from '../../../src/protocol/engine.ts';
import { expectMatchesGolden, type GoldenTensor } from '../golden.ts';

/** Adapters against what PEFT makes of them (test/fixtures/adapters), and against float64 LAPACK (METRICS F). */
const OPTIONS = { includeEmbeddings: false, tensors: null };
const FOLDER = 'test/fixtures/adapters';

let analysis: Analysis;
beforeAll(async () => {
  if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

async function opened<T>(paths: string[], use: (checkpoints: Checkpoint[]) => Promise<T>): Promise<T> {
  const checkpoints: Checkpoint[] = [];
  try {
    for (const path of paths) checkpoints.push(await openCheckpoint(path));
    return await use(checkpoints);
  } finally {
    for (const checkpoint of checkpoints) await checkpoint.close();
  }
}

async function valuesOf(weight: Parameters<typeof readMatrix>[0]): Promise<Float64Array> {
  const values = new Float64Array(weight.count);
  castCodes(weight.type as MatrixType, await readMatrix(weight), 'F64', new Uint8Array(values.buffer));
  return values;
}

const fixtures = (name: string): string[] => {
  const base = ['gpt2', 'llama-bf16', 'llama'].find((start) => name.startsWith(start)) as string;
  return [`${FOLDER}/${base}/base`, `${FOLDER}/${name}/adapter`, `${FOLDER}/${name}/merged`];
};

describe.each([
  ['llama-lora', 'LoRA', 4, 2],
  ['llama-rslora', 'rsLoRA', 4, 4],
  ['llama-rankpattern', 'LoRA', 4, null],
  ['llama-dora', 'DoRA', 4, 2],
  ['llama-modules_to_save', 'LoRA', 4, 2],
  ['llama-pissa', 'LoRA', 4, 1],
  ['llama-olora', 'LoRA', 4, 1],
  ['llama-pissa-converted', 'LoRA', 8, 1],
  ['llama-loha', 'LoHa', 4, null],
  ['llama-lokr', 'LoKr', 4, null],
  ['llama-ia3', 'IA3', null, null],
  ['llama-bf16-lora', 'LoRA', 4, 2],
  ['gpt2-lora', 'LoRA', 4, 2],
] as const)('%s', (name, kind, rank, scale) => {
  it('is merged as PEFT merges it, in every weight that it changes', () =>
    opened(fixtures(name), async ([base, tuned, merged]) => {
      if (!base || !tuned?.adapter || !merged) throw new Error(`${name} is not an adapter.`);
      expect(tuned.adapter.facts).toMatchObject({ kind, rank });
      if (scale !== null) expect(tuned.adapter.facts.scale).toBeCloseTo(scale, 12);
      const { pairs, skipped, unpaired, coverage } = pairAdapter(base, tuned, tuned.adapter, OPTIONS);
      expect(unpaired.tunedOnly).toEqual([]);
      expect(coverage.weights.compared).toBe(coverage.weights.all);
      const changed = new Map<string, Float64Array>();
      for (const pair of pairs) changed.set(pair.name, await valuesOf(pair.tuned));
      expect(changed.size).toBeGreaterThan(0);
      // float32 stores to 2^-24 of a value under 1; PEFT adds in float32 too. bf16: half a unit in 8 bits, and its product in bf16.
      // PEFT takes SVD and QR in float32: float64 LAPACK is 4.23e-6 from its merge, as METRICS F rounds it.
      const own = name.includes('bf16') ? 2 ** -7 : /-(pissa|olora)$/.test(name) ? 4.5e-6 : 1e-6;
      const after = await openedPairs(merged);
      for (const [weight, values] of changed) {
        const expected = after.get(weight);
        expect(expected, weight).toBeDefined();
        expect(greatestDifference(values, expected as Float64Array), weight).toBeLessThan(own);
      }
      const before = await openedPairs(base);
      for (const { name: weight } of skipped.filter(({ reason }) => reason.includes('does not change')))
        if (after.has(weight))
          expect(greatestDifference(before.get(weight) as Float64Array, after.get(weight) as Float64Array)).toBe(0);
    }));
});

/** Every weight of a checkpoint by the name that a comparison gives it, [out, in]. */
async function openedPairs(checkpoint: Checkpoint): Promise<Map<string, Float64Array>> {
  const values = new Map<string, Float64Array>();
  for (const { name, base } of pairCheckpoints(checkpoint, checkpoint, OPTIONS).pairs)
    values.set(name, await valuesOf(base));
  return values;
}
function greatestDifference(left: Float64Array, right: Float64Array): number {
  expect(left.length).toBe(right.length);
  return left.reduce((most, value, i) => Math.max(most, Math.abs(value - (right[i] as number))), 0);
}

describe('the adapter of the sample family', () => {
  it('has the golden figures in every matrix that it changes', async () => {
    const golden = JSON.parse(readFileSync('test/fixtures/golden/adapter-rl-lora.json', 'utf8')) as {
      tensors: Record<string, GoldenTensor>;
    };
    const request = { runId: 'adapter', base: 'media/samples/base', tuned: 'media/samples/rl-lora' };
    const events: ComparisonEvent[] = [];
    const parameters = { ...DEFAULT_PARAMETERS, profiles: true };
    for await (const event of analysis.compare({ ...request, parameters }, new AbortController().signal))
      events.push(event);
    const found = new Map<string, ComparisonMetrics>();
    for (const event of events)
      if (event.type === 'matrix') {
        const { rowDensity, columnDensity } = event.detail;
        found.set(event.tensor.name, { ...event.tensor.metrics, rowDensity, columnDensity });
      }
    expect(events.filter((event) => event.type === 'failed')).toEqual([]);
    expect([...found.keys()].sort()).toEqual(Object.keys(golden.tensors).sort());
    for (const [name, expected] of Object.entries(golden.tensors)) {
      const metrics = found.get(name) as ComparisonMetrics;
      // The file has no profiles; their lengths are the matrix's shape, from which tolerances of counts follow.
      const { rowDensity = [], columnDensity = [] } = metrics;
      expectMatchesGolden(metrics, { ...expected, rowDensity, columnDensity });
    }
    const plan = events.find((event) => event.type === 'plan');
    expect(plan?.plan.tunedAdapter).toMatchObject({ kind: 'LoRA', rank: 8, scale: 2, matrices: 18 });
  });
});

describe('what no update is read from', () => {
  const compare = async (base: string, tuned: string): Promise<void> => {
    const request = { runId: 'refused', base, tuned, parameters: DEFAULT_PARAMETERS };
    for await (const event of analysis.compare(request, new AbortController().signal)) void event;
  };
  it('an adapter as the base', () =>
    expect(compare(`${FOLDER}/llama-lora/adapter`, `${FOLDER}/llama/base`)).rejects.toThrow(/is an adapter \(LoRA\)/));
  it('an adapter of another base is told by its shapes', () =>
    expect(compare('media/samples/base', `${FOLDER}/llama-lora/adapter`)).rejects.toThrow(
      /made for \[\d+, \d+\], and the base's weight is/,
    ));
});
