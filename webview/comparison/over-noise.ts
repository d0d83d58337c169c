/** A figure over that of its noise; null without a twin, or if the two have no ratio. */
export function overNoise(value: unknown, noise: unknown): number | null {
  if (typeof value !== 'number' || typeof noise !== 'number') return null;
  const ratio = value / noise;
  return ratio > 0 && Number.isFinite(ratio) ? ratio : null;
}
