/** One model as transformers 5 saves it by default and with `save_original_format=False`, made by it (test/fixtures/layouts). */
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { DEFAULT_PARAMETERS, type ComparisonResult } from '../../../src/protocol/results.ts';
import { Accumulator } from '../../../src/results/accumulator.ts';

const LAYOUTS = resolve('test/fixtures/layouts');
let analysis: Analysis;
beforeAll(async () => {
  analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());

async function compare(model: string, base: string, tuned: string): Promise<ComparisonResult> {
  const found = new Accumulator(false);
  const parameters = { ...DEFAULT_PARAMETERS, spectra: false };
  const request = { runId: model, base: join(LAYOUTS, model, base), tuned: join(LAYOUTS, model, tuned), parameters };
  for await (const event of analysis.compare(request, new AbortController().signal)) found.add(event);
  expect(found.plan?.problems).toEqual([]);
  const result = found.result(parameters);
  expect(result.summary).toMatchObject({ coverage: 1, failed: [] });
  expect(result.unpaired).toEqual({ baseOnly: [], tunedOnly: [] });
  expect(result.skipped).toEqual([]);
  return result;
}
/** Figures of every matrix, in an order that names do not decide. */
const figures = ({ tensors }: ComparisonResult): number[][] =>
  tensors
    .map(({ metrics: m }) => [m.baseNorm, m.updateNorm, m.unchangedBf16, m.cosine].map((value) => value ?? NaN))
    .sort(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);

describe.each(['gpt_neox', 'gpt_oss', 'mixtral', 'phimoe'])('%s', (model) => {
  it('holds equal weights in both layouts, nothing unpaired', async () => {
    const { tensors } = await compare(model, 'original', 'runtime');
    expect(tensors.filter(({ metrics }) => metrics.updateNorm !== 0)).toEqual([]);
  });
  it('gives the same figures for every layout of base and tuned side', async () => {
    const expected = figures(await compare(model, 'original', 'tuned-original'));
    expect(expected.some(([, updateNorm = 0]) => updateNorm > 0)).toBe(true);
    for (const [base, tuned] of [
      ['original', 'tuned-runtime'],
      ['runtime', 'tuned-original'],
      ['runtime', 'tuned-runtime'],
    ] as const) {
      const found = figures(await compare(model, base, tuned));
      expect(found).toHaveLength(expected.length);
      // Sums over the same numbers in another order.
      found.forEach((row, i) => row.forEach((value, j) => expect(value).toBeCloseTo(expected[i]?.[j] ?? NaN, 12)));
    }
  });
});
