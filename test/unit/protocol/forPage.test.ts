import { describe, expect, test } from 'vitest';
import {
  FindingList,
  MOST_LINES,
  planMessages,
  problemsForPage,
  resultsForPage,
  summaryForPage,
} from '../../../src/protocol/forPage.ts';
import type { Finding } from '../../../src/protocol/health.ts';
import type { ComparisonToView } from '../../../src/protocol/views.ts';
import { Accumulator } from '../../../src/results/accumulator.ts';
import { ComparisonModel } from '../../../webview/comparison/model.ts';
import { BACKEND, plannedPair, comparisonPlan, tensor } from '../makers.ts';

/** What VS Code makes of a message on its way to a page. */
const length = (message: unknown): number => JSON.stringify(message).length;
const MEGABYTES = 1_000_000;
const WORDY = 'n'.repeat(50 * MEGABYTES);

describe('findings', () => {
  test('of 100,000 tensors are a list that a page can take, the worst first, and the rest is counted', () => {
    const list = new FindingList();
    for (let i = 0; i < 100_000; i++)
      list.add({ severity: i % 1000 ? 'info' : 'error', code: 'nan', message: `w${i} holds NaN.`, tensor: `w${i}` });
    expect(list.shown).toHaveLength(MOST_LINES);
    expect(list.leftOut).toBe(100_000 - MOST_LINES);
    expect(list.shown.slice(0, 101).map(({ severity }) => severity)).toEqual([
      ...Array<string>(100).fill('error'),
      'info',
    ]);
    expect(list.shown[1]?.tensor).toBe('w1000');
    expect(length(list.shown)).toBeLessThan(MEGABYTES);
  });
  test('that quote 50 MB are cut, and name no tensor by half of its name', () => {
    const list = new FindingList();
    const related = Array.from({ length: 100_000 }, (_, i) => `copy ${i}`);
    const finding: Finding = {
      severity: 'error',
      code: 'nan',
      message: `${WORDY} is bad.`,
      tensor: WORDY,
      file: WORDY,
    };
    list.add({ ...finding, related: [WORDY, ...related] });
    const [shown] = list.shown;
    expect(length(shown)).toBeLessThan(10_000);
    expect(shown?.message).toMatch(/^n{1000}… \(50/);
    expect(shown).not.toHaveProperty('tensor');
    expect(shown?.related).toEqual(related.slice(0, 100));
  });
});

test('problems of a header are as many as a page lists, the worst of them; few are as they were', () => {
  const of = (severity: 'error' | 'info', i: number) => ({ severity, code: 'x', message: `m${i}`, tensor: `t${i}` });
  const many = Array.from({ length: 100_000 }, (_, i) => of(i === 99_999 ? 'error' : 'info', i));
  const { shown, leftOut } = problemsForPage(many);
  expect([shown.length, leftOut, shown[0]?.message]).toEqual([MOST_LINES, 100_000 - MOST_LINES, 'm99999']);
  expect(problemsForPage(many.slice(0, 3))).toEqual({ shown: many.slice(0, 3), leftOut: 0 });
});

describe('a plan', () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `model.layers.${i}.w`);
  const plan = comparisonPlan(
    names.map((name, layer) => plannedPair(name, { layer })),
    {
      skipped: names.map((name) => ({ name, reason: `${name} has another shape` })),
      unpaired: { baseOnly: names, tunedOnly: [WORDY, ...names] },
      problems: names.map((name) => ({ severity: 'warning', code: 'x', message: name })),
    },
  );
  plan.pairs.push(plannedPair(WORDY));

  test('goes in messages that a page can take, and its page has all pairs and counts what was left out', () => {
    const model = new ComparisonModel();
    for (const message of planMessages(plan)) {
      expect(length(message)).toBeLessThan(3 * MEGABYTES);
      model.apply(message);
    }
    expect(model.matrices.map(({ name }) => name)).toEqual(names);
    expect(model.layerCount).toBe(100_000);
    expect(model.leftOut).toEqual({
      pairs: 1,
      skipped: 100_000 - MOST_LINES,
      baseOnly: 100_000 - MOST_LINES,
      tunedOnly: 100_001 - MOST_LINES,
      problems: 100_000 - MOST_LINES,
    });
  });
  test('that is short is one message with everything', () => {
    const short = comparisonPlan([plannedPair('a')], { skipped: [{ name: 'b', reason: 'c' }] });
    const leftOut = { pairs: 0, skipped: 0, baseOnly: 0, tunedOnly: 0, problems: 0 };
    expect([...planMessages(short)]).toEqual([{ type: 'plan', plan: { ...short, leftOut }, more: 0 }]);
    expect([...planMessages(null)]).toEqual([{ type: 'plan', plan: null, more: 0 }]);
  });
  test('is not complete before its last pairs are there', () => {
    const model = new ComparisonModel();
    const messages = [...planMessages(plan)];
    const results: ComparisonToView = {
      type: 'results',
      ...{ tensors: names.slice(0, 5000).map((name) => tensor(name)), details: [], failed: [] },
    };
    for (const message of [messages[0], results]) if (message) model.apply(message);
    expect(model.weighted('updateDensity').complete).toBe(false);
  });
});

test('results and lists of a summary hold no name that the page has no pair for', () => {
  const tensors = [tensor('a'), tensor(WORDY)];
  const failed = [{ name: WORDY, error: { code: 'bug', message: 'x' } as const }];
  expect(resultsForPage({ tensors, details: [], failed })).toEqual({ tensors: [tensors[0]], details: [], failed: [] });
  const results = new Accumulator();
  results.plan = comparisonPlan(Array.from({ length: 10_000 }, (_, i) => plannedPair(`p${i}`, { spectral: false })));
  results.backend = BACKEND;
  results.merge({ tensors, details: [], failed });
  const summary = results.summary();
  if (!summary) throw new Error('no summary');
  const layers = Array.from({ length: 10_000 }, (_, layer) => ({ layer, updateShare: layer / 1e8 }));
  const shown = summaryForPage({ ...summary, layers });
  expect(shown.layers).toEqual(layers.slice(-MOST_LINES));
  expect(shown.elementwiseOnly).toHaveLength(MOST_LINES);
  expect(shown.failed).toEqual([]);
  expect(length(shown)).toBeLessThan(MEGABYTES);
});
