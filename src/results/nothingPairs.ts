/** Why a comparison has nothing to compare: one sentence, for the command line, the page and the assistant. */
import type { ComparisonPlan } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';

/** Throws bad-file if nothing pairs. `base` and `tuned` stand in the sentence as they are given. */
export function refuseUnpaired(
  { pairs, skipped }: Pick<ComparisonPlan, 'pairs' | 'skipped'>,
  base: string,
  tuned: string,
): void {
  if (pairs.length > 0) return;
  const [first] = skipped;
  const more = skipped.length > 1 ? say` (and ${skipped.length - 1} more)` : '';
  throw new OffaxisError(
    'bad-file',
    first
      ? say`Nothing of ${base} and ${tuned} can be compared. ${first.name}${more}: ${first.reason}.`
      : say`No floating tensor of ${base} and ${tuned} pairs by name and shape. Check that both are checkpoints of one model.`,
  );
}
