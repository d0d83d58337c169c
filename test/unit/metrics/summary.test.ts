import { describe, expect, it } from 'vitest';
import { summarize, updateMetrics } from '../../../src/metrics/index.ts';
import type { ComparisonTensor, UpdateMetrics } from '../../../src/protocol/results.ts';
import { tensor as makeTensor } from '../makers.ts';

const EMPTY = updateMetrics(null, {
  rows: 8,
  columns: 8,
  maskRank: 1,
  angleRank: 4,
  grid: { grid: 'BF16', onGrid: true },
  hasNull: true,
  baseVariance: null,
  tunedVariance: null,
  updateVariance: null,
}).metrics;

const tensor = (shape: number[], unchanged: number, spectral: Partial<UpdateMetrics> | null): ComparisonTensor =>
  makeTensor(
    'w',
    {
      unchangedBf16: unchanged,
      unchangedRelative: unchanged,
      unchangedAbsolute: 1,
      updateDensity: 1 - unchanged,
      relativeUpdate: 0.1,
      cosine: 0.99,
      hiddenShare: 0,
      hiddenEnergy: 0,
      ...(spectral && { ...EMPTY, ...spectral }),
    },
    { shape },
  );
const rest = {
  coverage: 1,
  planned: 3,
  elementwiseOnly: [{ name: 'norm', reason: 'one row' }],
  failed: [],
};

describe('the summary', () => {
  it('weighs fractions by parameters over all tensors, and takes plain means over block matrices', () => {
    const off = {
      principalOverlap: 0.1,
      principalNull: 0.3,
      principalPosition: -0.5,
      principalPositionStep: -0.4,
      principalPositionProportional: -0.6,
      principalZ: -9,
    };
    const summary = summarize({
      tensors: [
        tensor([10], 0.5, null),
        tensor([10, 9], 0.1, { nss: 0.1, angleUMax: 3, wedinVacuous: true, ...off }),
        tensor([5, 20], 0.3, { nss: 0.3, angleUMax: null, wedinVacuous: false }),
      ],
      ...rest,
    });
    expect(summary.weights).toBe(200);
    expect(summary.unchangedBf16).toBeCloseTo((5 + 9 + 30) / 200, 12);
    expect(summary.updateDensity).toBeCloseTo(1 - 44 / 200, 12);
    expect(summary.matrices).toEqual({ done: 2, planned: 3 });
    expect(summary.metrics['nss']).toEqual({ mean: 0.2, max: 0.3, count: 2, nulls: 0 });
    expect(summary.metrics['angleUMax']).toEqual({ mean: 3, max: 3, count: 1, nulls: 1 });
    expect(summary.metrics['jointEnergy']).toEqual({ mean: null, max: null, count: 0, nulls: 2 });
    for (const id of ['angleRank', 'principalRange', 'wedinVacuous', 'unchangedBf16', 'base'])
      expect(summary.metrics).not.toHaveProperty(id);
    expect(summary.maskVerdicts).toEqual({ off: 1, on: 0, noise: 0, none: 1 });
    expect(summary.wedinVacuous).toBe(1);
    expect(summary.elementwiseOnly).toEqual(rest.elementwiseOnly);
  });
  it('weighs by energy, and says where in the model the update is', () => {
    const matrix = (
      layer: number,
      module: string,
      baseNorm: number,
      updateNorm: number,
      s1: number,
    ): ComparisonTensor => {
      const one = tensor([10, 10], 0.5, { updateSpectralNorm: s1, nss: updateNorm / 100 });
      return { ...one, layer, module, metrics: { ...one.metrics, baseNorm, updateNorm } };
    };
    const bias = {
      ...matrix(0, 'bias', 1, 0.1, 0),
      layer: null,
      metrics: { ...tensor([10], 0.5, null).metrics, baseNorm: 1, updateNorm: 0.1 },
    };
    const tensors = [matrix(0, 'q', 6, 3, 3), matrix(1, 'q', 8, 0, 0), matrix(1, 'up', 10, 4, 2), bias];
    const summary = summarize({ tensors, ...rest });
    const energy = 9 + 16 + 0.01;
    expect(summary.model.relativeUpdate).toBeCloseTo(Math.sqrt(energy / (36 + 64 + 100 + 1)), 12);
    expect(summary.model.updateTop1Share).toBeCloseTo(5 / 7, 12);
    expect(summary.layers.map(({ layer }) => layer)).toEqual([0, 1, null]);
    const shares = [...summary.layers, ...summary.modules].map(({ updateShare }) => updateShare ?? NaN);
    [9, 16, 0.01, 9, 16, 0.01].forEach((part, i) => expect(shares[i]).toBeCloseTo(part / energy, 12));
    const [q, up, other] = summary.modules;
    expect(q).toMatchObject({ module: 'q', matrices: 2 });
    expect(q?.metrics['nss']).toMatchObject({ max: 0.03, count: 2, nulls: 0 });
    expect(q?.metrics['nss']?.mean).toBeCloseTo(0.015, 12);
    expect(up?.metrics['nss']?.mean).toBeCloseTo(0.04, 12);
    expect(other).toMatchObject({ module: 'bias', matrices: 0, metrics: {} });
  });
  it('of nothing is null', () => {
    const summary = summarize({ tensors: [], ...rest });
    expect(summary).toMatchObject({ weights: 0, unchangedBf16: null, metrics: {}, matrices: { done: 0, planned: 3 } });
  });
});
