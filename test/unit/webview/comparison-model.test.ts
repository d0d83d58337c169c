import { describe, expect, it } from 'vitest';
import type { ComparisonTensor } from '../../../src/protocol/results.ts';
import type { ComparisonState, ComparisonToView } from '../../../src/protocol/views.ts';
import { Accumulator } from '../../../src/results/accumulator.ts';
import { ComparisonModel } from '../../../webview/comparison/model.ts';
import { progressText } from '../../../webview/comparison/progress.ts';
import {
  comparisonPlan,
  comparisonState,
  plannedPair,
  stateMessages,
  tensor as makeTensor,
  type PlannedPair,
} from '../makers.ts';

const nameOf = (layer: number, module: string): string => `model.layers.${layer}.${module}.weight`;
const pair = (layer: number, module: string, name = nameOf(layer, module)): PlannedPair =>
  plannedPair(name, { layer, module, shape: [8, 8] });
const state = (pairs: PlannedPair[], change: Partial<ComparisonState> = {}): ComparisonToView[] =>
  stateMessages(
    comparisonState(
      comparisonPlan(pairs, { layers: 2, unpaired: { baseOnly: [nameOf(1, 'self_attn.k_proj')], tunedOnly: [] } }),
      change,
    ),
  );
const tensor = (name: string, unchanged: number, nss?: number): ComparisonTensor =>
  makeTensor(
    name,
    {
      unchangedBf16: unchanged,
      updateDensity: 1 - unchanged,
      ...(nss === undefined ? {} : { nss, maskRank: 1, angleRank: 1 }),
    },
    { shape: [8, 8] },
  );

describe('comparison model', () => {
  const q = pair(0, 'self_attn.q_proj');
  const k = pair(0, 'self_attn.k_proj');
  const q1 = pair(1, 'self_attn.q_proj');
  const start = (): ComparisonModel => {
    const model = new ComparisonModel();
    for (const message of state([k, q, q1])) model.apply(message);
    return model;
  };
  const results = (tensors: ComparisonTensor[], failed: string[] = []): ComparisonToView => ({
    type: 'results',
    tensors,
    details: [],
    failed: failed.map((name) => ({ name, error: { code: 'read-failed', message: 'ended early' } })),
  });

  it('takes rows and columns from the plan, in reading order', () => {
    const model = start();
    expect(model.layers).toEqual([0, 1]);
    expect(model.modules).toEqual(['self_attn.q_proj', 'self_attn.k_proj']);
    expect(model.labels.get('self_attn.q_proj')).toBe('q');
  });

  it('says how far a cancelled run came', () => {
    const model = new ComparisonModel();
    for (const message of state([k, q, q1], { phase: 'cancelled' })) model.apply(message);
    model.apply(results([tensor(q.name, 0.5, 0.1), tensor(k.name, 0.5)]));
    expect(progressText(model)).toBe(
      'Cancelled: direction and spectrum of 1 of 3 matrices. Everything computed stays.',
    );
  });

  it('has a row for each layer that exists, whatever its number, and counts what the map has no room for', () => {
    const model = new ComparisonModel();
    for (const message of state([pair(999_999_999, 'q'), pair(3, 'q'), pair(0, 'q')])) model.apply(message);
    expect(model.layers).toEqual([0, 3, 999_999_999]);
    expect(model.beyondMap).toBe(0);
    expect(model.ofLayer(999_999_999)).toHaveLength(1);
    expect(model.ofLayer(4)).toEqual([]);
    const many = Array.from({ length: 1200 }, (_, layer) => pair(layer * 5, 'q'));
    const wide = Array.from({ length: 300 }, (_, i) => pair(0, `module${i}`));
    for (const message of state([...many, ...wide])) model.apply(message);
    expect([model.layers.length, model.layerCount, model.modules.length]).toEqual([1000, 1200, 256]);
    // 200 of the layers beyond, and of 301 modules 45
    expect(model.beyondMap).toBe(245);
  });

  it('knows what of a matrix is computed, its failure until a result comes, and why one is absent', () => {
    const model = start();
    expect(model.status(q)).toBe('pending');
    expect(model.missing(1, 'self_attn.k_proj')).toBe('absent');
    expect(model.absence(1, 'self_attn.k_proj')).toBe(
      'The tuned checkpoint has no model.layers.1.self_attn.k_proj.weight.',
    );
    model.apply(results([tensor(q.name, 0.25)]));
    expect([model.status(q, true), model.status(q)]).toEqual(['done', 'pending']);
    model.apply(results([], [q.name]));
    expect(model.status(q)).toBe('failed');
    model.apply(results([tensor(q.name, 0.25, 0.01)]));
    expect(model.status(q)).toBe('done');
    expect(model.failed.size).toBe(0);
  });

  it('tells a matrix of another shape from one that is missing', () => {
    const model = new ComparisonModel();
    const skipped = [{ name: nameOf(1, 'self_attn.k_proj'), reason: 'shapes differ: [8, 8] against [4, 8]' }];
    for (const message of stateMessages(comparisonState(comparisonPlan([k, q, q1], { layers: 2, skipped }))))
      model.apply(message);
    expect(model.missing(1, 'self_attn.k_proj')).toBe('reshaped');
    expect(model.absence(1, 'self_attn.k_proj')).toBe('shapes differ: [8, 8] against [4, 8]');
    expect(model.missing(1, 'self_attn.v_proj')).toBe('absent');
  });

  it('keeps spectra when the elementwise pass of a resumed run comes after them', () => {
    const model = start();
    model.apply(results([tensor(q.name, 0.25, 0.01)]));
    model.apply(results([tensor(q.name, 0.25)]));
    expect(model.tensors.get(q.name)?.metrics.nss).toBe(0.01);
    for (const message of state([k, q, q1])) model.apply(message);
    expect(model.tensors.size).toBe(0);
  });

  it('takes fractions of weights from the summary, and says whether it is of all tensors', () => {
    const model = start();
    expect(model.weighted('unchangedBf16')).toEqual({ value: null, weights: 0, complete: false });
    const found = new Accumulator();
    for (const message of state([k, q, q1])) if (message.type === 'plan') found.plan = message.plan;
    const send = (name: string, unchanged: number, shape: number[]): void => {
      const message = results([{ ...tensor(name, unchanged), shape }]);
      if (message.type === 'results') found.merge(message);
      model.apply(message);
      model.apply({ type: 'summary', summary: found.summary() });
    };
    send(q.name, 1, [30]);
    send(k.name, 0, [10]);
    expect(model.weighted('unchangedBf16')).toEqual({ value: 0.75, weights: 40, complete: false });
    send(q1.name, 0, [20]);
    expect(model.weighted('unchangedBf16')).toEqual({ value: 0.5, weights: 60, complete: true });
  });
});
