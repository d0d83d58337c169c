/** The figures of a comparison for one tensor or the mean of several, each beside its null or limit. */
import { energySaid, maskSaid, tally, type Words } from '../metrics/verdict.ts';
import { greatest } from '../protocol/lists.ts';
import type { Aggregate, ComparisonTensor } from '../protocol/results.ts';
import { hasSpectra, summaryOfPart } from '../results/accumulator.ts';

export type Tally = readonly { words: Words; items: readonly unknown[] }[];
export interface AlignmentFigures {
  matrices: number;
  offMask: number | null;
  offMaskNull: number | null;
  offMaskNullStep: number | null;
  offEnergy: number | null;
  offEnergyBaseline: number | null;
  nss: number | null;
  relativeUpdate: number | null;
  largestAngle: number | null;
  /** of how many matrices no bound on the angles applies */
  vacuous: number;
  unchanged: number | null;
  /** what is said of the matrices in both views, and of how many */
  mask: Tally;
  energy: Tally;
}

/** As the summary of a comparison has them (METRICS.md, "Model-level figures"), and the largest of the angles. */
export function alignmentFigures(tensors: readonly ComparisonTensor[]): AlignmentFigures {
  const spectral = tensors.filter(hasSpectra).map(({ metrics }) => metrics);
  const summary = summaryOfPart(tensors);
  const of = (id: string): Aggregate | undefined => summary.metrics[id];
  const mean = (id: string): number | null => of(id)?.mean ?? null;
  const off = (id: string): number | null => {
    const value = mean(id);
    return value === null ? null : 1 - value;
  };
  const angles = [of('angleUMax')?.max, of('angleVMax')?.max].filter((angle) => typeof angle === 'number');
  return {
    matrices: summary.matrices.done,
    offMask: off('principalOverlap'),
    offMaskNull: off('principalNull'),
    offMaskNullStep: off('principalNullStep'),
    offEnergy: off('jointEnergy'),
    offEnergyBaseline: off('jointEnergyBaseline'),
    nss: mean('nss'),
    relativeUpdate: mean('relativeUpdate'),
    largestAngle: angles.length ? greatest(angles) : null,
    vacuous: summary.wedinVacuous,
    unchanged: summary.unchangedBf16,
    mask: tally(spectral, maskSaid),
    energy: tally(spectral, energySaid),
  };
}
