import { describe, expect, it } from 'vitest';
import type { ComparisonTensor } from '../../../src/protocol/results.ts';
import type { ComparisonState, ComparisonToView } from '../../../src/protocol/views.ts';
import { Accumulator } from '../../../src/results/accumulator.ts';
import { ComparisonModel } from '../../../webview/comparison/model.ts';
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
const NSS = { get: (t: ComparisonTensor) => t.metrics.nss ?? null, elementwise: false };
const UNCHANGED = { get: (t: ComparisonTensor) => t.metrics.unchangedBf16, elementwise: true };

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

  it('has a row for each layer that exists, whatever its number, and counts what the map has no room for', () => {
    const model = new ComparisonModel();
    for (const message of state([pair(999_999_999, 'q'), pair(3, 'q'), pair(0, 'q')])) model.apply(message);
    expect(model.layers).toEqual([0, 3, 999_999_999]);
    expect(model.beyondMap).toBe(0);
    expect(model.cellValues(UNCHANGED)).toEqual([]);
    const many = Array.from({ length: 1200 }, (_, layer) => pair(layer * 5, 'q'));
    const wide = Array.from({ length: 300 }, (_, i) => pair(0, `module${i}`));
    for (const message of state([...many, ...wide])) model.apply(message);
    expect([model.layers.length, model.layerCount, model.modules.length]).toEqual([1000, 1200, 256]);
    // 200 of the layers beyond, and of 301 modules 45
    expect(model.beyondMap).toBe(245);
  });

  it('shows change figures before the spectra, failures until a result comes, and what is absent with its reason', () => {
    const model = start();
    expect(model.cell(NSS, 0, 'self_attn.q_proj')).toEqual({ status: 'pending', value: null });
    expect(model.cell(NSS, 1, 'self_attn.k_proj').status).toBe('absent');
    expect(model.absence(1, 'self_attn.k_proj')).toBe(
      'The tuned checkpoint has no model.layers.1.self_attn.k_proj.weight.',
    );
    model.apply(results([tensor(q.name, 0.25)]));
    expect(model.cell(UNCHANGED, 0, 'self_attn.q_proj')).toEqual({ status: 'done', value: 0.25 });
    expect(model.cell(NSS, 0, 'self_attn.q_proj').status).toBe('pending');
    model.apply(results([], [q.name]));
    expect(model.cell(NSS, 0, 'self_attn.q_proj').status).toBe('failed');
    model.apply(results([tensor(q.name, 0.25, 0.01)]));
    expect(model.cell(NSS, 0, 'self_attn.q_proj')).toEqual({ status: 'done', value: 0.01 });
    expect(model.failed.size).toBe(0);
  });

  it('keeps spectra when the elementwise pass of a resumed run comes after them', () => {
    const model = start();
    model.apply(results([tensor(q.name, 0.25, 0.01)]));
    model.apply(results([tensor(q.name, 0.25)]));
    expect(model.cell(NSS, 0, 'self_attn.q_proj').value).toBe(0.01);
    for (const message of state([k, q, q1])) model.apply(message);
    expect(model.tensors.size).toBe(0);
  });

  it('gives the mean of the matrices that share a cell, and the mean and range of a layer over its cells', () => {
    const model = new ComparisonModel();
    const experts = [0, 1, 2].map((e) =>
      pair(0, 'mlp.experts.up_proj', `model.layers.0.mlp.experts.${e}.up_proj.weight`),
    );
    for (const message of state([...experts, q])) model.apply(message);
    model.apply(results([tensor(experts[0]!.name, 0, 0.1), tensor(experts[1]!.name, 0, 0.3), tensor(q.name, 0, 0.8)]));
    expect(model.pairsAt(0, 'mlp.experts.up_proj')).toHaveLength(3);
    expect(model.cell(NSS, 0, 'mlp.experts.up_proj').value).toBeCloseTo(0.2, 12);
    expect(model.layerStat(NSS, 0)).toEqual({ mean: 0.5, min: 0.2, max: 0.8 });
    expect(model.layerStat(NSS, 1)).toBeNull();
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
