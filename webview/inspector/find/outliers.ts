/** Tensors that stand apart from their siblings, the same module in other layers. Pure. */

/** |z| from which a value counts as an outlier (Iglewicz and Hoaglin 1993). */
export const Z_THRESHOLD = 3.5;
/** The median of fewer values says little about what is usual. */
export const MIN_SIBLINGS = 5;
/** The MAD of a normal distribution is 0.6745 standard deviations. */
const NORMAL_MAD = 0.6745;

export interface Valued<T> {
  item: T;
  /** siblings share it */
  family: string;
  value: number;
}
export interface Outlier<T> extends Valued<T> {
  /** infinite if the MAD is 0: more than half of the siblings share one value, and this is another */
  z: number;
  median: number;
  siblings: number;
}
export interface Outliers<T> {
  /** the farthest first */
  found: Outlier<T>[];
  /** values that have a z */
  judged: number;
  /** values whose family is too small */
  leftOut: number;
}

/** The middle value, or the mean of the two middle ones; NaN of none. */
export function median(values: readonly number[]): number {
  const ordered = Float64Array.from(values).sort();
  const middle = ordered.length >> 1;
  const upper = ordered[middle] ?? NaN;
  return ordered.length % 2 ? upper : ((ordered[middle - 1] ?? NaN) + upper) / 2;
}

/** z = 0.6745 (x - median) / MAD, MAD = median |x - median| over the family. All |z| >= `threshold`. */
export function robustOutliers<T>(values: readonly Valued<T>[], threshold = Z_THRESHOLD): Outliers<T> {
  const families = new Map<string, Valued<T>[]>();
  for (const each of values) {
    if (!Number.isFinite(each.value)) continue;
    const family = families.get(each.family);
    if (family) family.push(each);
    else families.set(each.family, [each]);
  }
  const result: Outliers<T> = { found: [], judged: 0, leftOut: 0 };
  for (const family of families.values()) {
    if (family.length < MIN_SIBLINGS) {
      result.leftOut += family.length;
      continue;
    }
    result.judged += family.length;
    const middle = median(family.map(({ value }) => value));
    const mad = median(family.map(({ value }) => Math.abs(value - middle)));
    for (const each of family) {
      const off = each.value - middle;
      const z = off === 0 ? 0 : (NORMAL_MAD * off) / mad;
      if (Math.abs(z) >= threshold) result.found.push({ ...each, z, median: middle, siblings: family.length });
    }
  }
  result.found.sort((a, b) => Math.abs(b.z) - Math.abs(a.z) || 0);
  return result;
}
