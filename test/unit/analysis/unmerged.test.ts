import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import type { ComparisonEvent, ComparisonPlan } from '../../../src/protocol/engine.ts';
import { DEFAULT_PARAMETERS, type ComparisonMetrics } from '../../../src/protocol/results.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { safetensors, type Entry } from '../formats/build.ts';

/** Whole models saved with their adapter still beside the weights, made of PEFT's own adapter and its base; PEFT's merge is the oracle. */
const FIXTURES = 'test/fixtures/adapters';
const folder = temporaryFolder();

let analysis: Analysis;
beforeAll(async () => {
  if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

function tensorsOf(path: string): Map<string, Entry> {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [from, to],
          },
        ]) => {
          const data = new Uint8Array(bytes.subarray(8 + length + from, 8 + length + to));
          return [name, { dtype, shape, data }];
        },
      ),
  );
}

/** As torch saves a PEFT model's own state: wrapped modules under `base_layer`, factors under each adapter's name. */
function unmerged(
  name: string,
  {
    base,
    adapter,
    names = ['default'],
    scale = true,
  }: { base: string; adapter: string; names?: string[]; scale?: boolean },
): string {
  const factors = tensorsOf(`${FIXTURES}/${adapter}/adapter/adapter_model.safetensors`);
  const modules = new Set([...factors.keys()].map((key) => key.replace(/\.lora_.*$/, '')));
  const tensors: Record<string, Entry> = {};
  for (const [key, entry] of tensorsOf(`${FIXTURES}/${base}/base/model.safetensors`)) {
    const module = `base_model.model.${key.replace(/\.weight$/, '')}`;
    tensors[modules.has(module) ? `${module}.base_layer.weight` : `base_model.model.${key}`] = entry;
  }
  for (const [key, entry] of factors)
    for (const one of names) tensors[key.replace(/(\.lora_(?:[AB]|magnitude_vector))/, `$1.${one}`)] = entry;
  if (scale)
    folder.write(`${name}/adapter_config.json`, readFileSync(`${FIXTURES}/${adapter}/adapter/adapter_config.json`));
  folder.write(`${name}/config.json`, readFileSync(`${FIXTURES}/${base}/base/config.json`));
  folder.write(`${name}/model.safetensors`, safetensors(tensors));
  return `${folder.path}/${name}`;
}

async function compared(
  base: string,
  tuned: string,
): Promise<{ plan: ComparisonPlan; metrics: Map<string, ComparisonMetrics> }> {
  let plan: ComparisonPlan | null = null;
  const metrics = new Map<string, ComparisonMetrics>();
  const parameters = { ...DEFAULT_PARAMETERS, spectra: false };
  const events: AsyncIterable<ComparisonEvent> = analysis.compare(
    { runId: 'unmerged', base, tuned, parameters },
    new AbortController().signal,
  );
  for await (const event of events) {
    if (event.type === 'plan') plan = event.plan;
    else if (event.type === 'change') metrics.set(event.tensor.name, event.tensor.metrics);
    else if (event.type === 'failed') throw new Error(`${event.name}: ${event.error.message}`);
  }
  if (!plan) throw new Error('There was no plan.');
  return { plan, metrics };
}

describe.each([
  ['llama', 'llama-lora'],
  ['llama', 'llama-rslora'],
  ['llama', 'llama-dora'],
  ['gpt2', 'gpt2-lora'],
  ['llama-bf16', 'llama-bf16-lora'],
])('%s with %s still apart', (base, adapter) => {
  it('is what PEFT merges, from its base and to the merge', async () => {
    const whole = unmerged(`${adapter}-whole`, { base, adapter });
    const original = `${FIXTURES}/${base}/base`;
    const from = await compared(original, whole);
    const merged = await compared(original, `${FIXTURES}/${adapter}/merged`);
    expect(from.plan.tunedAdapter).toMatchObject({ unmerged: true, rank: 4 });
    expect(from.plan.unpaired).toEqual({ baseOnly: [], tunedOnly: [] });
    expect(from.plan.coverage.weights.compared).toBe(from.plan.coverage.weights.all);
    expect(from.plan.problems.map(({ code }) => code)).toContain('pairing-unmerged');
    let changed = 0;
    for (const [name, { updateNorm }] of merged.metrics) {
      if (!updateNorm) continue;
      changed++;
      // The merge is stored: rounding of the weights is the difference, to 2^-24 of each in float32 and 2^-9 in bf16.
      const most = (from.metrics.get(name)?.baseNorm ?? 0) * (adapter.includes('bf16') ? 2 ** -9 : 2 ** -22);
      expect(Math.abs((from.metrics.get(name)?.updateNorm ?? 0) - updateNorm), name).toBeLessThan(most);
    }
    expect(changed).toBeGreaterThan(0);
    const to = await compared(whole, `${FIXTURES}/${adapter}/merged`);
    expect(to.plan.coverage.weights.compared).toBe(to.plan.coverage.weights.all);
    for (const { updateNorm, baseNorm } of to.metrics.values())
      expect(updateNorm ?? NaN).toBeLessThanOrEqual((baseNorm ?? 0) * (adapter.includes('bf16') ? 2 ** -8 : 2 ** -22));
  });
});

describe('what can not be read of it', () => {
  const ORIGINAL = `${FIXTURES}/llama/base`;
  it.each([
    ['without a scale', { scale: false }, /its scale is not known/],
    ['with two adapters', { names: ['first', 'second'] }, /holds 2 adapters \("first", "second"\)/],
  ])('%s is said in front of every figure, and not counted', async (name, options, reason) => {
    const whole = unmerged(name.replaceAll(' ', '-'), { base: 'llama', adapter: 'llama-lora', ...options });
    const { plan, metrics } = await compared(ORIGINAL, whole);
    const note = plan.problems.find(({ code }) => code === 'pairing-unmerged');
    expect(note).toMatchObject({ severity: 'warning' });
    expect(note?.message).toMatch(/6 of the 6 weights that it changes are not counted/);
    expect(note?.message).toMatch(reason);
    expect([...metrics.keys()].filter((one) => /(q_proj|v_proj|down_proj)/.test(one))).toEqual([]);
    expect(plan.coverage.weights.compared).toBeLessThan(plan.coverage.weights.all);
  });
});

describe('two of them', () => {
  it('are compared as they compute, not as their base layers are stored', async () => {
    const first = unmerged('first', { base: 'llama', adapter: 'llama-lora' });
    const second = unmerged('second', { base: 'llama', adapter: 'llama-rslora' });
    const own = await compared(first, first);
    expect([...own.metrics.values()].every(({ updateNorm }) => updateNorm === 0)).toBe(true);
    const { metrics, plan } = await compared(first, second);
    expect(plan.coverage.weights.compared).toBe(plan.coverage.weights.all);
    const touched = [...metrics].filter(([name]) => /(q_proj|v_proj|down_proj)/.test(name));
    expect(touched).toHaveLength(6);
    for (const [name, { updateNorm }] of touched) expect(updateNorm, name).toBeGreaterThan(0);
  });
});
