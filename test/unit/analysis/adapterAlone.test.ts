import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { adapterUpdates } from '../../../src/metrics/adapterUpdates.ts';
import { DEFAULT_PARAMETERS, type AdapterUpdate, type ComparisonMetrics } from '../../../src/protocol/results.ts';

import { temporaryFolder } from '../checkpoint/folder.ts';

/** An adapter by itself, from its factors alone, against the same update formed row by row over its base and decomposed whole. */
const FIXTURES = 'test/fixtures/adapters';

const relativeDifference = (a: number | null | undefined, b: number | null | undefined): number =>
  Math.abs((a ?? NaN) - (b ?? NaN)) / Math.abs(b ?? NaN);

let analysis: Analysis;
beforeAll(async () => {
  if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

async function alone(path: string): Promise<AdapterUpdate[]> {
  const found: AdapterUpdate[] = [];
  const params = { path, statistics: false, spectra: false, updates: true, includeEmbeddings: false } as const;
  for await (const event of analysis.inspect({ ...params, tensors: [] }, new AbortController().signal))
    if (event.type === 'update') found.push(event.value);
    else if (event.type === 'failed') throw new Error(`${event.name}: ${event.error.message}`);
  return found;
}
async function overBase(
  base: string,
  tuned: string,
): Promise<{ metrics: Map<string, ComparisonMetrics>; shares: Map<string, number | null> }> {
  const metrics = new Map<string, ComparisonMetrics>();
  const shares = new Map<string, number | null>();
  const events = analysis.compare(
    { runId: 'over', base, tuned, parameters: DEFAULT_PARAMETERS },
    new AbortController().signal,
  );
  let total = 0;
  for await (const event of events)
    if (event.type === 'matrix') {
      metrics.set(event.tensor.name.replace(/^(model|transformer)\./, ''), event.tensor.metrics);
      total += (event.tensor.metrics.updateNorm ?? 0) ** 2;
    }
  for (const [name, { updateNorm }] of metrics) shares.set(name, (updateNorm ?? 0) ** 2 / total);
  return { metrics, shares };
}

describe.each([
  ['llama-lora', 'llama'],
  ['llama-rslora', 'llama'],
  ['llama-rankpattern', 'llama'],
  ['llama-pissa-converted', 'llama'],
  ['llama-loha', 'llama'],
  ['llama-lokr', 'llama'],
])('%s alone', (name, base) => {
  it('has the norms, the spectrum and the energies that its update has over the base', async () => {
    const updates = await alone(`${FIXTURES}/${name}/adapter`);
    const { metrics, shares } = await overBase(`${FIXTURES}/${base}/base`, `${FIXTURES}/${name}/adapter`);
    expect(updates.map((update) => update.name).sort()).toEqual([...metrics.keys()].sort());
    for (const { name: matrix, spectrum, singularValues, reasons, shape } of updates) {
      const over = metrics.get(matrix) as ComparisonMetrics;
      expect(reasons).toEqual([]);
      // METRICS: norms, stable and effective rank to 1e-4.
      expect(relativeDifference(spectrum?.frobeniusNorm, over.updateNorm), matrix).toBeLessThan(1e-4);
      expect(relativeDifference(spectrum?.spectralNorm, over.updateSpectralNorm), matrix).toBeLessThan(1e-4);
      expect(relativeDifference(spectrum?.stableRank, over.updateStableRank), matrix).toBeLessThan(1e-4);
      expect(relativeDifference(spectrum?.effectiveRank, over.updateEffectiveRank), matrix).toBeLessThan(1e-4);
      expect((spectrum?.numericalRank ?? 0) / Math.min(shape[0] ?? 0, shape[1] ?? 0)).toBeCloseTo(
        over.updateRankRatio ?? 0,
        12,
      );
      expect(spectrum?.outlierCount).toBe(over.updateOutlierCount);
      expect(singularValues.length).toBeLessThanOrEqual(Math.min(shape[0] ?? 0, shape[1] ?? 0));
    }
    const whole = adapterUpdates(updates, false);
    for (const { name: matrix, updateShare } of whole.matrices)
      expect(updateShare).toBeCloseTo(shares.get(matrix) ?? NaN, 6);
    for (const groups of [whole.layers, whole.modules])
      expect(groups.reduce((sum, { updateShare }) => sum + (updateShare ?? 0), 0)).toBeCloseTo(1, 12);
    expect(whole.unknown).toBe(0);
  });
});

describe('with the base where the adapter says', () => {
  const folder = temporaryFolder();
  it.each([
    ['llama-dora', 'llama'],
    ['llama-ia3', 'llama'],
    ['llama-pissa', 'llama'],
    ['llama-olora', 'llama'],
    ['llama-target_parameters', 'llama-target_parameters'],
  ])('%s has the update that it has over it', async (name, model) => {
    const [base, tuned] = [join(folder.path, name, 'base'), join(folder.path, name, 'adapter')];
    cpSync(existsSync(`${FIXTURES}/${model}/base`) ? `${FIXTURES}/${model}/base` : `${FIXTURES}/llama/base`, base, {
      recursive: true,
    });
    cpSync(`${FIXTURES}/${name}/adapter`, tuned, { recursive: true });
    const config = join(tuned, 'adapter_config.json');
    const settings = JSON.parse(readFileSync(config, 'utf8')) as object;
    writeFileSync(config, JSON.stringify({ ...settings, base_model_name_or_path: '../base' }));
    const updates = await alone(tuned);
    const { metrics } = await overBase(base, tuned);
    expect(updates.map((update) => update.name).sort()).toEqual([...metrics.keys()].sort());
    for (const { name: matrix, spectrum, reasons } of updates) {
      const over = metrics.get(matrix) as ComparisonMetrics;
      expect(reasons).toEqual([]);
      expect(relativeDifference(spectrum?.frobeniusNorm, over.updateNorm), matrix).toBeLessThan(1e-4);
      expect(relativeDifference(spectrum?.spectralNorm, over.updateSpectralNorm), matrix).toBeLessThan(1e-4);
      expect(relativeDifference(spectrum?.effectiveRank, over.updateEffectiveRank), matrix).toBeLessThan(1e-4);
    }
  });
});

describe('what is not known of an adapter without its base', () => {
  it.each([
    ['llama-dora', /depends on the weight that it changes/],
    ['llama-ia3', /depends on the weight that it changes/],
    ['llama-pissa', /its initialisation \(pissa\) took factors out of the base/],
    ['llama-olora', /its initialisation \(olora\)/],
  ])('%s is said, and not counted', async (name, reason) => {
    const updates = await alone(`${FIXTURES}/${name}/adapter`);
    expect(updates.length).toBeGreaterThan(0);
    for (const { spectrum, reasons } of updates) {
      expect(spectrum).toBeNull();
      expect(reasons[0]).toMatch(reason);
    }
    expect(adapterUpdates(updates, true)).toMatchObject({
      updateNorm: null,
      unknown: updates.length,
      layers: [],
      modules: [],
    });
  });
  it('weights have none', async () => expect(await alone(`${FIXTURES}/llama/base`)).toEqual([]));
});
