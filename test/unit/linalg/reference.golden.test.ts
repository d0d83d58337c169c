import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../../src/linalg/backend.ts';
import type { LeftOverlap } from '../../../src/linalg/intruders.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { countIntruders } from '../../../src/metrics/figures/intruders.ts';
import { chunkStats, defaultAngleRank, spectrumMetrics, StatsAccumulator } from '../../../src/metrics/index.ts';
import {
  compareSample,
  expectFields,
  expectMatchesGolden,
  loadGolden,
  loadIntruders,
  loadSample,
  loadTwinGolden,
} from '../golden.ts';

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

describe('intruder dimensions of base to sft', () => {
  it('have the cosines of float64 LAPACK, and its counts by all vectors of the base and by the leading k', async () => {
    const tuned = loadSample('sft');
    const golden = [...loadIntruders()];
    const withSome = golden.filter(([, { full }]) => full > 0);
    expect(golden).toHaveLength(42);
    expect(withSome).toHaveLength(2);
    for (const [name, expected] of [...withSome, ...golden.filter((_, i) => i % 9 === 0)]) {
      const [before, after] = [base.get(name), tuned.get(name)];
      const [rows = 0, columns = 0] = before?.shape ?? [];
      const q = Math.min(rows, columns);
      const matrix = (data: Uint8Array = new Uint8Array()): Matrix => ({ rows, columns, type: 'BF16', data });
      const compared = async (angleRank: number): Promise<LeftOverlap> => {
        const options = { maskRank: 1, angleRank, alpha: 0.3, grid: { grid: 'BF16', onGrid: true } } as const;
        const { leftOverlap } = await backend.comparePair(matrix(before?.data), matrix(after?.data), options);
        return leftOverlap as LeftOverlap;
      };
      const known = await compared(defaultAngleRank(q));
      expect(known.largest).toHaveLength(10);
      known.largest.forEach((x, i) => expect(x).toBeCloseTo(expected.known[i] as number, 10));
      known.captured.forEach((x, i) => expect(1 - x).toBeCloseTo(expected.rest[i] as number, 10));
      const { intruders, intrudersUndetermined } = expected;
      expect(countIntruders(known, false)).toEqual({ intruders, undetermined: intrudersUndetermined });
      // all of W0 leave nothing open
      const all = await compared(q);
      if (rows <= columns) all.captured.forEach((x) => expect(x).toBeCloseTo(1, 10));
      expect(countIntruders(all, true)).toEqual({ intruders: expected.full, undetermined: 0 });
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
