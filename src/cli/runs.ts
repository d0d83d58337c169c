/** `offaxis runs`: several tuned checkpoints of one base beside each other (METRICS D). */
import { resolve } from '../bytes/index.ts';
import type { Analysis } from '../analysis/index.ts';
import { appendAll, elementCount } from '../protocol/lists.ts';
import type { RunPair, RunsResult } from '../protocol/several.ts';
import { shortNamesOf } from '../text/shortNames.ts';
import { visible } from '../text/show.ts';
import { count, figure, percent, table } from '../export/plain.ts';
import { openOutputs } from './output.ts';
import { answered, collect, heading, leftOut, notes, refusePartial, rowTables } from './several.ts';
import type { RunsInvocation } from './severalArguments.ts';

/** Prints the tables, or writes the JSON, the CSV and the Parquet. Throws bad-file if a run pairs with nothing, and read-failed, at the end, if a tensor failed. */
export async function runRuns(analysis: Analysis, options: RunsInvocation, signal: AbortSignal): Promise<void> {
  const { base, tuned, parameters } = options;
  const outputs = await openOutputs(options, [base, ...tuned], signal);
  const names = shortNamesOf(tuned.map((path) => resolve(path)));
  const found = await collect(analysis, { base, tuned, parameters, steps: null }, names, signal);
  const runs = tuned.map((path, i) => ({ name: names[i] ?? path, path: resolve(path) }));
  const result = found.runsResult(runs, resolve(base), parameters);
  await outputs.write({
    json: () => result,
    ...rowTables(
      found,
      runs.map(({ name }) => ({ name, step: null })),
    ),
    lines: () => report(result),
  });
  refusePartial(found);
}

function report(result: RunsResult): string[] {
  const { runs, model, comparisons } = result;
  const names = runs.map(({ name }) => visible(name));
  const lines = heading(
    result,
    runs.map(({ name, path }) => ({ label: name, path })),
  );
  appendAll(lines, answered(result.answer.text));
  const rows = comparisons.map((summary, i) => [
    names[i] ?? '',
    percent(summary.model.relativeUpdate),
    percent(summary.unchangedBf16),
    percent(summary.metrics['nss']?.mean ?? null),
    figure(summary.metrics['updateStableRank']?.mean ?? null, 3),
  ]);
  appendAll(lines, table(['run', 'relative update', 'unchanged in bf16', 'mean NSS', 'mean stable rank'], rows));
  lines.push('');
  appendAll(
    lines,
    table(
      PAIR_HEAD,
      model.pairs.map((pair) => pairRow(pair, names)),
    ),
  );
  const { consensus, consensusNull } = model;
  if (consensus.some((weights) => weights > 0)) {
    lines.push('', 'weights changed by so many runs, and if they were independent:');
    const cells = consensus.map((weights, runs) => [
      String(runs),
      count(weights),
      consensusNull ? count(Math.round(consensusNull[runs] ?? 0)) : '-',
    ]);
    appendAll(lines, table(['runs', 'weights', 'independent'], cells));
  }
  lines.push('');
  appendAll(lines, layerTable(result, names));
  appendAll(lines, notes(model.pairs.flatMap(({ reasons }) => reasons)));
  appendAll(lines, leftOut(result.skipped, result.unpaired, names));
  return lines;
}

const PAIR_HEAD = [
  'runs',
  'cosine',
  'signs agree / chance',
  'changed by both / independent',
  'the first covered / independent',
  'the second covered / independent',
  'shared directions / chance',
];
function pairRow(pair: RunPair, names: readonly string[]): string[] {
  const beside = (value: number | null, reference: number | null): string =>
    `${percent(value)} / ${percent(reference)}`;
  return [
    `${names[pair.i]}, ${names[pair.j]}`,
    figure(pair.updateCosine, 3),
    beside(pair.signAgreement, 0.5),
    beside(pair.jaccard, pair.jaccardNull),
    beside(pair.coverage, pair.coverageNull),
    beside(pair.coverageBack, pair.coverageBackNull),
    beside(pair.subspaceSimilarity, pair.subspaceChance),
  ];
}

/** The cosine of every two, matrix by matrix, with its deviation for independent updates. */
function layerTable({ tensors, runs }: RunsResult, names: readonly string[]): string[] {
  const pairs = runs.flatMap((_, i) => runs.slice(i + 1).map((_, ahead): [number, number] => [i, i + 1 + ahead]));
  const head = ['cosine of', 'shape', ...pairs.map(([i, j]) => `${names[i]}, ${names[j]}`), 'sd if independent'];
  const rows = tensors.map(({ name, shape, pairs: own }) => [
    name,
    shape.join(' x '),
    ...pairs.map(([i, j]) => figure(own.find((pair) => pair.i === i && pair.j === j)?.updateCosine ?? null, 3)),
    figure(1 / Math.sqrt(elementCount(shape)), 2),
  ]);
  return table(head, rows);
}
