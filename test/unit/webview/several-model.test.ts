/** What the page of several checkpoints makes of what it is sent: maps, pairs, paths. */
import { describe, expect, it } from 'vitest';
import type { RunPair } from '../../../src/protocol/several.ts';
import type { SeveralTensor } from '../../../src/protocol/severalViews.ts';
import { metricById } from '../../../webview/comparison/metrics.ts';
import { consensusOf, linesOf, perMatrixFigures, similarities } from '../../../webview/several/agreement.ts';
import { PairCells, stepCell } from '../../../webview/several/cells.ts';
import { figuresOf, nextId, shownOf } from '../../../webview/several/figures.ts';
import { markOf } from '../../../webview/several/marks.ts';
import { SeveralModel } from '../../../webview/several/model.ts';
import { walkOf } from '../../../webview/several/path-plots.ts';
import { mapsOf } from '../../../webview/several/picture.ts';
import { INITIAL_UI, pairOf, readUi, tabOf, tabsOf, type View } from '../../../webview/several/view.ts';
import { tensor } from '../makers.ts';
import { severalState } from './severalPages.ts';

const NAMES = ['model.layers.0.self_attn.q_proj.weight', 'model.layers.1.self_attn.q_proj.weight'] as const;
const Q = { module: 'self_attn.q_proj', expert: null };
const matrix = (layer: number, change: Partial<SeveralTensor> = {}): SeveralTensor => ({
  ...{ name: NAMES[layer] ?? '', layer, module: 'self_attn.q_proj', shape: [2, 2], spectral: true },
  ...change,
});
const PAIR: RunPair = {
  ...{ i: 0, j: 1, updateCosine: 0.5, signAgreement: 0.75, jaccard: 0.5, jaccardNull: 0.4, jaccardIndependent: 0.3 },
  ...{ coverage: 0.8, coverageNull: 0.6, coverageBack: 0.6, coverageBackNull: 0.5 },
  ...{ shared: 50, onlyI: 10, onlyJ: 40, neither: 0, subspaceSimilarity: 0.6, subspaceChance: 0.1, reasons: [] },
};
const COST = { bytesToRead: 1, bytesToTravel: 0, weights: 1, matrices: 1, flops: 1, peakBytes: 1 };

/** Runs whose matrices have these relative updates, by run and layer; null: not there yet. */
function modelOf(updates: readonly (readonly (number | null)[])[], tensors = [matrix(0), matrix(1)]): SeveralModel {
  const model = new SeveralModel();
  const runs = updates.map((_, run) => ({ name: `run-${run}`, path: `/run-${run}`, step: null }));
  model.apply({ type: 'state', state: severalState('runs', { runs }) });
  model.apply({
    type: 'plan',
    plan: { tensors, leftOut: 0, layers: 2, cost: COST, problems: [], moreProblems: 0, adapters: [], untouched: [] },
    more: 0,
  });
  model.apply({
    type: 'results',
    comparisons: updates.flatMap((of, run) =>
      of.flatMap((relativeUpdate, layer) =>
        relativeUpdate === null
          ? []
          : [{ run, tensor: tensor(NAMES[layer] ?? '', { relativeUpdate, angleRank: 1 }, { layer }) }],
      ),
    ),
    agreement: { kind: 'runs', rows: [] },
    failed: [],
  });
  return model;
}

describe('maps of several runs', () => {
  const SIZE = metricById('relativeUpdate');
  it('a cell is a value, pending, missing in that run, failed or of an adapter that leaves it', () => {
    const model = modelOf(
      [
        [0.1, null],
        [0.2, null],
      ],
      [matrix(0, { lacking: [1] }), matrix(1)],
    );
    expect(model.cell(0, SIZE, 0, Q)).toMatchObject({ status: 'done', value: 0.1 });
    expect(model.cell(1, SIZE, 0, Q).status).toBe('absent');
    expect(model.cell(0, SIZE, 1, Q).status).toBe('pending');
    const error = { code: 'bug', message: 'no' } as const;
    const failed = [{ run: 0, name: NAMES[1], error }];
    model.apply({ type: 'results', comparisons: [], agreement: { kind: 'runs', rows: [] }, failed });
    expect(model.cell(0, SIZE, 1, Q).status).toBe('failed');
    expect(model.cell(0, SIZE, 7, Q).status).toBe('absent');
    model.apply({ type: 'reset' });
    expect(model.matrices).toEqual([]);
    expect(model.tensor(0, NAMES[0])).toBeUndefined();
  });
  it('what figures there are is known without a look at every tensor', () => {
    const model = modelOf([[0.1, 0.1]]);
    expect(model.known).toEqual({ hasTwin: false, hasHidden: false });
    let looked = 0;
    const later = tensor(NAMES[0], { hiddenShare: 0.5 }, { layer: 0 });
    const { metrics } = later;
    Object.defineProperty(later, 'metrics', {
      get: () => {
        looked++;
        return metrics;
      },
    });
    const agreement = { kind: 'runs', rows: [] } as const;
    model.apply({
      type: 'results',
      comparisons: [{ run: 0, tensor: later }],
      agreement: { ...agreement, rows: [] },
      failed: [],
    });
    const once = looked;
    for (let i = 0; i < 9; i++) expect(model.known.hasHidden).toBe(true);
    expect(looked).toBe(once);
    model.apply({ type: 'reset' });
    expect(model.known.hasHidden).toBe(false);
  });
  it('all runs have one scale, and differences are over the median of the runs', () => {
    const model = modelOf([
      [0.001, 0.001],
      [0.01, 0.01],
      [0.1, 0.1],
    ]);
    const plain = mapsOf(model, INITIAL_UI, 'size');
    expect(plain.panels.map(({ title }) => title)).toEqual(['● run-0', '■ run-1', '◆ run-2']);
    expect(plain.scale).toMatchObject({ kind: 'log', lo: 0.001, hi: 0.1 });
    const over = mapsOf(model, { ...INITIAL_UI, differences: true }, 'size');
    const values = over.panels.map(({ cell }) => cell(0, 'self_attn.q_proj').value);
    expect(values[0]).toBeCloseTo(0.1, 12);
    expect(values[1]).toBeCloseTo(1, 12);
    expect(values[2]).toBeCloseTo(10, 12);
    // within 10 % of the others a run has no number
    expect(over.panels[1]?.text?.(1.05)).toBe('');
    expect(over.panels[1]?.text?.(1.2)).toBe('1.2');
    expect(over.profile([0]).series.map(({ name }) => name)).toEqual(['run-0']);
  });
  it('a figure that has two maps in a comparison is two figures here', () => {
    const known = { hasTwin: false, hasHidden: false };
    const ids = figuresOf('where', known).map(({ id }) => id);
    expect(ids.slice(0, 2)).toEqual(['jointRatio', 'principalLift']);
    expect(new Set(ids).size).toBe(ids.length);
    // each is one that the catalog has
    for (const id of ids) expect(metricById(id).id).toBe(id);
    expect(nextId(['a', 'b'], 'b', 1)).toBe('a');
    expect(nextId(['a', 'b'], 'a', -1)).toBe('b');
    expect(shownOf(figuresOf('size', known)[0]!).name).toBe('Relative update');
  });
  it('twenty runs differ in shape or dash', () => {
    const marks = Array.from({ length: 20 }, (_, run) => markOf(run)).map(
      ({ shape, dash }) => `${shape} ${dash.join()}`,
    );
    expect(new Set(marks).size).toBe(20);
  });
});

describe('a mixture of experts', () => {
  const GATE = 'mlp.experts.gate_proj';
  const expert = (n: number, change: Partial<SeveralTensor> = {}): SeveralTensor =>
    matrix(0, { name: `model.layers.0.mlp.experts.${n}.gate_proj.weight`, module: GATE, ...change });
  const SIZE = metricById('relativeUpdate');
  const sized = (run: number, of: SeveralTensor, relativeUpdate: number) => ({
    run,
    tensor: tensor(of.name, { relativeUpdate, angleRank: 1 }, { layer: 0, module: GATE }),
  });
  const experts = [expert(0), expert(1), expert(2, { lacking: [1] })];
  const model = modelOf([[], []], [matrix(0), ...experts]);
  model.apply({
    type: 'results',
    comparisons: [0.1, 0.9, 0.2].flatMap((size, n) => sized(0, experts[n]!, size)),
    agreement: { kind: 'runs', rows: [] },
    failed: [],
  });

  it('is a column with the median and the largest, or one an expert, each of every run', () => {
    const folded = mapsOf(model, INITIAL_UI, 'size');
    expect(folded.columns.map(({ label }) => label)).toEqual(['q', '▸ gate ×3']);
    expect(folded.panels[0]?.cell(0, GATE)).toEqual({ status: 'done', value: 0.2, most: 0.9 });
    const open = mapsOf(model, { ...INITIAL_UI, unfolded: [GATE] }, 'size');
    expect(open.columns.map(({ label }) => label)).toEqual(['q', '▾0', '1', '2']);
    expect(open.panels[0]?.cell(0, `${GATE} 1`)).toEqual({ status: 'done', value: 0.9 });
    expect(open.panels[1]?.cell(0, `${GATE} 1`).status).toBe('pending');
    expect(open.panels[1]?.cell(0, `${GATE} 2`).status).toBe('absent');
    // the profile is of modules, folded or not
    const of = (maps: typeof open): unknown => maps.profile([0]).series[0]?.at(0);
    expect(of(open)).toEqual(of(folded));
  });
  it('is missing in a run that holds none of them', () => {
    const without = modelOf([[], []], [expert(0, { lacking: [1] }), expert(1, { lacking: [1] })]);
    expect(without.cell(1, SIZE, 0, { module: GATE, expert: null }).status).toBe('absent');
    expect(stepCell(without, { metric: SIZE }, 0, 1).status).toBe('absent');
    expect(without.heldBy(1)).toBe(0);
  });
});

describe('two runs beside each other', () => {
  it('a matrix that did not come by the end is missing, before it is awaited', () => {
    const figure = perMatrixFigures()[0]!.perMatrix;
    const cells = (model: SeveralModel): PairCells => new PairCells(model, (pair) => figure.value(pair), [0, 1]);
    const model = modelOf([[0.1], [0.2]], [matrix(0), matrix(1, { lacking: [1] })]);
    const status = (layer: number): string => cells(model).cell(layer, Q).status;
    model.apply({ type: 'state', state: severalState('runs', { runs: model.runs, phase: 'running' }) });
    expect([status(0), status(1)]).toEqual(['pending', 'absent']);
    model.apply({ type: 'state', state: severalState('runs', { runs: model.runs, phase: 'done' }) });
    expect(status(0)).toBe('absent');
    const row = { name: NAMES[0], layer: 0, module: 'self_attn.q_proj', shape: [2, 2], pairs: [PAIR] };
    const agreement = { kind: 'runs', rows: [row] } as const;
    model.apply({ type: 'results', comparisons: [], agreement: { ...agreement, rows: [row] }, failed: [] });
    expect(cells(model).cell(0, Q)).toEqual({ status: 'done', value: 0.5 });
    expect(cells(model).values(0)).toEqual([0.5]);
  });
  it('a map and its profile look up a matrix once', () => {
    const model = modelOf([[0.1], [0.2]]);
    let looked = 0;
    const pairs = new Proxy([PAIR], {
      get: (list, property) => {
        if (property === 'find') looked++;
        return Reflect.get(list, property) as unknown;
      },
    });
    const row = { name: NAMES[0], layer: 0, module: 'self_attn.q_proj', shape: [2, 2], pairs };
    model.apply({ type: 'results', comparisons: [], agreement: { kind: 'runs', rows: [row] }, failed: [] });
    const cells = new PairCells(model, ({ updateCosine }) => updateCosine, [0, 1]);
    for (let i = 0; i < 5; i++) {
      expect(cells.cell(0, Q).value).toBe(0.5);
      expect(cells.values(0)).toEqual([0.5]);
    }
    expect(looked).toBe(1);
  });
  it('every figure stands beside its chance, the way back too', () => {
    const [cosine, signs, common, coverage] = similarities();
    expect([cosine?.value(PAIR, false), cosine?.chance(PAIR, false)]).toEqual([0.5, 0]);
    expect([signs?.value(PAIR, false), signs?.chance(PAIR, false)]).toEqual([0.75, 0.5]);
    expect([common?.value(PAIR, false), common?.chance(PAIR, false)]).toEqual([0.5, 0.4]);
    expect([coverage?.value(PAIR, false), coverage?.chance(PAIR, false)]).toEqual([0.8, 0.6]);
    expect([coverage?.value(PAIR, true), coverage?.chance(PAIR, true)]).toEqual([0.6, 0.5]);
    expect(common?.tone(0.5, 0.4)).toBeCloseTo(1, 12);
    expect(common?.tone(0.4, 0.4)).toBe(0);
    expect(common?.chanceText(null)).toBe('noise unknown');
    const lines = linesOf(PAIR, ['a', 'b']);
    expect(lines.map(({ name }) => name)).toEqual([
      ...['Weights in common', 'Same way', 'Signs agree', 'a covered by b', 'b covered by a', 'Directions shared'],
    ]);
    for (const line of lines) expect(line.references.length, line.name).toBeGreaterThan(0);
  });
  it('matrix by matrix what has a chance of its own is a factor over it', () => {
    const values = perMatrixFigures().map(({ id, perMatrix }) => [id, perMatrix.value(PAIR)]);
    expect(values).toEqual([
      ['updateCosine', 0.5],
      ['signAgreement', 0.75],
      ['jaccard', 0.5 / 0.4],
      ['coverage', 0.8 / 0.6],
      ['subspaceSimilarity', 0.6 / 0.1],
    ]);
    const unknown = { ...PAIR, jaccardNull: null };
    expect(perMatrixFigures()[2]?.perMatrix.value(unknown)).toBeNull();
  });
  it('the consensus is in shares, beside independent runs if these are known', () => {
    expect(consensusOf({ consensus: [10, 20, 70], consensusNull: [20, 20, 60] })).toEqual([
      { name: 'no run', share: 0.1, chance: 0.2 },
      { name: 'one run', share: 0.2, chance: 0.2 },
      { name: 'all 2', share: 0.7, chance: 0.6 },
    ]);
    expect(consensusOf({ consensus: [1, 1, 1, 1], consensusNull: null })[2]).toEqual({
      ...{ name: '2 runs', share: 0.25, chance: null },
    });
    expect(consensusOf({ consensus: [0, 0, 0], consensusNull: null })).toEqual([]);
  });
});

describe('what the reader chose', () => {
  it('a walk comes as far as the root of the summed squares', () => {
    expect(walkOf([3, 4, null])).toEqual([3, 5, 5]);
  });
  it('an older state, or one of another page, is read as far as it means something', () => {
    expect(readUi(null)).toEqual(INITIAL_UI);
    expect(readUi({ tab: 'path', pair: [1, 2], step: -1, cell: { layer: 2 } })).toMatchObject({
      ...{ tab: 'path', pair: [1, 2], step: null, cell: null },
    });
    expect(readUi({ tab: 'no such', pair: [2, 1], differences: 'yes' })).toEqual(INITIAL_UI);
  });
  it('a question of runs is none of steps, and a pair of a run that was left out is the first one', () => {
    expect(tabsOf('runs').at(-1)).toBe('agree');
    expect(tabsOf('steps').at(-1)).toBe('path');
    const model = modelOf([[0.1], [0.2]]);
    const view = { model, ui: { ...INITIAL_UI, tab: 'path', pair: [1, 2] } } as unknown as View;
    expect(tabOf(view)).toBe('size');
    expect(pairOf(view)).toEqual([0, 1]);
  });
});
