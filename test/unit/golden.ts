/**
 * Float64 LAPACK values of the sample family, and what counts as agreeing with them: the tolerance of each figure in the catalog. A
 * field without one is an error, so that none goes unchecked.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { twinChange, twinOf } from '../../src/analysis/twin.ts';
import type { LinearAlgebraBackend, Matrix } from '../../src/linalg/backend.ts';
import { CATALOG } from '../../src/metrics/catalog.ts';
import {
  changeMetrics,
  changeProfiles,
  chunkCompare,
  defaultAngleRank,
  defaultMaskRank,
  StatsAccumulator,
  updateMetrics,
} from '../../src/metrics/index.ts';
import type { Reference, Tolerance } from '../../src/metrics/tolerance.ts';
import { DEFAULT_PARAMETERS, type ComparisonMetrics, type TwinMetrics } from '../../src/protocol/results.ts';

export type GoldenValue = number | boolean | null | number[] | { [id: string]: GoldenValue };
export type GoldenTensor = { [id: string]: GoldenValue };

/** By tensor; the counts of intruder dimensions, which lie in a file of their own, with the rest. */
export function loadGolden(file: string): Map<string, GoldenTensor> {
  const golden = JSON.parse(readFileSync(`test/fixtures/golden/${file}.json`, 'utf8')) as {
    tensors: Record<string, GoldenTensor>;
  };
  const tensors = new Map(Object.entries(golden.tensors));
  if (file === 'base-to-sft')
    for (const [name, { intruders, intrudersUndetermined }] of loadIntruders())
      tensors.set(name, { ...tensors.get(name), intruders, intrudersUndetermined });
  return tensors;
}
interface GoldenIntruders {
  /** with all left singular vectors of W0; the other counts with the leading k */
  full: number;
  intruders: number;
  intrudersUndetermined: number;
  /** of each of the 10 vectors: the largest cosine, and what the squares of all leave of 1 */
  known: number[];
  rest: number[];
}
export function loadIntruders(): Map<string, GoldenIntruders> {
  const text = readFileSync('test/fixtures/golden/intruders-base-to-sft.json', 'utf8');
  return new Map(Object.entries(JSON.parse(text) as Record<string, GoldenIntruders>));
}

/** The values of base to `folder` with those of its noise twin, matrices only. */
export function loadTwinGolden(folder: string): Map<string, GoldenTensor> {
  const pairs = loadGolden(`base-to-${folder}`);
  return new Map(
    [...loadGolden(`twin-base-to-${folder}`)].map(([name, twin]) => [name, { ...pairs.get(name), ...twin }]),
  );
}

// ---------- reading the samples without the project's own parser ----------
export interface SampleTensor {
  shape: number[];
  data: Uint8Array;
}
export function loadSample(folder: string): Map<string, SampleTensor> {
  const bytes = readFileSync(`media/samples/${folder}/model.safetensors`);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString('utf8')) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(
        ([
          name,
          {
            shape,
            data_offsets: [from, to],
          },
        ]) => [name, { shape, data: new Uint8Array(bytes.subarray(start + from, start + to)) }],
      ),
  );
}

/** Everything that the golden files hold of one bf16 pair, on `backend`; spectra for matrices only when asked. */
export async function compareSample(
  backend: LinearAlgebraBackend,
  base: SampleTensor,
  tuned: SampleTensor,
  spectra: boolean,
  /** name of the pair: with the noise twin */
  twinName: string | null = null,
): Promise<ComparisonMetrics> {
  const [rows = 1, columns = 0] = base.shape.length === 2 ? base.shape : [1, base.shape[0]];
  const grid = { grid: 'BF16', onGrid: true } as const;
  const { alpha, eta, absoluteTolerance } = DEFAULT_PARAMETERS;
  const totals = chunkCompare('BF16', base.data, 'BF16', tuned.data, { grid, eta, absoluteTolerance, columns });
  const [baseStats, tunedStats] = [new StatsAccumulator(), new StatsAccumulator()];
  baseStats.add(totals.base);
  tunedStats.add(totals.tuned);
  const count = rows * columns;
  const change = changeMetrics(totals, baseStats, tunedStats, count);
  const sides = { base: baseStats.finish(), tuned: tunedStats.finish() };
  if (!spectra) return { ...change, ...sides };
  const q = Math.min(rows, columns);
  const ranks = { maskRank: defaultMaskRank(q), angleRank: defaultAngleRank(q) };
  const matrix = (data: Uint8Array): Matrix => ({ rows, columns, type: 'BF16', data });
  const signal = new AbortController().signal;
  const norm = change.updateNorm ?? 0;
  const twin =
    twinName === null || norm === 0
      ? null
      : await twinOf(backend, matrix(base.data), { name: twinName, norm, grid }, DEFAULT_PARAMETERS, signal);
  const quantities = await backend.comparePair(matrix(base.data), matrix(tuned.data), {
    ...{ ...ranks, alpha, grid, ...(twin ? { others: [twin] } : {}) },
  });
  const meanUpdate = (tunedStats.mean ?? 0) - (baseStats.mean ?? 0);
  const context = { ...ranks, rows, columns, grid, hasNull: true, baseVariance: baseStats.variance };
  const update = updateMetrics(quantities, {
    ...context,
    tunedVariance: tunedStats.variance,
    updateVariance: totals.sumSquaresUpdate / count - meanUpdate ** 2,
  });
  const twinMetrics = async (noisy: Matrix): Promise<TwinMetrics> => {
    const sums = await twinChange(backend, matrix(base.data), noisy, grid, DEFAULT_PARAMETERS, signal);
    const { baseValues, zeros, others: [side] = [] } = quantities;
    if (!side) throw new Error('The backend gave no twin.');
    const variances = { tunedVariance: sums.tuned.variance, updateVariance: sums.updateVariance };
    const { metrics } = updateMetrics({ baseValues, zeros, ...side }, { ...context, ...variances });
    return { ...sums.metrics(), ...metrics };
  };
  return {
    ...change,
    ...update.metrics,
    base: { ...sides.base, ...update.base },
    tuned: { ...sides.tuned, ...update.tuned },
    ...changeProfiles({ ...totals, rows, columns }),
    ...(twinName === null ? {} : { twin: twin && (await twinMetrics(twin)) }),
  };
}

// ---------- tolerances ----------
/** The golden values as the catalog's tolerances ask for them. */
function reference(golden: GoldenTensor): Reference {
  const find = (id: string): GoldenValue | undefined =>
    id.split('.').reduce<GoldenValue | undefined>((at, key) => (at as GoldenTensor | undefined)?.[key], golden);
  return {
    number: (id) => {
      const value = find(id);
      if (typeof value !== 'number') throw new Error(`The golden values hold no number ${id}.`);
      return value;
    },
    list: (id) => {
      const value = find(id);
      if (!Array.isArray(value)) throw new Error(`The golden values hold no list ${id}.`);
      return value;
    },
  };
}
const TOLERANCES: ReadonlyMap<string, Tolerance> = new Map(CATALOG.map(({ id, tolerance }) => [id, tolerance]));
/** The standard deviation behind z, there for z's tolerance only; a density that METRICS does not name; and what describes the tensor. */
const NOT_METRICS = new Set([
  ...['principalSd', 'lowSd', 'principalNotLowSd', 'principalNotLowDensity'],
  ...['shape', 'dtype', 'singularValues'],
]);

/** Whether a field of the golden values is one that is compared. */
export const isCompared = (id: string): boolean => !NOT_METRICS.has(id);

/** Asserts every field of `golden`, section A under `base` and `tuned` too; undefined values must be null on both sides. */
export function expectMatchesGolden(metrics: ComparisonMetrics, golden: GoldenTensor, label = ''): void {
  expectFields(metrics, golden, label);
}

/** `twin.*`: relative 2 % or twice the figure's own, since t is fitted to 1e-3. */
const twinTolerance = (own: number, expected: number): number => Math.max(2 * own, 0.02 * Math.abs(expected));

/** The same for any record of golden fields, as section A's. `allow`: what is allowed of a figure's own tolerance. */
export function expectFields(
  actual: Record<string, unknown>,
  golden: GoldenTensor,
  label: string,
  allow: (own: number, expected: number) => number = (own) => own,
  /** what the tolerances look up */
  context: GoldenTensor = golden,
): void {
  for (const [id, expected] of Object.entries(golden)) {
    if (!isCompared(id)) continue;
    const value = actual[id];
    const where = `${label} ${id}`;
    if (expected !== null && typeof expected === 'object' && !Array.isArray(expected)) {
      // a twin has the pair's base and shape
      if (id === 'twin')
        expectFields(value as Record<string, unknown>, expected, where, twinTolerance, { ...golden, ...expected });
      else expectFields(value as Record<string, unknown>, expected, where);
      continue;
    }
    if (expected === null || typeof expected === 'boolean') {
      expect(value, where).toBe(expected);
      continue;
    }
    const rule = TOLERANCES.get(id);
    if (!rule) throw new Error(`No tolerance is known for ${id}.`);
    const pairs: [unknown, number][] = Array.isArray(expected)
      ? expected.map((item, i) => [(value as unknown[])[i], item])
      : [[value, expected]];
    if (Array.isArray(expected)) expect(value, where).toHaveLength(expected.length);
    for (const [found, wanted] of pairs) {
      const tolerance = allow(rule(wanted, reference(context)), wanted);
      const agrees = typeof found === 'number' && Math.abs(found - wanted) <= tolerance;
      if (!agrees) expect.fail(`${where}: ${String(found)} instead of ${wanted}, tolerance ${tolerance}`);
    }
  }
}
