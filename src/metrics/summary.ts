/** Model-level figures: what a run says of the whole model, always with how many matrices it is made of. */
import { greatest, meanOf, pushTo, elementCount } from '../protocol/lists.ts';
import type {
  Aggregate,
  ComparisonMetrics,
  ComparisonSummary,
  ComparisonTensor,
  Verdict,
} from '../protocol/results.ts';
import { figuresOf } from './catalog.ts';
import { lineageOfTensors } from './lineage.ts';
import { energyShares, modelFigures } from './model.ts';
import { quantisationOf } from './quantisation.ts';
import { maskVerdict } from './verdict.ts';

export interface SummaryInput {
  tensors: readonly ComparisonTensor[];
  /** matrices whose spectra are wanted */
  planned: number;
  elementwiseOnly: ComparisonSummary['elementwiseOnly'];
  failed: ComparisonSummary['failed'];
  /** null of a part of a comparison */
  coverage: number | null;
}
type FractionId = 'unchangedBf16' | 'unchangedRelative' | 'unchangedAbsolute' | 'updateDensity';
/** Plain means are taken of the other numbers: fractions are weighted by parameters, and ranks are parameters. */
const AVERAGED = [...figuresOf('change'), ...figuresOf('update')].filter(
  ({ kind, aggregate }) => (kind === 'number' || kind === 'integer') && aggregate === undefined,
);

/**
 * Fractions of weights: over all compared floating tensors, weighted by parameters. All others: unweighted mean over the block matrices
 * that have a value, and the maximum, by metric id of section B; null if no matrix has one.
 */
export function summarize({ tensors, planned, elementwiseOnly, failed, coverage }: SummaryInput): ComparisonSummary {
  const matrices = tensors.filter(({ metrics }) => metrics.angleRank !== undefined);
  const maskVerdicts: Record<Verdict, number> = { off: 0, on: 0, noise: 0, none: 0 };
  for (const { metrics } of matrices) maskVerdicts[maskVerdict(metrics)]++;
  return {
    weights: tensors.reduce((total, tensor) => total + weightsOf(tensor), 0),
    coverage,
    unchangedBf16: fraction(tensors, 'unchangedBf16'),
    unchangedRelative: fraction(tensors, 'unchangedRelative'),
    unchangedAbsolute: fraction(tensors, 'unchangedAbsolute'),
    updateDensity: fraction(tensors, 'updateDensity'),
    matrices: { done: matrices.length, planned },
    metrics: aggregates(matrices.map((tensor) => tensor.metrics)),
    model: modelFigures(tensors),
    quantisation: quantisationOf(tensors),
    lineage: lineageOfTensors(tensors),
    layers: [...energyShares(tensors, ({ layer }) => layer)].map(([layer, updateShare]) => ({ layer, updateShare })),
    modules: modulesOf(tensors, matrices),
    maskVerdicts,
    wedinVacuous: matrices.some(({ metrics }) => metrics.wedinVacuous !== undefined)
      ? matrices.filter(({ metrics }) => metrics.wedinVacuous === true).length
      : null,
    elementwiseOnly,
    failed,
  };
}

function modulesOf(
  tensors: readonly ComparisonTensor[],
  matrices: readonly ComparisonTensor[],
): ComparisonSummary['modules'] {
  const members = new Map<string, ComparisonMetrics[]>();
  for (const { module, metrics } of matrices) pushTo(members, module, metrics);
  return [...energyShares(tensors, ({ module }) => module)].map(([module, updateShare]) => {
    const metrics = members.get(module) ?? [];
    return { module, updateShare, matrices: metrics.length, metrics: aggregates(metrics) };
  });
}

function weightsOf(tensor: ComparisonTensor): number {
  return elementCount(tensor.shape);
}

/** Whole weights, counted: round(f * weights) is exact for a fraction that was a count over the weights. */
function fraction(tensors: readonly ComparisonTensor[], id: FractionId): number | null {
  let weights = 0;
  let counted = 0;
  for (const tensor of tensors) {
    weights += weightsOf(tensor);
    counted += Math.floor(tensor.metrics[id] * weightsOf(tensor) + 0.5);
  }
  return weights === 0 ? null : counted / weights;
}

/** Every other figure, of which each matrix has a number or null. */
function aggregates(matrices: readonly ComparisonMetrics[]): Record<string, Aggregate> {
  if (matrices.length === 0) return {};
  return Object.fromEntries(
    // a comparison that ends with the alignment has no figures of whole spectra
    AVERAGED.filter(({ id }) => matrices.some((metrics) => metrics[id] !== undefined)).map(
      ({ id }): [string, Aggregate] => [
        id,
        aggregate(matrices.map((metrics) => (typeof metrics[id] === 'number' ? metrics[id] : null))),
      ],
    ),
  );
}

/** Unweighted mean and maximum of the values that are not null. */
export function aggregate(values: readonly (number | null)[]): Aggregate {
  const present = values.filter((value) => value !== null);
  const count = present.length;
  return {
    mean: meanOf(present),
    max: count === 0 ? null : greatest(present),
    count,
    nulls: values.length - count,
  };
}
