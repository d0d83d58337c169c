/** What is drawn of long curves: markers, bins, heads, ranges. Numbers only, so that each is tested without a page. */
import { meanOf } from '../../src/protocol/lists.ts';

/** Difference markers drawn one by one; past this index they are binned on the logarithmic axis. */
export const SINGLE = 32;
const BINS = 40;

export interface Difference {
  /** index from 1, or the geometric middle of a bin */
  at: number;
  /** root mean square of the differences of one sign in the bin */
  size: number;
  up: boolean;
}
/**
 * Differences s(W1) - s(W0) as markers: single ones up to index 32, then one a sign and bin (rms), so that a thousand values stay
 * readable.
 */
export function differences(base: readonly number[], tuned: readonly number[]): Difference[] {
  const n = Math.min(base.length, tuned.length);
  const delta = (i: number): number => (tuned[i] ?? 0) - (base[i] ?? 0);
  const marks: Difference[] = [];
  for (let i = 0; i < Math.min(n, SINGLE); i++) {
    if (delta(i) !== 0) marks.push({ at: i + 1, size: Math.abs(delta(i)), up: delta(i) > 0 });
  }
  const bins = Math.min(BINS, n - SINGLE);
  for (let b = 0; b < bins; b++) {
    const from = Math.round(SINGLE * (n / SINGLE) ** (b / bins));
    const to = Math.round(SINGLE * (n / SINGLE) ** ((b + 1) / bins));
    for (const up of [true, false]) {
      let sum = 0;
      let count = 0;
      for (let i = from; i < to; i++) {
        const d = delta(i);
        if (d === 0 || d > 0 !== up) continue;
        sum += d * d;
        count++;
      }
      if (count) marks.push({ at: Math.sqrt((from + 1) * to), size: Math.sqrt(sum / count), up });
    }
  }
  return marks;
}

/** Means over as many bins as there are pixels to draw them: a row of 14336 does not fit one by one. */
export function binned(values: readonly number[], bins: number): number[] {
  if (values.length <= bins) return [...values];
  return Array.from({ length: bins }, (_, b) => {
    const from = Math.floor((b * values.length) / bins);
    const to = Math.floor(((b + 1) * values.length) / bins);
    return meanOf(values.slice(from, to)) ?? 0;
  });
}

/** Layers as ranges: "0–5, 7". */
export function ranges(layers: readonly number[]): string {
  const sorted = [...new Set(layers)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length;) {
    let j = i;
    while (j + 1 < sorted.length && sorted[j + 1] === (sorted[j] ?? 0) + 1) j++;
    parts.push(i === j ? String(sorted[i]) : `${sorted[i]}–${sorted[j]}`);
    i = j + 1;
  }
  return parts.join(', ');
}
