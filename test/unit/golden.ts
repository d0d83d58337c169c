/**
 * Float64 LAPACK values of the sample family, and what counts as agreeing with them: the accuracy that every backend is held to, derived
 * field by field from the hits, singular values and spans behind each figure.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { LinearAlgebraBackend } from '../../src/linalg/backend.ts';
import {
  changeMetrics,
  chunkCompare,
  defaultAngleRank,
  defaultMaskRank,
  StatsAccumulator,
  updateMetrics,
} from '../../src/metrics/index.ts';
import { DEFAULT_PARAMETERS, type ComparisonMetrics } from '../../src/protocol/results.ts';

export type GoldenValue = number | boolean | null | number[] | { [id: string]: GoldenValue };
export type GoldenTensor = { [id: string]: GoldenValue };

export function loadGolden(file: string): Map<string, GoldenTensor> {
  const golden = JSON.parse(readFileSync(`test/fixtures/golden/${file}.json`, 'utf8')) as {
    tensors: Record<string, GoldenTensor>;
  };
  return new Map(Object.entries(golden.tensors));
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
): Promise<ComparisonMetrics> {
  const [rows = 1, columns = 0] = base.shape.length === 2 ? base.shape : [1, base.shape[0]];
  const grid = { grid: 'BF16', onGrid: true, roundFirst: false } as const;
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
  const quantities = await backend.comparePair(
    { rows, columns, type: 'BF16', data: base.data },
    { rows, columns, type: 'BF16', data: tuned.data },
    { ...ranks, alpha, grid },
  );
  const meanUpdate = (tunedStats.mean ?? 0) - (baseStats.mean ?? 0);
  const update = updateMetrics(quantities, {
    ...ranks,
    rows,
    columns,
    grid,
    hasNull: true,
    baseVariance: baseStats.variance,
    tunedVariance: tunedStats.variance,
    updateVariance: totals.sumSquaresUpdate / count - meanUpdate ** 2,
  });
  return {
    ...change,
    ...update.metrics,
    base: { ...sides.base, ...update.base },
    tuned: { ...sides.tuned, ...update.tuned },
    rowDensity: Array.from(totals.rowChanged, (n) => n / columns),
    columnDensity: Array.from(totals.columnChanged, (n) => n / rows),
  };
}

// ---------- tolerances ----------
/** Absolute tolerance of each golden field; a field without a rule is an error, so that none goes unchecked. */
type Rule = (expected: number, golden: GoldenTensor) => number;
const exact: Rule = () => 0;
const relative =
  (part: number): Rule =>
  (expected) =>
    part * Math.abs(expected);
/** A count over the weights: a difference of one weight is 1e-9 or more in any tensor under 1e9 weights. */
const fraction: Rule = () => 1e-10;
const angle: Rule = (expected) => Math.max(0.01 * expected, 0.002);

function numberOf(golden: GoldenTensor, id: string): number {
  const value = golden[id];
  if (typeof value !== 'number') throw new Error(`The golden values hold no number ${id}.`);
  return value;
}
function listOf(golden: GoldenTensor, id: string): number[] {
  const value = golden[id];
  if (!Array.isArray(value)) throw new Error(`The golden values hold no list ${id}.`);
  return value;
}

/** 2 hits: of the N changed weights, 2/N of an overlap. */
function twoHits(golden: GoldenTensor): number {
  const weights = listOf(golden, 'rowDensity').length * listOf(golden, 'columnDensity').length;
  return 2 / (numberOf(golden, 'updateDensity') * weights * (1 - numberOf(golden, 'zeroShare')));
}
const NULL_TOLERANCE = 1e-4;

/** Two hits and the tolerance of the null, over the room on the overlap's side (either side, where they may decide which one it is). */
const position =
  (prefix: string, nullId: string): Rule =>
  (expected, golden) => {
    const overlap = numberOf(golden, `${prefix}Overlap`);
    const reference = numberOf(golden, nullId);
    const [min = NaN, max = NaN] = listOf(golden, `${prefix}Range`);
    const shift = twoHits(golden) + NULL_TOLERANCE;
    const [above, below] = [max - reference, reference - min];
    const near = Math.abs(overlap - reference) < shift;
    const room = near ? Math.min(above, below) : overlap > reference ? above : below;
    return (shift * (1 + Math.abs(expected))) / room;
  };

function maskRules(prefix: string): [string, Rule][] {
  return [
    [`${prefix}Overlap`, (_, golden) => twoHits(golden)],
    [`${prefix}Range`, (_, golden) => twoHits(golden)],
    [`${prefix}Null`, () => NULL_TOLERANCE],
    [`${prefix}NullStep`, () => NULL_TOLERANCE],
    [
      `${prefix}Lift`,
      (expected, golden) => (twoHits(golden) + expected * NULL_TOLERANCE) / numberOf(golden, `${prefix}Null`),
    ],
    // what two hits make of z, or 2 %
    [`${prefix}Z`, (expected, golden) => Math.max(2 / numberOf(golden, `${prefix}Sd`), 0.02 * Math.abs(expected))],
    [`${prefix}Position`, position(prefix, `${prefix}Null`)],
    [`${prefix}PositionStep`, position(prefix, `${prefix}NullStep`)],
  ];
}

const RULES = new Map<string, Rule>([
  ...['unchangedBf16', 'unchangedRelative', 'unchangedAbsolute', 'updateDensity', 'zeroShare'].map(
    (id): [string, Rule] => [id, fraction],
  ),
  ...['rowDensity', 'columnDensity'].map((id): [string, Rule] => [id, fraction]),
  ...['angleRank', 'maskRank', 'illDefined', 'wedinVacuous'].map((id): [string, Rule] => [id, exact]),
  ...['baseNorm', 'updateNorm', 'relativeUpdate', 'frobeniusNorm'].map((id): [string, Rule] => [id, relative(1e-4)]),
  ...['stableRank', 'effectiveRank', 'mpSoftRank', 'diagonalAmplification'].map((id): [string, Rule] => [
    id,
    relative(1e-4),
  ]),
  ...['updateStableRank', 'updateEffectiveRank', 'updateTop1Share'].map((id): [string, Rule] => [id, relative(1e-4)]),
  ...['jointEnergy', 'leftEnergy', 'rightEnergy'].map((id): [string, Rule] => [id, relative(1e-4)]),
  ...['jointEnergyBaseline', 'leftEnergyBaseline', 'rightEnergyBaseline'].map((id): [string, Rule] => [
    id,
    relative(1e-12),
  ]),
  // singular values: 1e-6 of s1
  ...['spectralNorm', 'updateSpectralNorm'].map((id): [string, Rule] => [id, relative(1e-6)]),
  ['gap', (_, golden) => 2e-6 * numberOf(golden['base'] as GoldenTensor, 'spectralNorm')],
  ['conditionNumber', (expected) => 1e-6 * expected * expected],
  // the samples' values lie 2.7e-6 s1 and more from both thresholds, their energies 8e-7 of the sum from 90 and 99 %: counts are exact
  ...['numericalRank', 'energyRank90', 'energyRank99', 'outlierCount'].map((id): [string, Rule] => [id, exact]),
  ...['updateRankRatio', 'updateOutlierCount'].map((id): [string, Rule] => [id, exact]),
  ['nss', relative(0.01)],
  ['spectralShare', relative(0.01)],
  ...['angleUMax', 'angleUMean', 'angleVMax', 'angleVMean'].map((id): [string, Rule] => [id, angle]),
  ['wedinBound', relative(0.02)],
  ['powerLawAlpha', () => 0.02],
  ['powerLawD', () => 1e-3],
  // an eigenvalue s^2: twice the relative error of a value of at least s1/100
  ['powerLawXmin', relative(2e-4)],
  // alpha's 0.02 times log10 of the largest eigenvalue; for the sum of powers, of a mean of the logarithms, which 1 covers
  ['alphaHat', (expected, golden) => 0.02 * Math.abs(expected / numberOf(golden, 'powerLawAlpha')) + 1e-4],
  [
    'logAlphaNorm',
    (_, golden) => 0.02 * (1 + Math.abs(numberOf(golden, 'alphaHat') / numberOf(golden, 'powerLawAlpha'))),
  ],
  ...['min', 'max', 'absMax', 'zeros', 'nan', 'inf'].map((id): [string, Rule] => [id, exact]),
  ['mean', (_, golden) => 1e-12 * numberOf(golden, 'absMax')],
  ['std', relative(1e-9)],
  ...['principal', 'low', 'principalNotLow'].flatMap(maskRules),
]);
/** The standard deviation behind z, kept in the goldens only for z's tolerance; and what describes the tensor. */
const NOT_METRICS = new Set(['principalSd', 'lowSd', 'principalNotLowSd', 'shape', 'dtype', 'singularValues']);

/** Asserts every field of `golden`, section A under `base` and `tuned` too; undefined values must be null on both sides. */
export function expectMatchesGolden(metrics: ComparisonMetrics, golden: GoldenTensor, label = ''): void {
  expectFields(metrics as unknown as Record<string, unknown>, golden, label);
}

/** The same for any record of golden fields, as section A's. */
export function expectFields(actual: Record<string, unknown>, golden: GoldenTensor, label: string): void {
  for (const [id, expected] of Object.entries(golden)) {
    if (NOT_METRICS.has(id)) continue;
    const value = actual[id];
    const where = `${label} ${id}`;
    if (expected !== null && typeof expected === 'object' && !Array.isArray(expected)) {
      expectFields(value as Record<string, unknown>, expected, where);
      continue;
    }
    if (expected === null || typeof expected === 'boolean') {
      expect(value, where).toBe(expected);
      continue;
    }
    const rule = RULES.get(id);
    if (!rule) throw new Error(`No tolerance is known for ${id}.`);
    const pairs: [unknown, number][] = Array.isArray(expected)
      ? expected.map((item, i) => [(value as unknown[])[i], item])
      : [[value, expected]];
    if (Array.isArray(expected)) expect(value, where).toHaveLength(expected.length);
    for (const [found, wanted] of pairs) {
      const tolerance = rule(wanted, golden);
      const agrees = typeof found === 'number' && Math.abs(found - wanted) <= tolerance;
      if (!agrees) expect.fail(`${where}: ${String(found)} instead of ${wanted}, tolerance ${tolerance}`);
    }
  }
}
