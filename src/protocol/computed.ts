/** Which matrices were computed where, when it was not all on one. */
import type { BackendInfo, ComparisonTensor } from './results.ts';

export interface ComputedElsewhere {
  kind: BackendInfo['kind'];
  matrices: number;
  /** ascending, each once; matrices outside the layers are counted only */
  layers: number[];
}

/** The matrices that another backend than `kind` computed, by backend. Empty if all were computed on one. */
export function computedElsewhere(tensors: Iterable<ComparisonTensor>, kind: BackendInfo['kind']): ComputedElsewhere[] {
  const found = new Map<BackendInfo['kind'], { matrices: number; layers: Set<number> }>();
  for (const { computedOn, layer } of tensors) {
    if (computedOn === undefined || computedOn === kind) continue;
    const entry = found.get(computedOn) ?? { matrices: 0, layers: new Set<number>() };
    found.set(computedOn, entry);
    entry.matrices++;
    if (layer !== null) entry.layers.add(layer);
  }
  return [...found].map(([other, { matrices, layers }]) => ({
    kind: other,
    matrices,
    layers: [...layers].sort((a, b) => a - b),
  }));
}

/** Ascending whole numbers for people: "0, 3–5, 9". */
export function numberRanges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last && n === last[1] + 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs
    .map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from}, ${to}` : `${from}–${to}`))
    .join(', ');
}
