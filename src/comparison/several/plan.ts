/** What several comparisons of one base will do, as their page has it. */
import type { ComparisonPlan } from '../../protocol/engine.ts';
import { isShort, problemsForPage } from '../../protocol/forPage.ts';
import { appendAll } from '../../protocol/lists.ts';
import type { SeveralPlan, SeveralTensor, SeveralToView } from '../../protocol/severalViews.ts';

/** Tensors of one message: a megabyte, about. */
const TENSORS_A_MESSAGE = 5000;

/** `plans`: of each run. The base is read once for all of them, and so counted once. */
export function severalPlan(plans: readonly ComparisonPlan[]): SeveralPlan {
  const tensors = new Map<string, SeveralTensor & { holders: Set<number> }>();
  for (const [run, { pairs }] of plans.entries())
    for (const { name, layer, module, shape, spectral } of pairs) {
      const known = tensors.get(name);
      if (known) known.holders.add(run);
      else tensors.set(name, { name, layer, module, shape, spectral, holders: new Set([run]) });
    }
  const shown: SeveralTensor[] = [];
  for (const { holders, ...tensor } of tensors.values()) {
    if (!isShort(tensor.name)) continue;
    const lacking = [...plans.keys()].filter((run) => !holders.has(run));
    shown.push(lacking.length > 0 ? { ...tensor, lacking } : tensor);
  }
  const problems: SeveralPlan['problems'] = [];
  for (const [run, plan] of plans.entries())
    appendAll(
      problems,
      problemsForPage(plan.problems).shown.map((problem) => ({ ...problem, run })),
    );
  return {
    tensors: shown,
    leftOut: tensors.size - shown.length,
    layers: plans.reduce((most, { layers }) => Math.max(most, layers), 0),
    cost: costOf(plans),
    problems,
    adapters: plans.map(({ tunedAdapter }) => tunedAdapter),
    untouched: plans.map(({ untouched = [] }) => untouched.filter(({ module }) => isShort(module))),
  };
}

/** Of all runs together. An upper bound: what is computed of the base once is in each plan. */
function costOf(plans: readonly ComparisonPlan[]): ComparisonPlan['cost'] {
  const sum = (pick: (cost: ComparisonPlan['cost']) => number): number =>
    plans.reduce((total, { cost }) => total + pick(cost), 0);
  return {
    bytesToRead: sum(({ bytesToRead }) => bytesToRead),
    bytesToTravel: sum(({ bytesToTravel }) => bytesToTravel),
    weights: plans.reduce((most, { cost }) => Math.max(most, cost.weights), 0),
    matrices: plans.reduce((most, { cost }) => Math.max(most, cost.matrices), 0),
    flops: sum(({ flops }) => flops),
    // one matrix of every run lies in memory at once
    peakBytes: sum(({ peakBytes }) => peakBytes),
  };
}

export function* planMessages(plan: SeveralPlan): Generator<SeveralToView, void, undefined> {
  const first = plan.tensors.slice(0, TENSORS_A_MESSAGE);
  yield { type: 'plan', plan: { ...plan, tensors: first }, more: plan.tensors.length - first.length };
  for (let at = first.length; at < plan.tensors.length; at += TENSORS_A_MESSAGE)
    yield { type: 'tensors', tensors: plan.tensors.slice(at, at + TENSORS_A_MESSAGE) };
}
