/** Figures of a whole model that weigh its tensors by their energy, and where in the model the update's energy lies: METRICS.md. */
import type { ComparisonTensor } from '../protocol/results.ts';

/** Beside the plain means, as publications differ in this. Null without a value. */
export interface ModelFigures {
  /** sqrt(sum norm_F(D)^2) / sqrt(sum norm_F(W0)^2) over all compared tensors with finite norms */
  relativeUpdate: number | null;
  /** sum s1(D) / sum norm_F(D) over the block matrices with an update (AlphaRL, arXiv 2510.00553) */
  updateTop1Share: number | null;
}
export function modelFigures(tensors: readonly ComparisonTensor[]): ModelFigures {
  let [base, update, spectral, frobenius] = [0, 0, 0, 0];
  for (const { metrics } of tensors) {
    const { baseNorm, updateNorm, updateSpectralNorm } = metrics;
    if (baseNorm === null || updateNorm === null) continue;
    base += baseNorm ** 2;
    update += updateNorm ** 2;
    if (updateSpectralNorm == null) continue;
    spectral += updateSpectralNorm;
    frobenius += updateNorm;
  }
  return {
    relativeUpdate: base > 0 ? Math.sqrt(update / base) : null,
    updateTop1Share: frobenius > 0 ? spectral / frobenius : null,
  };
}

/** Share of sum norm_F(D)^2 of each group of tensors, in the order in which the groups come; null each if there is no update at all. */
export function energyShares<K>(
  tensors: readonly ComparisonTensor[],
  groupOf: (tensor: ComparisonTensor) => K,
): Map<K, number | null> {
  const energies = new Map<K, number>();
  let total = 0;
  for (const tensor of tensors) {
    const energy = (tensor.metrics.updateNorm ?? 0) ** 2;
    total += energy;
    energies.set(groupOf(tensor), (energies.get(groupOf(tensor)) ?? 0) + energy);
  }
  return new Map([...energies].map(([group, energy]) => [group, total > 0 ? energy / total : null]));
}
