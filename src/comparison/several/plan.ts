/** What several comparisons of one base will do, as their page has it. */
import type { ComparisonPlan } from '../../protocol/engine.ts';
import { isShort, problemsForPage } from '../../protocol/forPage.ts';
import type { Problem } from '../../protocol/results.ts';
import type { SeveralPlan, SeveralTensor, SeveralToView } from '../../protocol/severalViews.ts';

/** Tensors of one message: a megabyte, about. */
const TENSORS_A_MESSAGE = 5000;

/** `plans` and `names`: of each run. The base is read once for all of them, and so counted once. */
export function severalPlan(plans: readonly ComparisonPlan[], names: readonly string[]): SeveralPlan {
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
  const problems = problemsForPage(problemsOf(plans, names));
  return {
    tensors: shown,
    leftOut: tensors.size - shown.length,
    layers: plans.reduce((most, { layers }) => Math.max(most, layers), 0),
    cost: costOf(plans),
    problems: problems.shown,
    moreProblems: problems.leftOut,
    adapters: plans.map(({ tunedAdapter }) => tunedAdapter),
    untouched: plans.map(({ untouched = [] }) => untouched.filter(({ module }) => isShort(module))),
  };
}

/** What all runs have in common, as that is of the base, once; what is of some of them, with their names. */
function problemsOf(plans: readonly ComparisonPlan[], names: readonly string[]): Problem[] {
  const found = new Map<string, { problem: Problem; runs: Set<number> }>();
  for (const [run, plan] of plans.entries())
    for (const problem of plan.problems) {
      const key = JSON.stringify(problem);
      const known = found.get(key);
      if (known) known.runs.add(run);
      else found.set(key, { problem, runs: new Set([run]) });
    }
  return [...found.values()].map(({ problem, runs }) => {
    if (runs.size === plans.length) return problem;
    const of = [...runs].map((run) => names[run] ?? '').join(', ');
    return { ...problem, message: `${of}: ${problem.message}` };
  });
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
