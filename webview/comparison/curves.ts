/** What is drawn of long curves: bins, ranges. Numbers only, so that each is tested without a page. */
import { meanOf } from '../../src/protocol/lists.ts';

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
