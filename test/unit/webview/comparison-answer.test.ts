import { describe, expect, it } from 'vitest';
import type { ComparisonSummary, ComparisonTensor } from '../../../src/protocol/results.ts';
import type { ComparisonToView } from '../../../src/protocol/views.ts';
import { ComparisonModel } from '../../../webview/comparison/model.ts';
import { clausesOf, golden } from '../answer/cases.ts';
import { comparisonPlan, comparisonState, stateMessages } from '../makers.ts';

const { plan, tensors, summary } = golden('rl');
const results = (list: ComparisonTensor[]): ComparisonToView => ({
  ...{ type: 'results', tensors: list, details: [], failed: [] },
});
/** A page that has been told of a comparison kept from an earlier run, but not yet of its results. */
function told(): ComparisonModel {
  const model = new ComparisonModel();
  const state = comparisonState(comparisonPlan(plan.pairs), { summary: summary as ComparisonSummary });
  for (const message of stateMessages(state)) model.apply(message);
  return model;
}
const codes = (model: ComparisonModel): string[] => {
  const answer = model.answer();
  return answer ? clausesOf(answer).map(({ code }) => code) : [];
};

describe('the answer of the page', () => {
  it('is there when the last of the results has come, after the summary', () => {
    const model = told();
    const all = [...tensors.values()];
    expect(codes(model)).toEqual([]);
    model.apply(results(all.slice(1)));
    expect(codes(model)).toEqual([]);
    model.apply(results(all.slice(0, 1)));
    expect(codes(model)).toEqual(['share', 'size', 'evenly', 'direction-main', 'mask-noise']);
  });
  it('is made once for a summary', () => {
    const model = told();
    model.apply(results([...tensors.values()]));
    const before = model.answer();
    expect(before).not.toBeNull();
    expect(model.answer()).toBe(before);
    model.apply({ type: 'summary', summary: { ...(summary as ComparisonSummary), updateDensity: 1 } });
    expect(model.answer()).not.toBe(before);
  });
  it('is null before there is a summary', () => {
    expect(new ComparisonModel().answer()).toBeNull();
  });
});
