/** Is this the base of that? From the cosines of the block matrices, and once spectra are there from their shifts: METRICS.md, "Lineage". */
import type { ComparisonTensor } from '../protocol/results.ts';
import { median } from './median.ts';
import { say, type Text } from '../protocol/say.ts';

/** `tuned`: base and tuned; `rotated`: one spectrum in two bases; `unrelated`; `apart`: between. */
export type Lineage = 'tuned' | 'rotated' | 'unrelated' | 'apart';

/** Medians: from this cosine on the pair is base and tuned; under these it is not, in one of two ways that the spectra tell. */
const TUNED = 0.9;
const ROTATED = 0.5;
const UNRELATED = 0.1;
/** Median nss under which two spectra are the same. */
const SAME_SPECTRUM = 0.05;

const LINEAGE_WORDS: Readonly<Record<Exclude<Lineage, 'tuned'>, Text>> = {
  rotated: say('Same spectra in another basis: rotated, permuted or re-fused. Masks and angles mean nothing here.'),
  unrelated: say('Unrelated weights: these are hardly a base and what was trained from it.'),
  apart: say('Far apart: these are hardly a base and what was trained from it.'),
};

export interface LineageFound {
  /** null without a cosine */
  verdict: Lineage | null;
  /** medians over the block matrices that have one; nss null before any spectrum */
  cosine: number | null;
  nss: number | null;
}
type Values = readonly (number | null | undefined)[];

/** Of the results of a comparison so far. */
export function lineageOfTensors(tensors: Iterable<ComparisonTensor>): LineageFound {
  const cosines: Values[number][] = [];
  const shifts: Values[number][] = [];
  for (const { layer, shape, metrics } of tensors) {
    // the matrices whose spectra would be computed, known before any is
    if (layer !== null && shape.length === 2 && shape.every((size) => size >= 2)) cosines.push(metrics.cosine);
    shifts.push(metrics.nss);
  }
  return lineageOf(cosines, shifts);
}
export function lineageOf(cosines: Values, shifts: Values): LineageFound {
  const [cosine, nss] = [median(cosines), median(shifts)];
  return { verdict: cosine === null ? null : verdict(cosine, nss), cosine, nss };
}
function verdict(cosine: number, nss: number | null): Lineage {
  if (cosine >= TUNED) return 'tuned';
  if (nss === null) return 'apart';
  if (nss < SAME_SPECTRUM) return cosine < ROTATED ? 'rotated' : 'apart';
  return cosine < UNRELATED ? 'unrelated' : 'apart';
}
/** What is said in front of every other figure; null of a base and its tuned. */
export function lineageWarning({ verdict }: LineageFound): Text | null {
  return verdict === null || verdict === 'tuned' ? null : LINEAGE_WORDS[verdict];
}
