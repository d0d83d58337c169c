/** `offaxis gather`: the parts of a comparison that several machines shared, as the result of one run. */
import { throwIfAborted } from '../protocol/errors.ts';
import { Accumulator } from '../results/accumulator.ts';
import type { Invocation } from './arguments.ts';
import { writeComparison } from './compare.ts';
import { openOutputs } from './output.ts';
import { inOrder, partPaths, readPart, type PartFile } from './parts.ts';

/** Throws bad-file if the parts do not make one comparison, and as runCompare does. */
export async function runGather(
  options: Extract<Invocation, { command: 'gather' }>,
  signal: AbortSignal,
): Promise<void> {
  const paths = await partPaths(options.parts);
  const outputs = await openOutputs(options, paths, signal);
  const files: PartFile[] = [];
  for (const path of paths) {
    throwIfAborted(signal);
    files.push(await readPart(path));
  }
  const parts = inOrder(files).map(({ part }) => part);
  const [{ plan, backend, parameters }] = parts as [PartFile['part']];
  const found = new Accumulator(parameters.profiles);
  found.add({ type: 'plan', plan, backend });
  for (const { tensors, details, failed } of parts) found.merge({ tensors, details, failed });
  await writeComparison(found, { base: plan.base, tuned: plan.tuned, parameters }, outputs);
}
