/** What the open editors and panels have computed: hovers read it, and never ask for more. */
import type {
  CheckpointFacts,
  ComparisonPlan,
  MatrixDetail,
  TensorSpectrum,
  TensorStatistics,
} from '../protocol/engine.ts';
import type { ComparisonTensor } from '../protocol/results.ts';

export interface KnownCheckpoint {
  path: string;
  facts: CheckpointFacts | null;
  statistics: ReadonlyMap<string, TensorStatistics>;
  /** by name of the matrix */
  spectra: ReadonlyMap<string, TensorSpectrum>;
}
export interface KnownComparison {
  base: string;
  tuned: string;
  baseName: string;
  tunedName: string;
  plan: ComparisonPlan | null;
  /** by name of the tensor or of its part, "NAME#q" */
  tensors: ReadonlyMap<string, ComparisonTensor>;
  details: ReadonlyMap<string, MatrixDetail>;
}
export interface KnownResults {
  /** the one in front first */
  checkpoints(): readonly KnownCheckpoint[];
  comparisons(): readonly KnownComparison[];
}

/** What is known of these tensors in a comparison: their own results, and those of their parts. */
export function comparedParts(comparison: KnownComparison, names: readonly string[]): ComparisonTensor[] {
  const wanted = new Set(names);
  if (names.length === 1 && names[0] !== undefined) {
    const own = comparison.tensors.get(names[0]);
    if (own) return [own];
  }
  return [...comparison.tensors.values()].filter(
    ({ name }) => wanted.has(name) || wanted.has(name.replace(/#[^#]*$/, '')),
  );
}
