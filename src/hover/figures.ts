/** The figures of a comparison for one tensor or the mean of several, each beside its null or limit. */
import { energySaid, maskSaid, tally, type Words } from '../metrics/verdict.ts';
import { greatest } from '../protocol/lists.ts';
import type { ComparisonTensor } from '../protocol/results.ts';

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

/** Unweighted means over the matrices that have a value; the largest of the angles (METRICS.md, "Model-level figures"). */
export function alignmentFigures(tensors: readonly ComparisonTensor[]): AlignmentFigures {
  const metrics = tensors.map((tensor) => tensor.metrics);
  const spectral = metrics.filter(({ maskRank }) => maskRank !== undefined);
  const off = (v: number | null | undefined): number | null => (typeof v === 'number' ? 1 - v : null);
  const angles = spectral.flatMap((m) => [m.angleUMax, m.angleVMax]).filter((v) => typeof v === 'number');
  return {
    matrices: spectral.length,
    offMask: mean(spectral.map((m) => off(m.principalOverlap))),
    offMaskNull: mean(spectral.map((m) => off(m.principalNull))),
    offMaskNullStep: mean(spectral.map((m) => off(m.principalNullStep))),
    offEnergy: mean(spectral.map((m) => off(m.jointEnergy))),
    offEnergyBaseline: mean(spectral.map((m) => off(m.jointEnergyBaseline))),
    nss: mean(spectral.map((m) => m.nss)),
    relativeUpdate: mean(metrics.map((m) => m.relativeUpdate)),
    largestAngle: angles.length ? greatest(angles) : null,
    vacuous: spectral.filter((m) => m.wedinVacuous === true).length,
    unchanged: mean(metrics.map((m) => m.unchangedBf16)),
    mask: tally(spectral, maskSaid),
    energy: tally(spectral, energySaid),
  };
}

function mean(values: readonly (number | null | undefined)[]): number | null {
  const given = values.filter((v): v is number => typeof v === 'number');
  return given.length ? given.reduce((sum, v) => sum + v, 0) / given.length : null;
}
