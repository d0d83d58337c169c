/** A comparison that ends with the alignment: every figure that it has is right, every other is absent, and its answer says so. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { comparisonCsv } from '../../../src/export/csv.ts';
import { CATALOG } from '../../../src/metrics/catalog.ts';
import type { ComparisonEvent } from '../../../src/protocol/engine.ts';
import { DEFAULT_PARAMETERS, type ComparisonMetrics, type ComparisonResult } from '../../../src/protocol/results.ts';
import { Accumulator } from '../../../src/results/accumulator.ts';
import { expectMatchesGolden, loadTwinGolden, type GoldenTensor, type GoldenValue } from '../golden.ts';

const WHOLE = new Set<string>(CATALOG.filter((figure) => 'whole' in figure).map(({ id }) => id));
const CURVES = ['curveRanks', 'leftEnergyCurve', 'rightEnergyCurve'] as const;

let analysis: Analysis;
beforeAll(async () => {
  if (!existsSync('dist/linalg-worker.mjs')) throw new Error('dist is missing: run "npm run build" first.');
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

async function compare(base: string, tuned: string): Promise<{ result: ComparisonResult; events: ComparisonEvent[] }> {
  const parameters = { ...DEFAULT_PARAMETERS, spectra: 'leading', twin: true, profiles: true } as const;
  const found = new Accumulator();
  const events: ComparisonEvent[] = [];
  for await (const event of analysis.compare({ runId: tuned, base, tuned, parameters }, new AbortController().signal)) {
    events.push(event);
    found.add(event);
  }
  return { result: found.result(parameters), events };
}

/** What a comparison of leading triplets has of a golden matrix: curves up to r, a power of two here; of the base's spectrum the norms and stable rank. */
function withoutWhole(golden: GoldenTensor, metrics: ComparisonMetrics): GoldenTensor {
  const { curveRanks, maskRank } = golden as { curveRanks: number[]; maskRank: number };
  const ranks = curveRanks.indexOf(maskRank) + 1;
  expect(ranks).toBeGreaterThan(2);
  const kept = (fields: GoldenTensor): GoldenTensor =>
    Object.fromEntries(
      Object.entries(fields).flatMap(([id, value]): [string, GoldenValue][] => {
        if (WHOLE.has(id)) return [];
        if (id === 'twin') return [[id, kept(value as GoldenTensor)]];
        if (CURVES.some((curve) => curve === id)) return [[id, (value as number[]).slice(0, ranks)]];
        if (id !== 'base' && id !== 'tuned') return [[id, value]];
        return [[id, Object.fromEntries(Object.entries(value as GoldenTensor).filter(([of]) => of in metrics[id]))]];
      }),
    );
  return kept(golden);
}

it('agrees with float64 LAPACK in all that it has, with noise beside it', async () => {
  expect(WHOLE.size).toBeGreaterThan(8);
  const { result, events } = await compare('media/samples/base', 'media/samples/rl');
  expect(events.filter((event) => event.type === 'failed')).toEqual([]);
  const phases = events.flatMap((event) => (event.type === 'progress' ? [event.phase] : []));
  expect([...new Set(phases)]).toEqual(['change', 'alignment']);
  const golden = loadTwinGolden('rl');
  const matrices = result.tensors.filter(({ metrics }) => metrics.maskRank !== undefined);
  expect(matrices.length).toBe(42);
  for (const { name, metrics, reasons } of matrices) {
    expectMatchesGolden(metrics, withoutWhole(golden.get(name) as GoldenTensor, metrics), name);
    for (const id of WHOLE) {
      expect(Object.keys(metrics)).not.toContain(id);
      expect(Object.keys(metrics.twin ?? {})).not.toContain(id);
    }
    expect(metrics.base.stableRank).toBeGreaterThan(1);
    expect(metrics.base.effectiveRank).toBeUndefined();
    expect(metrics.tuned.spectralNorm).toBeUndefined();
    expect(reasons).toContain('Only the leading triplets were computed: what needs whole spectra was not.');
  }
  const { summary, answer } = result;
  expect(summary.matrices).toEqual({ done: 42, planned: 42 });
  expect(summary.wedinVacuous).toBeNull();
  for (const id of WHOLE) expect(Object.keys(summary.metrics)).not.toContain(id);
  expect(summary.metrics['jointEnergy']?.count).toBe(42);
  expect(answer.notes).toEqual([
    'Whether the spectrum moved and how far the main directions turned needs the whole spectra.',
  ]);
  const [head = '', first = ''] = [...comparisonCsv(result)].join('').split('\n');
  const column = head.split(',').indexOf('nss');
  expect(column).toBeGreaterThan(0);
  expect(first.split(',')[column]).toBe('');
});

it('an untouched model has no update, and says no more', async () => {
  const { result } = await compare('media/samples/base', 'media/samples/base');
  const matrix = result.tensors.find(({ metrics }) => metrics.maskRank !== undefined);
  expect(matrix?.metrics.updateSpectralNorm).toBe(0);
  expect(matrix?.metrics.updateStableRank).toBeNull();
  expect(matrix?.flags).toContain('no-update');
});
