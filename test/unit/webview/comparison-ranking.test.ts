import { describe, expect, it } from 'vitest';
import type { ComparisonMetrics } from '../../../src/protocol/results.ts';
import {
  clears,
  narrowed,
  nextSort,
  notable,
  rank,
  scoreOf,
  sorted,
  step,
  type Candidate,
} from '../../../webview/comparison/ranking.ts';
import { fixture } from '../answer/cases.ts';
import { plannedPair, tensor } from '../makers.ts';

const candidate = (layer: number, metrics: Partial<ComparisonMetrics>): Candidate => {
  const name = `model.layers.${layer}.self_attn.q_proj.weight`;
  return { pair: plannedPair(name, { layer }), tensor: tensor(name, { updateNorm: 1, maskRank: 16, ...metrics }) };
};
const metricsOf = (metrics: Partial<ComparisonMetrics>): ComparisonMetrics => candidate(0, metrics).tensor.metrics;
const energy = (ratio: number): Partial<ComparisonMetrics> => ({
  jointEnergy: 0.01 * ratio,
  jointEnergyBaseline: 0.01,
});
const llama = (): Candidate[] => {
  const { plan, tensors } = fixture('llama24');
  return plan.pairs.flatMap((pair) => {
    const found = tensors.get(pair.name);
    return found ? [{ pair, tensor: found }] : [];
  });
};

describe('how far a matrix stands out', () => {
  it('of the size is its factor over the typical one', () => {
    expect(scoreOf(metricsOf({ relativeUpdate: 0.04 }), 'size', 0.01)).toBeCloseTo(Math.log(4), 12);
    expect(scoreOf(metricsOf({ relativeUpdate: null }), 'size', 0.01)).toBe(-Infinity);
    expect(scoreOf(metricsOf({ relativeUpdate: 0.04 }), 'size', null)).toBe(-Infinity);
  });
  it('of the direction is nothing if it is like noise, whichever way it points', () => {
    expect(scoreOf(metricsOf(energy(1.4)), 'where', null)).toBe(0);
    expect(scoreOf(metricsOf(energy(50)), 'where', null)).toBeCloseTo(Math.log(50), 12);
    expect(scoreOf(metricsOf(energy(0.1)), 'where', null)).toBeCloseTo(Math.log(10), 12);
    const explained = { ...energy(3.5), twin: { ...energy(3) } } as Partial<ComparisonMetrics>;
    expect(scoreOf(metricsOf(explained), 'where', null)).toBe(0);
    expect(scoreOf(metricsOf({ ...energy(50), maskRank: 2 }), 'where', null)).toBe(0);
  });
  it('of rank and spectrum is a factor over noise of the same size beyond 1.5', () => {
    const twin = { updateStableRank: 40, nss: 0.001, angleUMean: 1, angleVMean: 1 };
    const of = (own: Partial<ComparisonMetrics>, tab: 'where' | 'spectrum') =>
      scoreOf(metricsOf({ ...own, twin } as Partial<ComparisonMetrics>), tab, null);
    expect(of({ updateStableRank: 10 }, 'where')).toBeCloseTo(Math.log(4), 12);
    expect(of({ nss: 0.0014 }, 'spectrum')).toBe(0);
    expect(of({ nss: 0.005 }, 'spectrum')).toBeCloseTo(Math.log(5), 12);
    expect(of({ angleUMean: 0.25, angleVMean: 0.25 }, 'spectrum')).toBeCloseTo(Math.log(4), 12);
    expect([2, 1.5, 1, 1 / 2, 0, null].map(clears)).toEqual([1, 0, 0, -1, 0, 0]);
  });
});

describe('the ranked table', () => {
  it('has what stands out most first, each tab its own, and leaves out what did not change', () => {
    const all = [...llama(), candidate(99, { updateNorm: 0, relativeUpdate: 0 }), candidate(98, { updateNorm: null })];
    const size = rank(all, 'size');
    expect(size.map(({ rank: place }) => place)).toEqual(size.map((_, i) => i + 1));
    expect(size.every(({ pair }) => (pair.layer ?? 0) < 24)).toBe(true);
    const values = size.map(({ tensor: { metrics } }) => metrics.relativeUpdate ?? 0);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    const where = rank(all, 'where');
    expect(where[0]!.pair.module).toMatch(/v_proj|down_proj/);
    expect(where[0]!.score).toBeGreaterThan(Math.log(64));
  });
  it('has as notable only what clears noise, of the size what is twice the typical one', () => {
    const size = rank(llama(), 'size');
    const typical = size[Math.floor(size.length / 2)]!.tensor.metrics.relativeUpdate!;
    const far = notable(size, 'size');
    // layers 11, 12 and 20 moved eight times as far as the rest
    expect(new Set(far.map(({ pair }) => pair.layer))).toEqual(new Set([11, 12, 20]));
    for (const { tensor: one } of far) expect(one.metrics.relativeUpdate).toBeGreaterThan(1.9 * typical);
    for (const { score } of notable(rank(llama(), 'where'), 'where')) expect(score).toBeGreaterThan(0);
  });
  it('is sorted by any column, either way, what has no value last', () => {
    const list = rank(
      [
        candidate(0, { relativeUpdate: 0.1, updateDensity: 0.5 }),
        candidate(1, { relativeUpdate: 0.3, updateDensity: 0.4, ...energy(2) }),
        candidate(2, { relativeUpdate: 0.2, updateDensity: 0.6, ...energy(9) }),
      ],
      'size',
    );
    const places = new Map(list.map(({ pair }) => [pair, pair.layer ?? 0]));
    const layers = (column: string, isDescending: boolean) =>
      sorted(list, { column, isDescending }, places).map(({ pair }) => pair.layer);
    expect(layers('changed', true)).toEqual([2, 0, 1]);
    expect(layers('changed', false)).toEqual([1, 0, 2]);
    expect(layers('direction', true)).toEqual([2, 1, 0]);
    expect(layers('direction', false)).toEqual([1, 2, 0]);
    expect(layers('matrix', false)).toEqual([0, 1, 2]);
    expect(sorted(list, null, places)).toBe(list);
    // from a stored state of another version
    expect(sorted(list, { column: 'toString', isDescending: true }, places)).toBe(list);
  });
  it('turns a column round on the second press of its head, and lets go on the third', () => {
    const first = nextSort(null, 'size');
    expect(first).toEqual({ column: 'size', isDescending: true });
    const second = nextSort(first, 'size');
    expect(second).toEqual({ column: 'size', isDescending: false });
    expect(nextSort(second, 'size')).toBeNull();
    expect(nextSort(second, 'matrix')).toEqual({ column: 'matrix', isDescending: false });
  });
  it('follows the brush and the pressed clause', () => {
    const list = rank(llama(), 'size');
    const layers = narrowed(list, { from: 10, to: 13 }, null).map(({ pair }) => pair.layer ?? -1);
    expect(Math.min(...layers)).toBe(10);
    expect(Math.max(...layers)).toBe(13);
    const [one] = list;
    expect(narrowed(list, null, new Set([one!.pair.name]))).toEqual([one]);
    expect(narrowed(list, { from: 0, to: 0 }, new Set([one!.pair.name]))).toEqual([]);
    expect(narrowed(list, null, null)).toBe(list);
  });
});

describe('F7', () => {
  it('goes round the list, and begins at its ends', () => {
    const list = ['a', 'b', 'c'];
    expect([step(list, -1, 1), step(list, -1, -1), step(list, 2, 1), step(list, 0, -1), step([], -1, 1)]).toEqual([
      ...['a', 'c', 'a', 'c', undefined],
    ]);
  });
});
