/** `offaxis compare ADAPTER OTHER`: two updates of one base beside each other (METRICS section D). */
import { resolve } from 'node:path';
import type { Analysis } from '../analysis/index.ts';
import { checkpointsAt } from '../checkpoint/index.ts';
import { modelOfPairs } from '../metrics/updatePair.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { appendAll } from '../protocol/lists.ts';
import type { UpdatePair, UpdatePairsResult } from '../protocol/updatePair.ts';
import { terminal, visible } from '../text/show.ts';
import type { OutputOptions } from './options.ts';
import { baseOf, isAdapter } from './base.ts';
import { figure, percent, table } from './format.ts';
import { openOutputs } from './output.ts';
import { ProgressLine } from './progress.ts';

interface Options extends OutputOptions {
  one: string;
  other: string;
  /** the base of both; null if nobody said */
  common: string | null;
}
/** Reasons that are told in the text. */
const MOST_REASONS = 4;

/** Throws bad-parameter if a base is needed and not to be found, bad-file if nothing is changed by both. */
export async function runUpdatePairs(analysis: Analysis, options: Options, signal: AbortSignal): Promise<void> {
  const { one, other } = options;
  if (options.csv !== null) throw new OffaxisError('bad-parameter', 'Two updates have no CSV: use --json.');
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
  const [first] = skipped;
  if (matrices.length === 0)
    throw new OffaxisError(
      'bad-file',
      `${one} and ${other} change no matrix in common${first ? ` (${first.name}: ${first.reason})` : ''}. Check that both were trained on one base.`,
    );
  const result: UpdatePairsResult = {
    schema: 'offaxis.updates/1',
    one: resolve(one),
    other: resolve(other),
    base: base === null ? null : resolve(base),
    adapters: [
      (await analysis.open({ path: one }, signal)).adapter,
      (await analysis.open({ path: other }, signal)).adapter,
    ],
    matrices,
    model: modelOfPairs(matrices),
    skipped,
  };
  await outputs.write({ json: () => result, lines: () => report(result) });
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

function report({ one, other, base, matrices, model, skipped }: UpdatePairsResult): string[] {
  const rows = matrices.map((pair) => [
    pair.name,
    pair.shape.join(' x '),
    ...pair.updateNorms.map((norm) => figure(norm, 4)),
    ratio(pair.updateNorms),
    figure(pair.updateCosine, 3),
    figure(pair.cosineDeviation, 2),
    `${percent(pair.subspaceSimilarity)} / ${percent(pair.subspaceChance)}`,
  ]);
  const head = [
    'matrix',
    'shape',
    'norm 1',
    'norm 2',
    '2 over 1',
    'cosine',
    'sd if independent',
    'shared directions / chance',
  ];
  const reasons = [...new Set(matrices.flatMap((pair) => pair.reasons))].slice(0, MOST_REASONS);
  const lines = [
    terminal(`1: ${one}`),
    terminal(`2: ${other}`),
    base === null ? 'the updates themselves, without their base' : terminal(`over ${base}`),
    '',
  ];
  appendAll(lines, table(head, rows));
  lines.push(
    '',
    `norms of the updates: ${model.updateNorms.map((norm) => figure(norm, 4)).join(' and ')}, ${ratio(model.updateNorms)} times`,
    `cosine of the updates: ${figure(model.updateCosine, 3)} over ${matrices.length} ${matrices.length === 1 ? 'matrix' : 'matrices'}; 0 if independent`,
  );
  for (const reason of reasons) lines.push(`note: ${terminal(reason)}`);
  if (skipped.length) {
    const some = skipped.slice(0, MOST_REASONS).map(({ name, reason }) => `${visible(name)} (${visible(reason)})`);
    const more = skipped.length > some.length ? ` and ${skipped.length - some.length} more` : '';
    lines.push(`${skipped.length} left out: ${some.join(', ')}${more}`);
  }
  return lines;
}

const ratio = ([first, second]: [number, number]): string => (first > 0 ? figure(second / first, 3) : '-');
