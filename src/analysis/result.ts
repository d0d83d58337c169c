/** The results of a run put together: what the JSON, the CSV and the cards show. */
import { summarize } from '../metrics/index.ts';
import type { ComparisonPlan } from '../protocol/engine.ts';
import type { WireError } from '../protocol/errors.ts';
import type {
  BackendInfo,
  ComparisonParameters,
  ComparisonResult,
  ComparisonSummary,
  ComparisonTensor,
} from '../protocol/results.ts';

/** The model-level figures of what is done so far. */
export function summaryOf(
  plan: ComparisonPlan,
  tensors: ReadonlyMap<string, ComparisonTensor>,
  failed: readonly { name: string; error: WireError }[],
): ComparisonSummary {
  return summarize({
    tensors: [...tensors.values()],
    planned: plan.pairs.filter((pair) => pair.spectral).length,
    elementwiseOnly: plan.pairs
      .filter((pair) => !pair.spectral)
      .map(({ name, reason }) => ({ name, reason: reason ?? 'spectra were not asked for' })),
    failed: [...failed],
  });
}

/** offaxis.comparison/1: tensors in the order of the plan. */
export function assembleComparison(
  plan: ComparisonPlan,
  backend: BackendInfo,
  parameters: ComparisonParameters,
  tensors: ReadonlyMap<string, ComparisonTensor>,
  failed: readonly { name: string; error: WireError }[],
): ComparisonResult {
  return {
    schema: 'offaxis.comparison/1',
    base: plan.base,
    tuned: plan.tuned,
    parameters,
    backend,
    tensors: plan.pairs.flatMap((pair) => tensors.get(pair.name) ?? []),
    skipped: plan.skipped,
    unpaired: plan.unpaired,
    summary: summaryOf(plan, tensors, failed),
  };
}
