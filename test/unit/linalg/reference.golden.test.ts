import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { chunkStats, spectrumMetrics, StatsAccumulator } from '../../../src/metrics/index.ts';
import { compareSample, expectFields, expectMatchesGolden, loadGolden, loadSample, loadTwinGolden } from '../golden.ts';

const backend = createReferenceBackend();
const base = loadSample('base');

/** Every matrix of one pair, every third of the others: the WASM backend is held to all of them. */
const PAIRS = [
  ['rl', 'base-to-rl', 1],
  ['rl-hot', 'base-to-rl-hot', 3],
  ['sft', 'base-to-sft', 3],
  ['rl-steps/step-100', 'base-to-rl-step-100', 3],
] as const;

describe.each(PAIRS)('the reference backend and the metrics on base to %s', (folder, file, step) => {
  it('agree with float64 LAPACK in every field', async () => {
    const tuned = loadSample(folder);
    const golden = loadGolden(file);
    expect([...golden.keys()].sort()).toEqual([...base.keys()].sort());
    let matrices = 0;
    for (const [name, expected] of golden) {
      const [before, after] = [base.get(name), tuned.get(name)];
      if (!before || !after) throw new Error(`The samples hold no ${name}.`);
      const spectra = 'nss' in expected;
      if (spectra && matrices++ % step !== 0) continue;
      expectMatchesGolden(await compareSample(backend, before, after, spectra), expected, name);
    }
    expect(matrices).toBe(42);
  });
});

describe.each(['rl', 'sft'])('the noise twin of base to %s', (folder) => {
  it('agrees with float64 LAPACK in every field', async () => {
    const tuned = loadSample(folder);
    // every sixth: the WASM backend is held to all of them
    const work = [...loadTwinGolden(folder)].filter((_, i) => i % 6 === 0);
    expect(work).toHaveLength(7);
    for (const [name, expected] of work) {
      const [before, after] = [base.get(name), tuned.get(name)];
      if (!before || !after) throw new Error(`The samples hold no ${name}.`);
      expectMatchesGolden(await compareSample(backend, before, after, true, name), expected, name);
    }
  });
});

describe('section A of the base', () => {
  it('agrees with float64 LAPACK, singular values included', async () => {
    let matrices = 0;
    for (const [name, expected] of loadGolden('base')) {
      const { shape, data } = base.get(name) ?? { shape: [], data: new Uint8Array() };
      const stats = new StatsAccumulator();
      stats.add(chunkStats('BF16', data));
      expectFields(stats.finish(), pick(expected, Object.keys(stats.finish())), name);
      const { singularValues } = expected;
      if (!Array.isArray(singularValues)) continue;
      matrices++;
      const [rows = 0, columns = 0] = shape;
      const values = await backend.singularValues({ rows, columns, type: 'BF16', data }, {});
      for (const [i, s] of singularValues.entries())
        expect(Math.abs((values[i] ?? NaN) - s)).toBeLessThan(1e-12 * (singularValues[0] ?? 0));
      const metrics = spectrumMetrics(values, rows, columns, stats.variance);
      expectFields(metrics, pick(expected, Object.keys(metrics)), name);
    }
    expect(matrices).toBe(42);
  });
});

function pick<T>(record: Record<string, T>, ids: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([id]) => ids.includes(id)));
}
