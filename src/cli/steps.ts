/** `offaxis steps`: the checkpoints along one run, beside a random walk of the same increments (METRICS D). */
import { resolve } from '../bytes/index.ts';
import type { Analysis } from '../analysis/index.ts';
import { runOf, type Run } from '../checkpoint/index.ts';
import { appendAll } from '../protocol/lists.ts';
import type { StepsResult } from '../protocol/several.ts';
import { terminal } from '../text/show.ts';
import { baseOf, isAdapter } from './base.ts';
import { figure, percent, table } from '../export/plain.ts';
import { openOutputs } from './output.ts';
import { answered, collect, heading, leftOut, notes, refusePartial, rowTables } from './several.ts';
import type { StepsInvocation } from './severalArguments.ts';

/** Prints the tables, or writes the JSON, the CSV and the Parquet. Throws bad-parameter if a path tells no step, and as `offaxis runs` does. */
export async function runSteps(analysis: Analysis, options: StepsInvocation, signal: AbortSignal): Promise<void> {
  const { parameters } = options;
  const { base, steps } = await withBase(analysis, await runOf(options.paths), signal);
  const tuned = steps.map(({ path }) => path);
  const outputs = await openOutputs(options, [base.path, ...tuned], signal);
  const at = { start: base.step, steps: steps.map(({ step }) => step) };
  const names = steps.map(({ step }) => `step ${step}`);
  const found = await collect(analysis, { base: base.path, tuned, parameters, steps: at }, names, signal);
  const paths = tuned.map((path) => resolve(path));
  const result = found.stepsResult(paths, at, resolve(base.path), parameters);
  await outputs.write({
    json: () => result,
    ...rowTables(
      found,
      steps.map(({ step }, i) => ({ name: names[i] ?? '', step })),
    ),
    lines: () => report(result, names),
  });
  refusePartial(found);
}

/** Adapters are steps of the base that they name; of anything else the first step is the base if nobody said. */
async function withBase(analysis: Analysis, run: Run, signal: AbortSignal): Promise<Run> {
  if (!run.isFirst) return run;
  if (await isAdapter(analysis, run.base.path, signal)) {
    const path = await baseOf(analysis, run.base.path, signal);
    return { base: { step: 0, path }, isFirst: false, steps: [run.base, ...run.steps] };
  }
  if (run.base.step > 0)
    process.stderr.write(
      `offaxis: no base was given: step ${run.base.step} is the base (${terminal(run.base.path)})\n`,
    );
  return run;
}

function report(result: StepsResult, names: readonly string[]): string[] {
  const { steps, model, comparisons, tensors } = result;
  const lines = heading(
    result,
    steps.map(({ path }, i) => ({ label: names[i] ?? '', path })),
  );
  appendAll(lines, answered(result.answer.text));
  const mean = (run: number, id: string): number | null => comparisons[run]?.metrics[id]?.mean ?? null;
  const rows = steps.map(({ step }, t) => [
    String(step),
    percent(model.relativeUpdate?.[t] ?? null),
    percent(model.increment?.[t] ?? null),
    percent(comparisons[t]?.unchangedBf16 ?? null),
    percent(mean(t, 'nss')),
    figure(mean(t, 'updateStableRank'), 3),
    `${percent(model.subspaceSimilarity[t] ?? null)} / ${percent(model.subspaceChance)}`,
  ]);
  const head = [
    'step',
    'relative update',
    'increment',
    'unchanged in bf16',
    'mean NSS',
    'mean stable rank',
    'directions of the last step / chance',
  ];
  appendAll(lines, table(head, rows));
  lines.push('');
  const beside = (name: string, value: string, walk: string): string[] => [name, value, walk];
  appendAll(
    lines,
    table(
      ['along the run', 'this run', 'random walk'],
      [
        beside('path efficiency', figure(model.pathEfficiency, 3), figure(model.pathEfficiencyWalk, 3)),
        beside('share in one direction', percent(model.rank1Variance), percent(model.rank1VarianceWalk)),
        beside('straightness there (R2)', figure(model.rank1R2, 3), figure(model.rank1R2Walk, 3)),
        beside('linearity of single weights (R2)', figure(model.linearity, 3), figure(model.linearityWalk, 3)),
      ],
    ),
  );
  lines.push('');
  const matrices = tensors.map((tensor) => [
    tensor.name,
    tensor.shape.join(' x '),
    percent(tensor.relativeUpdate?.at(-1) ?? null),
    `${figure(tensor.pathEfficiency, 3)} / ${figure(tensor.pathEfficiencyWalk, 3)}`,
    `${percent(tensor.rank1Variance)} / ${percent(tensor.rank1VarianceWalk)}`,
    `${figure(tensor.rank1R2, 3)} / ${figure(tensor.rank1R2Walk, 3)}`,
  ]);
  appendAll(
    lines,
    table(['matrix', 'shape', 'relative update', 'efficiency / walk', 'one direction / walk', 'R2 / walk'], matrices),
  );
  appendAll(lines, notes(tensors.flatMap(({ reasons }) => reasons)));
  appendAll(lines, leftOut(result.skipped, result.unpaired, names));
  return lines;
}
