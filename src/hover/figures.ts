/** The figures of a comparison for one tensor or the mean of several, each beside its null or limit. */
import { energyVerdict, maskVerdict } from '../metrics/verdict.ts';
import { greatest } from '../protocol/lists.ts';
import type { ComparisonTensor, Verdict } from '../protocol/results.ts';

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
  /** of the matrices, in both views */
  mask: Record<Verdict, number>;
  energy: Record<Verdict, number>;
}

/** Unweighted means over the matrices that have a value; the largest of the angles (METRICS.md, "Model-level figures"). */
export function alignmentFigures(tensors: readonly ComparisonTensor[]): AlignmentFigures {
  const metrics = tensors.map((tensor) => tensor.metrics);
  const spectral = metrics.filter(({ maskRank }) => maskRank !== undefined);
  const off = (v: number | null | undefined): number | null => (typeof v === 'number' ? 1 - v : null);
  const angles = spectral.flatMap((m) => [m.angleUMax, m.angleVMax]).filter((v) => typeof v === 'number');
  const mask: Record<Verdict, number> = { off: 0, on: 0, noise: 0, none: 0 };
  const energy: Record<Verdict, number> = { off: 0, on: 0, noise: 0, none: 0 };
  for (const m of spectral) {
    mask[maskVerdict(m)]++;
    energy[energyVerdict(m)]++;
  }
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
    mask,
    energy,
  };
}

function mean(values: readonly (number | null | undefined)[]): number | null {
  const given = values.filter((v): v is number => typeof v === 'number');
  return given.length ? given.reduce((sum, v) => sum + v, 0) / given.length : null;
}
