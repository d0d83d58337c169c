/** `offaxis report`: a comparison as a document. */
import type { Analysis } from '../analysis/index.ts';
import { reportCommandLine } from '../export/commandLine.ts';
import { bytes } from '../export/plain.ts';
import { readsOf, refuseDestination, writeStandardOutput, writeWhole } from '../files/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { reportText } from '../report/index.ts';
import { refuseUnpaired } from '../results/nothingPairs.ts';
import { Accumulator } from '../results/accumulator.ts';
import { terminal } from '../text/show.ts';
import { baseOf, isAdapter } from './base.ts';
import { refuseIncomplete, sayProblems } from './outcome.ts';
import { follow } from './follow.ts';
import type { ReportInvocation } from './reportArguments.ts';
import { VERSION } from './version.ts';

/**
 * Writes the document and says where. Throws bad-parameter if the base is an adapter or the destination is refused, and as
 * writeComparison does.
 */
export async function runReport(analysis: Analysis, options: ReportInvocation, signal: AbortSignal): Promise<void> {
  const { tuned, parameters, destination, format } = options;
  if (options.base !== null && (await isAdapter(analysis, options.base, signal)))
    throw new OffaxisError(
      'bad-parameter',
      `${options.base} is an adapter, and a report takes the base that the update was made to. "offaxis compare" sets two updates beside each other.`,
    );
  const base = options.base ?? (await baseOf(analysis, tuned, signal));
  const reads = await readsOf([base, tuned]);
  await refuseDestination(destination, { reads });
  const found = new Accumulator(false);
  await follow(analysis.compare({ runId: 'cli', base, tuned, parameters }, signal), found);
  // as they were named: a document is read on other machines
  const result = { ...found.result(parameters), base, tuned };
  sayProblems(found, result);
  if (found.plan) refuseUnpaired(found.plan, base, tuned);
  const [plan, coverage, answer] = [found.plan, found.coverage(), found.answer()];
  if (!plan || !coverage || !answer) throw new OffaxisError('bug', 'The comparison ended without a plan.');
  const { includeEmbeddings, tensors } = parameters;
  const text = reportText(
    {
      ...{ result, plan, coverage, answer, version: VERSION },
      inputs: await analysis.inputs({ base, tuned, includeEmbeddings, tensors }, signal),
      command: reportCommandLine({ base, tuned, parameters }, destination),
    },
    format,
  );
  await writeWhole(destination, [text], { reads, signal });
  await writeStandardOutput(`written: ${terminal(destination)}, ${bytes(Buffer.byteLength(text))}\n`);
  refuseIncomplete(found, result);
}
