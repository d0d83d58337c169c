/** The figures of a comparison for one tensor or several, each beside its null or limit. */
import { HEADLINES, toldOf, type Headline, type Told } from '../metrics/headlines.ts';
import { energySaid, maskSaid, tally, type Words } from '../metrics/verdict.ts';
import type { ComparisonTensor } from '../protocol/results.ts';
import { hasSpectra, summaryOfPart } from '../results/accumulator.ts';

export type Tally = readonly { words: Words; items: readonly unknown[] }[];
export interface AlignmentFigures {
  matrices: number;
  headlines: readonly { headline: Headline; told: Told }[];
  /** of how many matrices no bound on the angles applies */
  vacuous: number;
  unchanged: number | null;
  /** what is said of the matrices in both views, and of how many */
  mask: Tally;
  energy: Tally;
}

/** As the summary of a comparison has them (METRICS.md, "Model-level figures"). */
export function alignmentFigures(tensors: readonly ComparisonTensor[]): AlignmentFigures {
  const spectral = tensors.filter(hasSpectra).map(({ metrics }) => metrics);
  const { matrices, wedinVacuous, unchangedBf16 } = summaryOfPart(tensors);
  return {
    matrices: matrices.done,
    headlines: HEADLINES.map((headline) => ({ headline, told: toldOf(headline, spectral) })),
    vacuous: wedinVacuous ?? 0,
    unchanged: unchangedBf16,
    mask: tally(spectral, maskSaid),
    energy: tally(spectral, energySaid),
  };
}
