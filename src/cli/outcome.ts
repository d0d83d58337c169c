/** What is said of a comparison that went wrong, in whole or in part: of one run, of a part, of a report. */
import { OffaxisError } from '../protocol/errors.ts';
import type { ComparisonResult } from '../protocol/results.ts';
import type { Accumulator } from '../results/accumulator.ts';
import { terminal, visible } from '../text/show.ts';

/** On standard error, before anything is written. */
export function sayProblems(
  { plan }: Accumulator,
  { summary }: { summary: Pick<ComparisonResult['summary'], 'failed'> },
): void {
  for (const problem of plan?.problems ?? [])
    if (problem.severity !== 'info')
      process.stderr.write(`offaxis: ${problem.severity}: ${terminal(problem.message)}\n`);
  for (const { name, error } of summary.failed)
    process.stderr.write(`offaxis: ${visible(name)}: ${terminal(error.message)}\n`);
}
/** When all that could be is written: throws bad-file if nothing could be computed, read-failed if a tensor failed. */
export function refuseIncomplete(
  { plan }: Accumulator,
  { summary: { failed }, tensors }: Pick<ComparisonResult, 'summary' | 'tensors'>,
): void {
  if (tensors.length === 0 && failed[0]) throw new OffaxisError('bad-file', failed[0].error.message);
  if (failed.length) throw new OffaxisError('read-failed', partial(failed.length, plan?.pairs.length ?? 0));
}

/** Each failure has been said by then. */
function partial(failed: number, all: number): string {
  return `${failed} of ${all} tensors could not be compared in full: the figures are of the rest. Mend what is said above and compare again.`;
}
