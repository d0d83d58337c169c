/** `offaxis cluster`: the job that shares a comparison over many machines, of the parts that are missing. */
import { withinCap } from '../analysis/memoryCap.ts';
import { isMarked } from '../bytes/index.ts';
import { comparisonCommandLine, operand, quotePosix } from '../export/commandLine.ts';
import { writeStandardOutput } from '../files/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { terminal } from '../text/show.ts';
import type { Invocation } from './arguments.ts';
import { missingOf, partPaths, ranged, readPart } from './parts.ts';
import { jobText } from './schedulers.ts';

/** A file of the folder that is not a whole part of so many counts as missing. Throws bad-parameter for an address that only this process can read, and for memory that no task could work in. */
export async function runCluster(options: Extract<Invocation, { command: 'cluster' }>): Promise<void> {
  const { scheduler, shards: of, memoryBytes } = options;
  const folder = operand(options.parts);
  for (const side of [options.base, options.tuned])
    if (isMarked(side))
      throw new OffaxisError(
        'bad-parameter',
        `${side}: the private part of the address (its signature or password) stays in this process, so no machine of the job could read it. Name a path that all of them have, or an hf:// or s3:// address, whose keys they take from their environment.`,
      );
  if (memoryBytes) withinCap(memoryBytes, 1);
  const present = new Set<number>();
  // A folder that is not there yet holds none.
  for (const path of await partPaths([folder]).catch(() => [])) {
    const file = await readPart(path).catch(() => null);
    if (file?.part.shard.of === of && file.part.failed.length === 0) present.add(file.part.shard.index);
  }
  const missing = missingOf(present, of);
  if (!missing.length) {
    process.stderr.write(
      `offaxis: all ${of} parts lie in ${terminal(folder)}. Put them together: offaxis gather ${terminal(quotePosix(folder))}\n`,
    );
    return;
  }
  const limit = memoryBytes ? ` --memory ${memoryBytes}` : '';
  const command = `${comparisonCommandLine(options, 'linux')}${limit}`;
  const job = { command, folder, quotedFolder: quotePosix(folder), of, missing, ranges: ranged(missing), memoryBytes };
  await writeStandardOutput(`${jobText(scheduler, job)}\n`);
}
