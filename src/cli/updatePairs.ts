/** `offaxis compare ADAPTER OTHER`: two updates of one base beside each other (METRICS section D). */
import { resolve } from '../bytes/index.ts';
import type { Analysis } from '../analysis/index.ts';
import { checkpointsAt } from '../checkpoint/index.ts';
import { updatePairsResult, updatePairsText } from '../export/updatePairs.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { UpdatePair, UpdatePairsResult } from '../protocol/updatePair.ts';
import type { OutputOptions } from './options.ts';
import { baseOf, isAdapter } from './base.ts';
import { openOutputs } from './output.ts';
import { ProgressLine } from './progress.ts';

interface Options extends OutputOptions {
  one: string;
  other: string;
  /** the base of both; null if nobody said */
  common: string | null;
}

/** Throws bad-parameter if a base is needed and not to be found, bad-file if nothing is changed by both. */
export async function runUpdatePairs(analysis: Analysis, options: Options, signal: AbortSignal): Promise<void> {
  const { one, other } = options;
  if (options.csv !== null || options.parquet)
    throw new OffaxisError('bad-parameter', 'Two updates have no CSV and no Parquet: use --json.');
  const base = await neededBase(analysis, options, signal);
  const outputs = await openOutputs(options, base === null ? [one, other] : [one, other, base], signal);
  const matrices: UpdatePair[] = [];
  const skipped: UpdatePairsResult['skipped'] = [];
  const progress = new ProgressLine(process.stderr);
  try {
    for await (const event of analysis.updatePairs({ one, other, base }, signal)) {
      if (event.type === 'matrix') matrices.push(event.value);
      else if (event.type === 'skipped') skipped.push(event.value);
      else progress.show(`${event.done} of ${event.total}`);
    }
  } finally {
    progress.clear();
  }
  const adapters: UpdatePairsResult['adapters'] = [
    (await analysis.open({ path: one }, signal)).adapter,
    (await analysis.open({ path: other }, signal)).adapter,
  ];
  const compared = { one: resolve(one), other: resolve(other), base: base === null ? null : resolve(base) };
  const result = updatePairsResult({ ...compared, adapters, matrices, skipped });
  await outputs.write({ json: () => result, lines: () => updatePairsText(result) });
}

/** Null if both are adapters whose updates are known without it. */
async function neededBase(analysis: Analysis, options: Options, signal: AbortSignal): Promise<string | null> {
  const { one, other, common } = options;
  if (common !== null) return common;
  const both = await isAdapter(analysis, other, signal);
  if (both && (await analysis.isKnownAlone(one, signal)) && (await analysis.isKnownAlone(other, signal))) return null;
  try {
    const base = await baseOf(analysis, one, signal);
    const [same] = await checkpointsAt(other);
    if (!both && same !== undefined && resolve(same) === resolve(base))
      throw new OffaxisError(
        'bad-file',
        `${other} is the base that ${one} names: put it first, offaxis compare BASE ADAPTER.`,
      );
    return base;
  } catch (error) {
    // Of two adapters at least what is known without the base.
    if (both && error instanceof OffaxisError && error.code === 'bad-parameter') return null;
    if (both || !(error instanceof OffaxisError) || error.code !== 'bad-parameter') throw error;
    throw new OffaxisError('bad-parameter', `${error.message}; or, of two updates, name it with --base`, {
      cause: error,
    });
  }
}
