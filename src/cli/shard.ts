/** `offaxis compare --shard I/N`: one machine's part of a comparison, for `offaxis gather`. */
import { resolve } from '../bytes/index.ts';
import type { Analysis } from '../analysis/index.ts';
import type { ComparisonCommand } from '../export/commandLine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ComparisonPart, Shard } from '../protocol/part.ts';
import { refuseUnpaired } from '../results/nothingPairs.ts';
import { Accumulator } from '../results/accumulator.ts';
import { count, plural } from '../export/plain.ts';
import { follow } from './follow.ts';
import { sayProblems } from './outcome.ts';
import type { Outputs } from './output.ts';
import { VERSION } from './version.ts';

/** Throws bad-file if nothing pairs, and read-failed, when the rest is written, if a tensor failed. */
export async function runShard(
  analysis: Analysis,
  { base, tuned, parameters, shard }: ComparisonCommand & { shard: Shard },
  outputs: Outputs,
  signal: AbortSignal,
): Promise<void> {
  const { includeEmbeddings, tensors } = parameters;
  const inputs = await analysis.inputs({ base, tuned, includeEmbeddings, tensors }, signal);
  const found = new Accumulator(parameters.profiles);
  await follow(analysis.compare({ runId: 'cli', base, tuned, parameters, shard }, signal), found);
  const { plan, backend } = found;
  if (!plan || !backend) throw new OffaxisError('bug', 'The comparison ended without a plan.');
  const lists = found.lists();
  const { failed } = lists;
  sayProblems(found, { summary: { failed } });
  if (found.plan) refuseUnpaired(found.plan, base, tuned);
  const part: ComparisonPart = {
    schema: 'offaxis.part/1',
    engine: VERSION,
    shard,
    inputs,
    parameters,
    backend,
    plan: { ...plan, base: resolve(base), tuned: resolve(tuned) },
    ...lists,
  };
  await outputs.write({
    json: () => part,
    lines: () => [
      `part ${shard.index} of ${shard.of}: ${count(part.tensors.length)} of ${count(plan.pairs.length)} tensors compared`,
    ],
  });
  if (failed.length)
    throw new OffaxisError(
      'read-failed',
      `${plural(failed.length, 'tensor')} of part ${shard.index} of ${shard.of} could not be compared in full. Mend what is said above and run this part again.`,
    );
}
