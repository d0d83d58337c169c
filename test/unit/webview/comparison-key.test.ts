import { expect, test } from 'vitest';
import type { Compared } from '../../../src/answer/subject.ts';
import { median } from '../../../src/metrics/median.ts';
import { DEFAULT_PARAMETERS, type ComparisonSummary } from '../../../src/protocol/results.ts';
import { keyFigure } from '../../../webview/comparison/key-values.ts';
import { ComparisonModel } from '../../../webview/comparison/model.ts';
import { shownFigure } from '../../../webview/comparison/shown.ts';
import { TABS } from '../../../webview/comparison/tabs.ts';
import { fixture, golden } from '../answer/cases.ts';
import { comparisonPlan, comparisonState, stateMessages } from '../makers.ts';

function pageOf({ plan, tensors, summary }: Compared): ComparisonModel {
  const model = new ComparisonModel();
  const state = comparisonState(
    comparisonPlan(plan.pairs, { skipped: plan.skipped, tunedAdapter: plan.tunedAdapter }),
    {
      phase: 'done',
      summary: summary as ComparisonSummary,
      parameters: { ...DEFAULT_PARAMETERS, twin: [...tensors.values()].some(({ metrics }) => metrics.twin) },
    },
  );
  for (const message of stateMessages(state)) model.apply(message);
  model.apply({ type: 'results', tensors: [...tensors.values()], details: [], failed: [] });
  return model;
}
/** As a reader sees it: spaces of any width are one. */
const plain = (text: string): string => text.replace(/[\s\u202f]+/g, ' ');
const key = (model: ComparisonModel, tab: (typeof TABS)[number], figure: string | null = null) => {
  const found = keyFigure(model, { tab, figure });
  if (!found) throw new Error(`no key figure of ${tab}`);
  const beside = found.beside.map(({ text }) => plain(text));
  return { ...found, value: plain(found.value), beside, most: found.most && plain(found.most.text) };
};

test('how much: the update of the model beside one rounding, and the matrix that moved most', () => {
  const { value, beside, most, gauge } = key(pageOf(fixture('llama24')), 'size');
  expect([value, beside, most]).toEqual(['1.3 %', ['one rounding to bf16 0.17 %'], '4.3 % in layer 12, q']);
  expect(gauge?.direction).toBeNull();
});

test('how much, of a pair in which one matrix changed: of that matrix, as the answer tells it', () => {
  const { value, scope, beside, most } = key(pageOf(fixture('one')), 'size');
  expect([value, scope, beside, most]).toEqual([
    '0.58 %',
    'of the changed matrix',
    ['one rounding to bf16 0.17 %'],
    '0.58 % in layer 3, v',
  ]);
});

test('how much, of an adapter: of the matrices that it changes, as the answer tells it', () => {
  const { value, scope } = key(pageOf(fixture('lora')), 'size');
  expect([value, scope]).toEqual(['20 %', 'of the changed matrices']);
});

test('of a mixture of experts the matrix that moved most is named with its expert', () => {
  const { most } = key(pageOf(fixture('moe')), 'size');
  expect(most).toMatch(/^2\.8 % in layer 5, (gate|up|down), expert 7$/);
});

test('where: of the modules that the answer names, with what it is elsewhere', () => {
  const { value, scope, beside, most, gauge } = key(pageOf(fixture('llama24')), 'where');
  expect([value, scope]).toEqual(['× 89', 'in v and down']);
  expect(beside).toEqual(['noise × 0.97', 'elsewhere × 0.97', 'share 83 %, random 0.98 %']);
  expect(most).toBe('× 120 in layer 12, v');
  expect(gauge).toMatchObject({ direction: 'on', domain: [1 / 64, 64] });
});

test('the spectrum: over noise of the same size, under its limit; without that noise it offers to compute it', () => {
  const withTwin = key(pageOf(fixture('llama24')), 'spectrum');
  expect(withTwin.beside[0]).toMatch(/^× 4\.9 of noise of the same size \(0\.032 %\)/);
  expect(withTwin.needsTwin).toBe(false);
  expect(withTwin.gauge?.direction).toBe('on');
  const bare = pageOf(fixture('llama24', { bare: true }));
  const without = key(bare, 'spectrum');
  expect(without.needsTwin).toBe(true);
  expect(without.beside.some((text) => text.includes('noise of the same size'))).toBe(false);
  expect(without.beside.some((text) => text.startsWith('limit'))).toBe(true);
  expect(shownFigure(bare, { tab: 'spectrum', figure: null }).metric.id).toBe('nss');
});

test('any other figure of the catalog has its median, in the unit of the figure', () => {
  const compared = golden('rl');
  const model = pageOf(compared);
  const middle = median([...compared.tensors.values()].map(({ metrics }) => metrics.principalOverlap));
  expect(key(model, 'where', 'principalOverlap').value).toBe(plain(`${(100 * (middle ?? NaN)).toPrecision(3)} %`));
  // of another question: the tab stays with its own
  expect(shownFigure(model, { tab: 'size', figure: 'principalOverlap' }).metric.id).toBe('relativeUpdate');
});

test('of a comparison in which nothing changed no figure is told', () => {
  const model = pageOf(fixture('same'));
  for (const tab of TABS) expect(keyFigure(model, { tab, figure: null })).toBeNull();
});
