/** Entry of the command line. Exit status: 0 fine, 1 bad input (one line on standard error) or problems found by `check`, 2 usage, 130 cancelled. */
import { createAnalysis, type Analysis } from '../analysis/index.ts';
import { remote } from '../bytes/index.ts';
import { resultsFolder } from '../cache/index.ts';
import { SeveralCheckpoints } from '../checkpoint/index.ts';
import { writeStandardOutput } from '../files/index.ts';
import { clearTuningLeftovers } from '../linalg/dawn/tuningStore.ts';
import { OffaxisError, toWireError } from '../protocol/errors.ts';
import { parseInvocation, type Invocation } from './arguments.ts';
import { runCache } from './cache.ts';
import { runCheck } from './check.ts';
import { runCluster } from './cluster.ts';
import { runCompare } from './compare.ts';
import { runGather } from './gather.ts';
import { runGpu, usableBackend } from './gpu.ts';
import { helpText } from './help.ts';
import { runInspect } from './inspect.ts';
import { runMask } from './mask.ts';
import { runMcp } from './mcp.ts';
import { UsageError } from './options.ts';
import { runApply, runDiff } from './patch.ts';
import { runReport } from './report.ts';
import { runRuns } from './runs.ts';
import { runSteps } from './steps.ts';
import { runVerify } from './verify.ts';
import { VERSION } from './version.ts';
import { terminal } from '../text/show.ts';

async function run(argv: string[]): Promise<number> {
  let invocation: Invocation;
  remote.use({ tell: (line) => process.stderr.write(`offaxis: ${terminal(line)}\n`) });
  try {
    invocation = parseInvocation(await Promise.all(argv.map(admitted)));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`offaxis: ${terminal(error.message)} See "offaxis help".\n`);
    return 2;
  }
  if (invocation.command === 'help') await writeStandardOutput(`${helpText(invocation.topic)}\n`);
  else if (invocation.command === 'version') await writeStandardOutput(`offaxis ${VERSION}\n`);
  else if (invocation.command === 'cluster') return runCluster(invocation).then(() => 0, fail);
  else return work(invocation);
  return 0;
}

/**
 * An argument that is a remote address, or holds one ("--base=https://...", "100=https://..."), without what is private in it, and at the
 * commit that a branch of the Hub stands for. Throws bad-parameter, bad-file and read-failed.
 */
async function admitted(argument: string): Promise<string> {
  const [, before = '', address] = /^((?:--[\w-]+|\d+)=)?((?:https?|hf|s3):\/\/.*)$/is.exec(argument) ?? [];
  return address === undefined ? argument : before + (await remote.pinned(remote.admit(address)));
}

/** One line on standard error and the exit status of what went wrong. */
function fail(error: unknown): number {
  if (error instanceof SeveralCheckpoints) {
    // One a line, each as the command takes it.
    const paths = error.paths.map((path) => `  ${terminal(path)}\n`).join('');
    process.stderr.write(`offaxis: ${terminal(error.folder)} holds several checkpoints. Name one of them:\n${paths}`);
    return 2;
  }
  const { code, message } = toWireError(error);
  process.stderr.write(`offaxis: ${terminal(message.replace(/\s*\n\s*/g, ' '))}\n`);
  if (!(error instanceof OffaxisError) && process.env['OFFAXIS_DEBUG'] && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
  return code === 'bad-parameter' ? 2 : 1;
}

/** What goes wrong on a device is said as it happens: the run goes on, slower. */
const DEVICE_LOG = {
  info: (): void => undefined,
  warn: (line: string): void => void process.stderr.write(`offaxis: ${terminal(line)}\n`),
};

/** The last is a terminal that was closed. */
const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

async function work(invocation: Exclude<Invocation, { command: 'help' | 'version' | 'cluster' }>): Promise<number> {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  for (const name of STOPS) process.once(name, stop);
  let analysis: Analysis | undefined;
  void clearTuningLeftovers();
  try {
    if (invocation.command === 'gpu') {
      await runGpu(invocation);
      return 0;
    }
    if (invocation.command === 'gather') {
      await runGather(invocation, abort.signal);
      return 0;
    }
    if (invocation.command === 'cache') {
      await runCache(invocation);
      return 0;
    }
    const { threads, memoryMiB, memoryBytes, cacheBytes } = invocation;
    const cache = cacheBytes > 0 ? { folder: resultsFolder(), maxBytes: cacheBytes } : null;
    const backend = await usableBackend(invocation);
    analysis = await createAnalysis({ backend, threads, memoryMiB, memoryBytes, cache, log: DEVICE_LOG });
    if (invocation.command === 'check') return (await runCheck(analysis, invocation, abort.signal)) ? 0 : 1;
    if (invocation.command === 'verify') return (await runVerify(analysis, invocation, abort.signal)) ? 0 : 1;
    if (invocation.command === 'mcp') await runMcp(analysis, invocation.roots, abort.signal);
    else if (invocation.command === 'mask') await runMask(analysis, invocation, abort.signal);
    else if (invocation.command === 'diff') await runDiff(analysis, invocation, abort.signal);
    else if (invocation.command === 'apply') await runApply(analysis, invocation, abort.signal);
    else if (invocation.command === 'inspect') await runInspect(analysis, invocation, abort.signal);
    else if (invocation.command === 'report') await runReport(analysis, invocation, abort.signal);
    else if (invocation.command === 'runs') await runRuns(analysis, invocation, abort.signal);
    else if (invocation.command === 'steps') await runSteps(analysis, invocation, abort.signal);
    else await runCompare(analysis, invocation, abort.signal);
    return 0;
  } catch (error) {
    if (toWireError(error).code === 'cancelled' || abort.signal.aborted) {
      process.stderr.write('offaxis: cancelled\n');
      return 130;
    }
    return fail(error);
  } finally {
    for (const name of STOPS) process.off(name, stop);
    await analysis?.dispose();
  }
}

// Whoever writes to standard output hears of its errors; a standard error that is gone leaves nobody to tell.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);
process.exitCode = await run(process.argv.slice(2)).catch(fail);
// What a reader does not take from a pipe would keep the process alive.
if (process.stdout.writableLength > 0) process.exit();
