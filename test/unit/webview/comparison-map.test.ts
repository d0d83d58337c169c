import { describe, expect, it } from 'vitest';
import type { ComparisonMetrics, ComparisonTensor } from '../../../src/protocol/results.ts';
import { cellOf, matrixCell, shortNumber } from '../../../webview/comparison/cells.ts';
import { columnOf, columnsOf, isManyOpen, membersAt } from '../../../webview/comparison/columns.ts';
import { layerValues, noiseOf, statOf } from '../../../webview/comparison/layer-profile.ts';
import { metricById } from '../../../webview/comparison/metrics.ts';
import { ComparisonModel, type Pair } from '../../../webview/comparison/model.ts';
import { endLabels, picture, roundEnd, ticksOf } from '../../../webview/comparison/panels.ts';
import { readUi } from '../../../webview/comparison/view.ts';
import { fixture } from '../answer/cases.ts';
import { comparisonPlan, comparisonState, plannedPair, stateMessages, tensor } from '../makers.ts';

const Q = 'self_attn.q_proj';
const DOWN = 'mlp.experts.down_proj';
const pairOf = (layer: number, module: string, expert?: number): Pair =>
  plannedPair(
    `model.layers.${layer}.${expert === undefined ? module : module.replace('experts', `experts.${expert}`)}.weight`,
    { layer, module, shape: [64, 64] },
  );
/** A matrix with its spectra; a share of it within the base's main directions. */
const done = (pair: Pair, metrics: Partial<ComparisonMetrics> = {}): ComparisonTensor =>
  tensor(pair.name, { relativeUpdate: 0.01, updateNorm: 1, angleRank: 8, maskRank: 8, ...metrics }, { ...pair });
function modelOf(pairs: Pair[], tensors: ComparisonTensor[], plan = {}): ComparisonModel {
  const model = new ComparisonModel();
  for (const message of stateMessages(comparisonState(comparisonPlan(pairs, { layers: 2, ...plan }))))
    model.apply(message);
  model.apply({ type: 'results', tensors, details: [], failed: [] });
  return model;
}
/** The page's model of a case of the answer. */
function modelOfCase(name: string): ComparisonModel {
  const { plan, tensors } = fixture(name);
  const model = modelOf([...plan.pairs], [...tensors.values()], plan);
  return model;
}
const SIZE = metricById('relativeUpdate');
const ENERGY = metricById('jointRatio');
const MASK = metricById('principalLift');

describe('a cell of the map', () => {
  const pair = pairOf(0, Q);
  const cell = (metrics: Partial<ComparisonMetrics>, metric = SIZE) =>
    matrixCell(modelOf([pair], [done(pair, metrics)]), metric, pair);

  it('holds the value, and says if that is under one rounding', () => {
    expect(cell({ roundingFloor: 0.002 })).toEqual({ status: 'done', value: 0.01 });
    expect(cell({ roundingFloor: 0.02 })).toEqual({ status: 'done', value: 0.01, isBelow: true });
  });
  it('tells what is not finite, unchanged, undefined, pending and failed from each other', () => {
    expect(cell({ updateNorm: null })).toEqual({ status: 'nan', value: null });
    expect(cell({ updateNorm: 0 })).toEqual({ status: 'same', value: null });
    expect(cell({}, ENERGY)).toEqual({ status: 'done', value: null });
    const model = modelOf([pair], []);
    expect(matrixCell(model, SIZE, pair).status).toBe('pending');
    model.apply({
      type: 'results',
      tensors: [],
      details: [],
      failed: [{ name: pair.name, error: { code: 'read-failed', message: 'ended early' } }],
    });
    expect(matrixCell(model, ENERGY, pair).status).toBe('failed');
  });
  it('shows figures of one checkpoint also if the other one holds NaN, or nothing changed', () => {
    const metric = metricById('base.spectralNorm');
    for (const updateNorm of [null, 0])
      expect(cell({ updateNorm, base: { min: 0, max: 1, spectralNorm: 3 } }, metric).value).toBe(3);
  });
  it('is too small to say by the rules of the verdicts, and carries the verdict on which weights changed', () => {
    const energy = { jointEnergy: 0.5, jointEnergyBaseline: 0.01 };
    expect(cell({ ...energy, maskRank: 3 }, ENERGY)).toMatchObject({ value: 50, isSmall: true });
    expect(cell({ ...energy, maskRank: 4 }, ENERGY).isSmall).toBeUndefined();
    const mask = (position: number, range: [number, number]): Partial<ComparisonMetrics> => ({
      ...{ principalLift: 1.2, principalOverlap: 0.3, principalNull: 0.25, principalRange: range },
      ...{ principalPosition: position, principalPositionStep: position, principalPositionProportional: position },
      principalZ: 9 * Math.sign(position),
    });
    expect(cell(mask(0.5, [0.1, 0.5]), MASK).mark).toBe('▴');
    expect(cell(mask(-0.5, [0.1, 0.5]), MASK).mark).toBe('▾');
    expect(cell(mask(0, [0.29, 0.31]), MASK)).toMatchObject({ isSmall: true });
    expect(cell(mask(0, [0.1, 0.5]), MASK)).toEqual({ status: 'done', value: 1.2 });
  });
  it('of several matrices shows the median, and the largest if that is another', () => {
    const experts = [0, 1, 2].map((expert) => pairOf(0, DOWN, expert));
    const sizes = [0.001, 0.002, 0.05];
    const model = modelOf(
      experts,
      experts.map((one, i) => done(one, { relativeUpdate: sizes[i]!, roundingFloor: 0.003 })),
    );
    const [column] = columnsOf(model, []);
    expect(cellOf(model, SIZE, 0, column!)).toEqual({ status: 'done', value: 0.002, most: 0.05, isBelow: true });
    expect(cellOf(model, ENERGY, 0, column!)).toEqual({ status: 'done', value: null });
    expect(cellOf(modelOf(experts, []), SIZE, 0, column!).status).toBe('pending');
    const equal = modelOf(
      experts,
      experts.map((one) => done(one)),
    );
    expect(cellOf(equal, SIZE, 0, column!)).toEqual({ status: 'done', value: 0.01 });
  });
  it('says its value in three digits', () => {
    expect([119.6, 9.96, 0.98, 0.0712, 0.0071, 1.2e-5, 0, -3.14].map(shortNumber)).toEqual([
      ...['120', '10', '0.98', '0.071', '7e−3', '1e−5', '0', '−3.1'],
    ]);
  });
});

describe('columns of a mixture of experts', () => {
  const experts = [0, 1, 2, 10].map((expert) => pairOf(0, DOWN, expert));
  const model = modelOf([pairOf(0, Q), ...experts], []);

  it('are one a module until it is unfolded, then one an expert, in the order of their numbers', () => {
    expect(columnsOf(model, []).map(({ label, isOpen }) => [label, isOpen])).toEqual([
      ['q', null],
      ['▸ down ×4', false],
    ]);
    const open = columnsOf(model, [DOWN]);
    expect(open.map(({ label }) => label)).toEqual(['q', '▾0', '1', '2', '10']);
    expect(new Set(open.map(({ id }) => id)).size).toBe(5);
    expect(membersAt(model, 0, open[4]!)).toEqual([experts[3]]);
    expect(columnOf(open, DOWN, experts[2]!.name)?.expert).toBe(2);
    expect(columnOf(open, Q, null)?.id).toBe(Q);
  });
  it('of 64 experts and more stand by how far they moved over all layers, if that is asked for', () => {
    const many = [0, 1].flatMap((layer) => Array.from({ length: 64 }, (_, expert) => pairOf(layer, DOWN, expert)));
    // expert 5 moves far in one layer, 9 less in both; of 63 nothing is known yet
    const size = (name: string): number =>
      /experts\.9\./.test(name) ? 2 : /layers\.1.*experts\.5\./.test(name) ? 4 : 1;
    const tensors = many
      .filter(({ name }) => !/experts\.63\./.test(name))
      .map((one) => done(one, { updateNorm: size(one.name), baseNorm: 100 }));
    const model = modelOf(many, tensors);
    const order = (isBySize: boolean): (number | null)[] =>
      columnsOf(model, [DOWN], isBySize ? model : null).map(({ expert }) => expert);
    expect(order(true)).toEqual([5, 9, ...Array.from({ length: 64 }, (_, i) => i).filter((i) => i !== 5 && i !== 9)]);
    expect(order(false).slice(0, 3)).toEqual([0, 1, 2]);
    expect(isManyOpen(model, [DOWN])).toBe(true);
    expect(isManyOpen(model, [])).toBe(false);
    const few = modelOf(many.slice(0, 63), tensors.slice(0, 63));
    expect(isManyOpen(few, [DOWN])).toBe(false);
    expect(columnsOf(few, [DOWN], few)[0]?.expert).toBe(0);
  });
  it('are plain without experts, whatever is stored as unfolded', () => {
    const plain = modelOf([pairOf(0, Q)], []);
    expect(columnsOf(plain, [DOWN, Q])).toEqual([expect.objectContaining({ id: Q, isOpen: null })]);
  });
});

describe('the profile of the layers', () => {
  const model = modelOfCase('llama24');

  it('has the median and the range of all matrices that can be read', () => {
    const values = layerValues(model, SIZE, 12);
    expect(values).toHaveLength(7);
    const stat = statOf(values)!;
    expect(stat.min).toBe(Math.min(...values));
    expect(stat.max).toBe(Math.max(...values));
    expect(values.filter((value) => value < stat.middle)).toHaveLength(3);
    expect(statOf([])).toBeNull();
    expect(statOf([1, 4])).toEqual({ middle: 2.5, min: 1, max: 4 });
  });
  it('leaves out what is too small to say', () => {
    const all = model.ofLayer(12).length;
    expect(layerValues(model, MASK, 12).length).toBeLessThan(all);
  });
  it('has what noise gives, if it is computed', () => {
    expect(noiseOf(model, () => 3, 12)).toEqual({ middle: 3, min: 3, max: 3 });
    expect(noiseOf(model, () => null, 12)).toBeNull();
  });
});

describe('the scales of the map', () => {
  const shown = (model: ComparisonModel, ui: object) => picture(model, readUi(ui));

  it('of a size are logarithmic and end on round numbers about the values, one rounding as a tick', () => {
    const { scale, profile, tick, endLabels: words, signs } = shown(modelOfCase('llama24'), { tab: 'size' });
    if (scale.kind !== 'log') throw new Error(scale.kind);
    expect(scale.lo).toBeCloseTo(5e-4, 9);
    expect(scale.hi).toBeCloseTo(0.05, 9);
    expect(words).toEqual(['0.05\u202f%', '5\u202f%']);
    expect(profile.floor).toBeGreaterThan(1e-3);
    expect(tick).toBeGreaterThan(0);
    expect(tick).toBeLessThan(1);
    expect(signs.has('below')).toBe(true);
  });
  it('of a factor over noise have fixed ends, so that noise looks like noise; what lies beyond says so', () => {
    const model = modelOfCase('llama24');
    const where = shown(model, { tab: 'where' });
    expect(where.panels).toHaveLength(2);
    expect(where.scale).toEqual({ kind: 'log1', hi: 64 });
    expect(where.endLabels).toEqual(['1/64', '≥ 64']);
    expect(where.signs.has('beyond')).toBe(true);
    expect(where.tick).toBe(0.5);
    expect(where.profile.band).toEqual([1 / 1.5, 1.5]);
    expect(where.profile.series.map(({ mark }) => mark)).toEqual(['none', 'square', 'circle']);
    expect(shown(model, { tab: 'spectrum' }).scale).toEqual({ kind: 'log1', hi: 16 });
  });
  it('end on 1, 1.5, 2, 3, 5, 7 or 10 times a power of ten', () => {
    expect(roundEnd(0.0043, true)).toBeCloseTo(0.005, 12);
    expect(roundEnd(0.0043, false)).toBeCloseTo(0.003, 12);
    expect(roundEnd(0.07, true)).toBeCloseTo(0.07, 12);
    expect(roundEnd(0.07, false)).toBeCloseTo(0.07, 12);
    expect(roundEnd(8, true)).toBe(10);
    expect(roundEnd(0, true)).toBe(0);
  });
  it('have ticks at both ends, and between them the reference or decades', () => {
    expect(ticksOf({ kind: 'log1', hi: 64 })).toEqual([1 / 64, 1, 64]);
    expect(ticksOf({ kind: 'log', lo: 5e-4, hi: 0.05 })).toEqual([5e-4, 1e-3, 1e-2, 0.05]);
    expect(ticksOf({ kind: 'lin', lo: 0, hi: 1 })).toEqual([0, 0.5, 1]);
  });
  it('name an end that values lie beyond', () => {
    expect(endLabels(['1/16', '16'], { kind: 'log1', hi: 16 }, [0.01, 1])).toEqual(['≤ 1/16', '16']);
    expect(endLabels(['1/16', '16'], { kind: 'log1', hi: 16 }, [1, 16])).toEqual(['1/16', '16']);
  });
});
