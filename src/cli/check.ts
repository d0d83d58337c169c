/** `offaxis check`: problems of one checkpoint, for people and for CI. */
import { dirname, places, resolve } from '../bytes/index.ts';
import type { Analysis } from '../analysis/index.ts';
import { checkSarif } from '../export/sarif.ts';
import type { CheckResult, Digest, Finding, ScanCoverage } from '../protocol/health.ts';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import { appendAll } from '../protocol/lists.ts';
import type { Severity } from '../protocol/results.ts';
import type { Invocation } from './arguments.ts';
import { bytes, plural, table } from '../export/plain.ts';
import { openOutputs } from './output.ts';
import { ProgressLine, timeLeft } from './progress.ts';
import { SENTENCE_LENGTH, terminal } from '../text/show.ts';
import { VERSION } from './version.ts';

type CheckInvocation = Extract<Invocation, { command: 'check' }>;
const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** Prints what was found, or writes the JSON. True if the check passes: nothing worse than info, or nothing at all with --strict. */
export async function runCheck(analysis: Analysis, options: CheckInvocation, signal: AbortSignal): Promise<boolean> {
  const outputs = await openOutputs(options, [options.path], signal);
  const progress = new ProgressLine(process.stderr);
  const findings: Finding[] = [];
  const digests: Digest[] = [];
  let coverage: ScanCoverage | null = null;
  try {
    for await (const event of analysis.scan({ path: options.path }, signal)) {
      if (event.type === 'finding') findings.push(event.finding);
      else if (event.type === 'coverage') ({ coverage } = event);
      else progress.show(`scan: ${bytes(event.done)} of ${bytes(event.total)}${timeLeft(event.secondsLeft)}`);
    }
    if (options.sha256)
      for await (const event of analysis.digest({ path: options.path, files: true, tensors: 'all' }, signal)) {
        if (event.type === 'digest') digests.push(event.digest);
        else if (event.type === 'progress')
          progress.show(`SHA-256: ${bytes(event.done)} of ${bytes(event.total)}${timeLeft(event.secondsLeft)}`);
        // What has no bytes is among the findings already; what could be scanned, but not read again, is not.
        else if (
          !findings.some((finding) => (finding.tensor ?? finding.file) === event.name && finding.severity === 'error')
        )
          findings.push({ severity: 'error', code: 'unreadable', message: event.message });
      }
  } finally {
    progress.clear();
  }
  throwIfAborted(signal);
  if (!coverage) throw new OffaxisError('bug', 'The scan ended without saying what it covered.');
  findings.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  const result = checkResult(resolve(options.path), findings, coverage, options.strict);
  if (options.sha256) result.digests = digests;
  const isFolder = (await places.kind(result.path).catch(() => null)) === 'folder';
  const checkpointFolder = isFolder ? result.path : dirname(result.path);
  const context = { version: VERSION, folder: process.cwd(), checkpointFolder };
  await outputs.write({
    json: () => result,
    sarif: () => checkSarif(result, context),
    lines: () => report(result),
  });
  return result.verdict === 'clean';
}

function checkResult(path: string, findings: Finding[], coverage: ScanCoverage, strict: boolean): CheckResult {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) counts[severity]++;
  const fails = counts.error + counts.warning + (strict ? counts.info : 0) > 0;
  return { schema: 'offaxis.check/1', path, verdict: fails ? 'problems' : 'clean', findings, counts, coverage };
}

function report(result: CheckResult): string[] {
  const { path, findings, counts, coverage, digests } = result;
  const lines = [terminal(path)];
  if (findings.length) {
    const rows = findings.map((f) => [f.severity, f.code, f.message]);
    lines.push('');
    appendAll(lines, table(['severity', 'code', 'finding'], rows, 3, SENTENCE_LENGTH));
  }
  if (digests) {
    const rows = digests.map((d) => [d.sha256, d.of, d.name]);
    lines.push('');
    appendAll(lines, table(['SHA-256', 'of', 'name'], rows, 3));
  }
  lines.push('');
  lines.push(
    `scanned ${plural(coverage.scanned, 'tensor')}, ${bytes(coverage.scannedBytes)}: ${coverage.rules.join('; ')}`,
  );
  for (const { reason, tensors } of coverage.notScanned) lines.push(terminal(`not scanned: ${tensors} ${reason}`));
  const found = [
    counts.error ? plural(counts.error, 'error') : '',
    counts.warning ? plural(counts.warning, 'warning') : '',
    counts.info ? `${counts.info} info` : '',
  ].filter(Boolean);
  lines.push(`${result.verdict === 'clean' ? 'clean' : 'problems'}: ${found.join(', ') || 'nothing found'}`);
  return lines;
}
