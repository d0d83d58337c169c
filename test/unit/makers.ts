/** Results written by hand, for tests in which shape and odd characters matter and the figures do not. */
import type { ComparisonPlan, MatrixDetail } from '../../src/protocol/engine.ts';
import { planMessages } from '../../src/protocol/forPage.ts';
import {
  DEFAULT_PARAMETERS,
  type BackendInfo,
  type ComparisonResult,
  type ComparisonTensor,
} from '../../src/protocol/results.ts';
import type { AgreementOfRuns } from '../../src/protocol/several.ts';
import type { ComparisonState, ComparisonToView } from '../../src/protocol/views.ts';

export type PlannedPair = ComparisonPlan['pairs'][number];
export const BACKEND: BackendInfo = { kind: 'cpu', name: 'WASM SIMD', precision: 'float64', threads: 2 };

export function plannedPair(name: string, change: Partial<PlannedPair> = {}): PlannedPair {
  return {
    name,
    layer: 0,
    module: 'self_attn.q_proj',
    shape: [2, 2],
    dtype: { base: 'BF16', tuned: 'BF16' },
    spectral: true,
    ...change,
  };
}

export function comparisonPlan(pairs: PlannedPair[], change: Partial<ComparisonPlan> = {}): ComparisonPlan {
  return {
    id: 'plan',
    files: 'as they were',
    base: '/models/base',
    tuned: '/models/tuned',
    pairs,
    skipped: [],
    unpaired: { baseOnly: [], tunedOnly: [] },
    coverage: { tensors: { compared: 1, all: 1 }, weights: { compared: 4, all: 4 }, missing: [] },
    tunedAdapter: null,
    layers: 1,
    cost: { bytesToRead: 1, bytesToTravel: 0, weights: 4, matrices: pairs.length, flops: 1, peakBytes: 1 },
    heads: null,
    problems: [],
    ...change,
  };
}

/** Change figures, and with `nss` or another figure of section B those of a matrix. */
export function tensor(
  name: string,
  metrics: Partial<ComparisonTensor['metrics']> = {},
  change: Partial<ComparisonTensor> = {},
): ComparisonTensor {
  return {
    name,
    layer: 3,
    module: 'self_attn.q_proj',
    shape: [4, 6],
    dtype: { base: 'BF16', tuned: 'F32' },
    metrics: {
      unchangedBf16: 0.5,
      unchangedRelative: 0.25,
      unchangedAbsolute: 0.125,
      updateDensity: 0.5,
      baseNorm: 1 / 3,
      updateNorm: 1e-7,
      relativeUpdate: 3e-7,
      cosine: 0.99,
      hiddenShare: 0,
      hiddenEnergy: 0,
      base: { min: -1, max: 2, spectralNorm: 0.75 },
      tuned: { min: -1.5, nan: 0 },
      ...metrics,
    },
    flags: ['base-cast', 'no-null'],
    reasons: [],
    elapsedMs: 1.5,
    ...change,
  };
}

/** Sums of one matrix over `runs` runs, which are the steps 1, 2 ... as well. */
export function agreement(name: string, runs: number): AgreementOfRuns {
  const places = Array.from({ length: runs }, (_, i) => i);
  const overlap = { energy: 1, rank: 2 };
  const source = {
    ...{ weights: 24, changed: [12, 12] as const, shared: 6, sameSign: 3 },
    ...{ expected: { both: 6, one: 12, other: 12 }, products: { inner: 0.5, one: 1, other: 1 } },
    ...{ similarity: overlap, chance: overlap },
  };
  return {
    name,
    ...{ layer: 0, module: name, shape: [4, 6] },
    pairs: places.flatMap((i) => places.slice(i + 1).map((j) => ({ i, j, source, reasons: [] }))),
    consensus: { counts: [...places, runs].map(() => 1), expected: null },
    path: {
      ...{ start: 0, steps: places.map((i) => i + 1), baseSquares: 1 },
      products: { gram: places.flatMap((i) => places.map((j) => Math.min(i, j) + 1)), increments: places.map(() => 1) },
      ...{ similarity: places.map(() => overlap), chance: overlap, linear: { sum: 1, weights: 2 } },
    },
    reasons: [],
  };
}

export function matrixDetail(name: string, change: Partial<MatrixDetail> = {}): MatrixDetail {
  return {
    name,
    baseSingularValues: [],
    tunedSingularValues: [],
    updateSingularValues: [],
    anglesU: [],
    anglesV: [],
    rowDensity: [],
    columnDensity: [],
    ...change,
  };
}

export function comparison(tensors: ComparisonTensor[]): ComparisonResult {
  return {
    schema: 'offaxis.comparison/1',
    base: '/models/base',
    tuned: '/models/tuned',
    parameters: DEFAULT_PARAMETERS,
    backend: BACKEND,
    tensors,
    skipped: [{ name: 'ids', reason: 'integer' }],
    unpaired: { baseOnly: [], tunedOnly: ['extra "[1, 2]"'] },
    tunedAdapter: null,
    answer: { text: '', sentences: [], notes: [] },
    summary: {
      weights: 24,
      coverage: 1,
      unchangedBf16: 0.5,
      unchangedRelative: 0.25,
      unchangedAbsolute: 0.125,
      updateDensity: 0.5,
      matrices: { done: 1, planned: 1 },
      metrics: { nss: { mean: 0.1, max: 0.2, count: 1, nulls: 0 } },
      model: { relativeUpdate: 0.1, updateTop1Share: 0.5 },
      quantisation: null,
      lineage: { verdict: 'tuned', cosine: 1, nss: 0.1 },
      layers: [{ layer: 3, updateShare: 1 }],
      modules: [],
      maskVerdicts: { off: 0, on: 0, noise: 1, none: 0 },
      wedinVacuous: 1,
      elementwiseOnly: [],
      failed: [],
    },
  };
}

export function comparisonState(plan: ComparisonPlan | null, change: Partial<ComparisonState> = {}): ComparisonState {
  return {
    base: '/models/base',
    tuned: '/models/tuned',
    baseName: 'base',
    tunedName: 'tuned',
    parameters: DEFAULT_PARAMETERS,
    commandLine: '',
    phase: 'running',
    plan,
    backend: null,
    progress: null,
    error: null,
    notice: null,
    summary: null,
    ...change,
  };
}

/** How a host tells a page that has just come of such a state. */
export function stateMessages({ plan, progress, summary, ...state }: ComparisonState): ComparisonToView[] {
  return [
    { type: 'reset' },
    ...planMessages(plan),
    { type: 'summary', summary },
    { type: 'state', state },
    { type: 'progress', progress },
  ];
}
