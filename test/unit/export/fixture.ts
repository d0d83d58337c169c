/** A small comparison written by hand: shape and odd characters matter here, not the figures. */
import { DEFAULT_PARAMETERS, type ComparisonResult, type ComparisonTensor } from '../../../src/protocol/results.ts';

export function tensor(name: string, metrics: Partial<ComparisonTensor['metrics']> = {}): ComparisonTensor {
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
    flags: ['mixed-storage', 'no-null'],
    reasons: [],
    elapsedMs: 1.5,
  };
}

export function comparison(tensors: ComparisonTensor[]): ComparisonResult {
  return {
    schema: 'offaxis.comparison/1',
    base: '/models/base',
    tuned: '/models/tuned',
    parameters: DEFAULT_PARAMETERS,
    backend: { kind: 'cpu', name: 'WASM SIMD', precision: 'float64', threads: 2 },
    tensors,
    skipped: [{ name: 'ids', reason: 'integer' }],
    unpaired: { baseOnly: [], tunedOnly: ['extra "[1, 2]"'] },
    summary: {
      weights: 24,
      unchangedBf16: 0.5,
      unchangedRelative: 0.25,
      unchangedAbsolute: 0.125,
      updateDensity: 0.5,
      matrices: { done: 1, planned: 1 },
      metrics: { nss: { mean: 0.1, max: 0.2, count: 1, nulls: 0 } },
      maskVerdicts: { off: 0, on: 0, noise: 1, none: 0 },
      wedinVacuous: 1,
      elementwiseOnly: [],
      failed: [],
    },
  };
}
