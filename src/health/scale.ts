/** Tensors whose scale stands apart from the same module's in the other layers. */

/** A spread needs a few values before it says anything. */
export const MIN_SIBLINGS = 6;
/**
 * |z| beyond which a tensor is an outlier. For Gaussian log RMS the chance that any of n siblings passes it is 6 % at n = 6, 2 % at 16,
 * 0.6 % at 32 (simulated, in the tests): the spread of few siblings is itself uncertain, so the customary 3.5 would flag one group in
 * seven.
 */
export const SCALE_Z = 5;
/** Siblings can agree so well that a difference of a few percent has a large z: less than twice or half the median is never reported. */
const SCALE_FACTOR = 2;
/** Ten times or a tenth of the median is not explained by training any more: a scale forgotten or applied twice. */
const SCALE_FACTOR_WARNING = 10;

export interface ScaleOutlier<T> {
  member: T;
  /** RMS over the median RMS of the siblings */
  factor: number;
  /** (ln RMS - median) / (1.4826 * MAD), the robust z of Iglewicz and Hoaglin (1993); infinite if the others are all equal */
  z: number;
  siblings: number;
  severity: 'warning' | 'info';
}

/** `members` are one module over the layers, `rms` > 0 each. */
export function scaleOutliers<T extends { rms: number }>(members: readonly T[]): ScaleOutlier<T>[] {
  if (members.length < MIN_SIBLINGS) return [];
  const logs = members.map(({ rms }) => Math.log(rms));
  const center = median(logs);
  const spread = 1.4826 * median(logs.map((x) => Math.abs(x - center)));
  return members.flatMap((member, i) => {
    const distance = (logs[i] as number) - center;
    const z = distance === 0 ? 0 : distance / spread;
    const factor = Math.exp(distance);
    const size = Math.exp(Math.abs(distance));
    if (!(Math.abs(z) > SCALE_Z && size > SCALE_FACTOR)) return [];
    return [
      { member, factor, z, siblings: members.length, severity: size >= SCALE_FACTOR_WARNING ? 'warning' : 'info' },
    ];
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}
