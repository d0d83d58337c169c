/** `offaxis cluster`: the job that shares a comparison over many machines, of the parts that are missing. */
import { comparisonCommandLine, quotePosix } from '../export/commandLine.ts';
import { writeStandardOutput } from '../files/index.ts';
import { terminal } from '../text/show.ts';
import type { Invocation } from './arguments.ts';
import { missingOf, partPaths, ranged, readPart } from './parts.ts';
import { jobText } from './schedulers.ts';

/** A file of the folder that is not a whole part of so many counts as missing. */
export async function runCluster(options: Extract<Invocation, { command: 'cluster' }>): Promise<void> {
  const { scheduler, shards: of, parts: folder } = options;
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
  const command = comparisonCommandLine(options, 'linux');
  const job = { command, folder, quotedFolder: quotePosix(folder), of, missing, ranges: ranged(missing) };
  await writeStandardOutput(`${jobText(scheduler, job)}\n`);
}
