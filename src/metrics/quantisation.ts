/**
 * What quantising a model lost: over the tensors with a quantised side the relative update is the error of the quantisation, unless
 * training changed more. SQNR = -20 log10(relative update) dB, of norms pooled over those tensors.
 */
import type { ComparisonSummary, ComparisonTensor } from '../protocol/results.ts';
import { say, type Text } from '../protocol/say.ts';
import { elementCount } from '../protocol/lists.ts';

type Found = NonNullable<ComparisonSummary['quantisation']>;

/** null if no side of any tensor is quantised. `text`: that of most weights. */
export function quantisationOf(tensors: readonly ComparisonTensor[]): ComparisonSummary['quantisation'] {
  const weights = new Map<string, number>();
  let count = 0;
  let [update, base] = [0, 0];
  for (const { quantised, shape, metrics } of tensors) {
    if (quantised === undefined) continue;
    weights.set(quantised, (weights.get(quantised) ?? 0) + elementCount(shape));
    count++;
    update += (metrics.updateNorm ?? NaN) ** 2;
    base += (metrics.baseNorm ?? NaN) ** 2;
  }
  const [most] = [...weights].sort((a, b) => b[1] - a[1]);
  if (!most) return null;
  const ratio = Math.sqrt(update / base);
  const relativeUpdate = Number.isFinite(ratio) ? ratio : null;
  return { text: most[0], tensors: count, relativeUpdate, sqnr: sqnrOf(relativeUpdate) };
}

/** dB; null if nothing differs, or if it is not defined. */
export function sqnrOf(relativeUpdate: number | null | undefined): number | null {
  return relativeUpdate == null || !(relativeUpdate > 0) ? null : -20 * Math.log10(relativeUpdate);
}

/** "quantised (FP8, blocks of 128): the difference is rounding of the scales' grid unless larger; SQNR 30.9 dB" */
export function quantisationSaid({ text, sqnr }: Pick<Found, 'text' | 'sqnr'>): Text {
  return sqnr === null
    ? say("quantised ({0}): the difference is rounding of the scales' grid unless larger", text)
    : say(
        "quantised ({0}): the difference is rounding of the scales' grid unless larger; SQNR {1} dB",
        text,
        sqnr.toFixed(1),
      );
}
