/** Where results go: files or standard output. */
import { readsOf, refuseDestination, writeStandardOutput, writeWhole } from '../files/index.ts';
import type { OutputOptions } from './options.ts';
import { jsonPieces } from '../text/pieces.ts';
import { terminalReport } from '../text/show.ts';

const STDOUT = '-';

/** The destinations of one run, which are never among the files that it reads. */
export interface Outputs {
  /** Writes what was asked for of `json` and `sarif` (the objects) and `csv` and `parquet`, and the lines for people unless standard output has one of those. */
  write(results: {
    json(): object;
    csv?(): Iterable<string>;
    parquet?(): Uint8Array;
    sarif?(): object;
    lines(): Iterable<string>;
  }): Promise<void>;
}

/**
 * Looks at the destinations before the work begins, so that a refusal does not come after it. Throws bad-parameter; `write` throws that,
 * read-failed or cancelled.
 */
export async function openOutputs(
  { json, csv, parquet = null, sarif = null }: OutputOptions,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<Outputs> {
  const reads = await readsOf(paths);
  for (const target of [json, csv, parquet, sarif])
    if (target && target !== STDOUT) await refuseDestination(target, { reads });
  const put = (target: string, text: Iterable<string>): Promise<void> =>
    target === STDOUT ? writeStandardOutput(text, signal) : writeWhole(target, text, { reads, signal });
  return {
    async write(results) {
      if (json) await put(json, jsonLine(results.json()));
      if (csv && results.csv) await put(csv, results.csv());
      if (parquet && results.parquet)
        await writeWhole(parquet, results.parquet(), { reads, ...(signal ? { signal } : {}) });
      if (sarif && results.sarif) await put(sarif, jsonLine(results.sarif()));
      if (![json, csv, sarif].includes(STDOUT)) await writeStandardOutput(shown(results.lines()), signal);
    },
  };
}

function* jsonLine(result: object): Generator<string, void, undefined> {
  yield* jsonPieces(result);
  yield '\n';
}
function* shown(lines: Iterable<string>): Generator<string, void, undefined> {
  for (const line of lines) yield `${terminalReport(line)}\n`;
}
