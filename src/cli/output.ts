/** Where results go: files or standard output. */
import { readsOf, refuseDestination, writeStandardOutput, writeWhole } from '../files/index.ts';
import type { OutputOptions } from './arguments.ts';
import { terminalReport } from '../text/show.ts';

const STDOUT = '-';

/** The destinations of one run, which are never among the files that it reads. */
export interface Outputs {
  /** Writes what was asked for of `json` and `csv`, and the text for people unless standard output has the JSON. */
  write(results: { json(): string; csv?(): string; text(): string }): Promise<void>;
}

/**
 * Looks at the destinations before the work begins, so that a refusal does not come after it. Throws bad-parameter; `write` throws that,
 * read-failed or cancelled.
 */
export async function openOutputs(
  { json, csv }: OutputOptions,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<Outputs> {
  const reads = await readsOf(paths);
  for (const target of [json, csv]) if (target && target !== STDOUT) await refuseDestination(target, { reads });
  const put = (target: string, text: string): Promise<void> =>
    target === STDOUT ? writeStandardOutput(text, signal) : writeWhole(target, text, { reads, signal });
  return {
    async write(results) {
      if (json) await put(json, results.json());
      if (csv && results.csv) await put(csv, results.csv());
      if (json !== STDOUT && csv !== STDOUT) await writeStandardOutput(`${terminalReport(results.text())}\n`, signal);
    },
  };
}
