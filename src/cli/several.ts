/** What `offaxis runs` and `offaxis steps` have in common: the stream, and what is said of it before the figures. */
import type { Analysis } from '../analysis/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { SeveralRequest } from '../protocol/several.ts';
import { refuseUnpaired } from '../results/nothingPairs.ts';
import { SeveralAccumulator } from '../results/several.ts';
import { terminal, visible } from '../text/show.ts';
import { count, percent, plural, wrapped } from '../export/plain.ts';
import { rowsCsv } from '../export/csv.ts';
import { rowsParquet } from '../export/parquet.ts';
import { rowsOfRuns, type Row } from '../export/rows.ts';
import { ProgressLine, timeLeft } from './progress.ts';

/** Throws bad-file if a run pairs with nothing of the base, and what the analysis throws. `names`: of the tuned checkpoints. */
export async function collect(
  analysis: Analysis,
  request: SeveralRequest,
  names: readonly string[],
  signal: AbortSignal,
): Promise<SeveralAccumulator> {
  const found = new SeveralAccumulator(request.tuned.length);
  const progress = new ProgressLine(process.stderr);
  try {
    for await (const event of analysis.several(request, signal)) {
      found.add(event);
      if (event.type === 'progress')
        progress.show(`${event.done} of ${event.total} tensors${timeLeft(event.secondsLeft)}`);
    }
  } finally {
    progress.clear();
  }
  for (const [run, { plan, failed }] of found.runs.entries()) {
    const said = (text: string): void =>
      void process.stderr.write(`offaxis: ${visible(names[run] ?? '')}: ${terminal(text)}\n`);
    for (const { severity, message } of plan?.problems ?? []) if (severity !== 'info') said(`${severity}: ${message}`);
    for (const [name, error] of failed) said(`${visible(name)}: ${error.message}`);
    if (plan) refuseUnpaired(plan, request.base, request.tuned[run] ?? '');
  }
  return found;
}

/** One row a tensor and run: each against the base. */
export function rowTables(
  found: SeveralAccumulator,
  runs: readonly { name: string; step: number | null }[],
): { csv(): Iterable<string>; parquet(): Uint8Array } {
  const rows = (): Row[] =>
    rowsOfRuns(runs.map((run, i) => ({ ...run, tensors: found.runs[i]?.tensors.values() ?? [] })));
  return { csv: () => rowsCsv(rows()), parquet: () => rowsParquet(rows()) };
}

/** When all that could be is written. Throws read-failed if something failed. */
export function refusePartial(found: SeveralAccumulator): void {
  const failed = found.runs.reduce((sum, run) => sum + run.failed.size, 0);
  if (failed > 0)
    throw new OffaxisError(
      'read-failed',
      `${plural(failed, 'tensor')} could not be compared in full: the figures are of the rest. Mend what is said above and run it again.`,
    );
}

/** The base, each run with its path, and what was computed where. */
export function heading(
  {
    base,
    backend,
    comparisons,
  }: {
    base: string;
    backend: { name: string; precision: string; threads: number };
    comparisons: readonly { weights: number; coverage: number | null }[];
  },
  runs: readonly { label: string; path: string }[],
): string[] {
  return [
    `base: ${terminal(base)}`,
    ...runs.map(({ label, path }, i) => {
      const { weights = 0, coverage = null } = comparisons[i] ?? {};
      const part = coverage !== null && coverage < 1 ? `, ${percent(coverage)} of the base's` : '';
      return `${visible(label)}: ${terminal(path)}, ${count(weights)} weights compared${part}`;
    }),
    `${backend.name}, ${backend.precision}, ${backend.threads} threads`,
    '',
  ];
}
/** The answer in the terminal's width; nothing if there is none. */
export function answered(text: string): string[] {
  return text ? [...wrapped(text, process.stdout.columns), ''] : [];
}
/** Reasons why figures are missing, each once. */
export function notes(reasons: readonly string[]): string[] {
  return [...new Set(reasons)].map((reason) => `note: ${terminal(reason)}`);
}
/** What was left out of each run. */
export function leftOut(
  skipped: readonly { run: number; name: string; reason: string }[],
  unpaired: readonly { run: number; baseOnly: string[]; tunedOnly: string[] }[],
  names: readonly string[],
): string[] {
  return names.flatMap((name, run) => {
    const some = skipped.filter((one) => one.run === run).length;
    const { baseOnly = [], tunedOnly = [] } = unpaired.find((one) => one.run === run) ?? {};
    const parts = [
      ...(some > 0 ? [`${some} left out`] : []),
      ...(baseOnly.length > 0 ? [`${baseOnly.length} only in the base`] : []),
      ...(tunedOnly.length > 0 ? [`${tunedOnly.length} only in it`] : []),
    ];
    return parts.length > 0 ? [`${visible(name)}: ${parts.join(', ')}; --json lists them`] : [];
  });
}
