/** How much of the base a comparison covers, and what is said of it beside every headline. */
import type { Coverage } from '../protocol/engine.ts';
import { say, type Text } from './say.ts';

/** Shares of the base's weights: under the first a warning names what is missing, under the second no figure stands without the share. */
const WHOLE = 0.99;
const HALF = 0.5;

/** Of the problems of a plan those that say how the two sides were made to agree: they stand beside the coverage. */
export function pairingNotes<T extends { code: string }>(problems: readonly T[]): T[] {
  return problems.filter(({ code }) => code.startsWith('pairing-'));
}

/** 0 to 1; null of a base without weights. `failed`: weights that were planned and could not be compared. */
export function coveredShare({ weights }: Coverage, failed = 0): number | null {
  return weights.all === 0 ? null : Math.max(0, weights.compared - failed) / weights.all;
}

export const isPartial = (share: number | null): boolean => share !== null && share < WHOLE;
export const isUnderHalf = (share: number | null): boolean => share !== null && share < HALF;

/** "compared 21 of 21 tensors, 100 % of the base's weights"; `percent` writes a share. */
export function coverageSaid({ tensors }: Coverage, share: number | null, percent: (share: number) => string): Text {
  return say(
    "compared {0} of {1} tensors, {2} of the base's weights",
    String(tensors.compared),
    String(tensors.all),
    share === null ? '0 %' : percent(share),
  );
}

/** What is missing, the largest first, if that is more than a hundredth; names as `shown` writes them. */
export function coverageWarning(
  { missing, tensors }: Coverage,
  share: number | null,
  percent: (share: number) => string,
  shown: (text: string) => string,
): Text | null {
  if (share === null || !isPartial(share)) return null;
  const head = say("Only {0} of the base's weights were compared; every figure is of those.", percent(share));
  if (missing.length === 0) return head;
  // a reason stands once, behind the last of the names that share it
  const names = missing
    .map(({ name, reason }, i) => shown(name) + (missing[i + 1]?.reason === reason ? '' : ` (${shown(reason)})`))
    .join(', ');
  const others = tensors.all - tensors.compared - missing.length;
  return others > 0
    ? say('{0} Missing: {1} and {2} more.', head, names, String(others))
    : say('{0} Missing: {1}.', head, names);
}
