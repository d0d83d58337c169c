/** How much of the base a comparison covers, and what is said of it beside every headline. */
import { MAX_NAMED_MISSING, type ComparisonPlan, type Coverage } from '../protocol/engine.ts';
import { say, type Text } from '../protocol/say.ts';
import { elementCount } from '../protocol/lists.ts';

/** Share of the base's weights under which a warning names what is missing, and no figure of the model stands without the share. */
const WHOLE = 0.99;

/** Of the problems of a plan those that say how the two sides were made to agree: they stand beside the coverage. */
export function pairingNotes<T extends { code: string }>(problems: readonly T[]): T[] {
  return problems.filter(({ code }) => code.startsWith('pairing-'));
}

/** 0 to 1; null of a base without weights. */
export function coveredShare({ weights }: Coverage): number | null {
  return weights.all === 0 ? null : weights.compared / weights.all;
}

/** What is left of a plan's coverage if of the tensors that it counts these could not be compared, by the names of their pairs. */
export function withoutFailed(
  { tensors, weights, missing }: Coverage,
  failed: readonly Pick<ComparisonPlan['pairs'][number], 'name' | 'shape'>[],
): Coverage {
  // parts of one tensor are pairs of their own, and a tensor of which a part fails is not compared whole
  const names = new Set(failed.map(({ name }) => name.replace(PART, '')));
  const lost = failed.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return {
    tensors: { ...tensors, compared: Math.max(0, tensors.compared - names.size) },
    weights: { ...weights, compared: Math.max(0, weights.compared - lost) },
    missing: [...[...names].map((name) => ({ name, reason: 'it could not be read' })), ...missing].slice(
      0,
      MAX_NAMED_MISSING,
    ),
  };
}
/** "#q", "#3", "#3#gate" behind a tensor's name: a part of it. */
const PART = /(#\d+)?(#[a-z]+)?$/;

export const isPartial = (share: number | null): boolean => share !== null && share < WHOLE;

/** "compared 21 of 21 tensors, 100 % of the base's weights"; `percent` writes a share. */
export function coverageSaid(coverage: Coverage, percent: (share: number) => string): Text {
  const { tensors } = coverage;
  return say(
    "compared {0} of {1} tensors, {2} of the base's weights",
    String(tensors.compared),
    String(tensors.all),
    percent(coveredShare(coverage) ?? 0),
  );
}

/** What is missing, the largest first, if that is more than a hundredth; names as `shown` writes them. */
export function coverageWarning(
  coverage: Coverage,
  percent: (share: number) => string,
  shown: (text: string) => string,
): Text | null {
  const { missing, tensors } = coverage;
  const share = coveredShare(coverage);
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
