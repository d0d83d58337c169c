/** compare_runs and compare_steps: the figures of the model beside chance or a walk, then one row a matrix. */
import { runOf } from '../checkpoint/steps.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { DEFAULT_PARAMETERS, type ComparisonParameters } from '../protocol/results.ts';
import type { RunPair, SeveralRequest } from '../protocol/several.ts';
import { refuseUnpaired } from '../results/nothingPairs.ts';
import { SeveralAccumulator } from '../results/several.ts';
import { shortNamesOf } from '../text/shortNames.ts';
import { sentenceForModel } from '../text/show.ts';
import { admittedFacts, admittedPath } from './admission.ts';
import { fitted } from './budget.ts';
import { MAX_SEVERAL } from './definitions.ts';
import type { ToolContext } from './engine.ts';
import { ToolInput } from './input.ts';
import { MAX_UNASKED_FLOPS } from './limits.ts';
import { DATA_NOTE, figure, percent, plural, quoted, shape } from './text.ts';

const COMMON = ['base', 'tensors', 'spectra', 'allowLong', 'offset', 'maxTokens'];

/** Throws bad-parameter, bad-file (nothing pairs), read-failed and cancelled. */
export async function compareRuns(raw: unknown, context: ToolContext): Promise<string> {
  const input = new ToolInput(raw, [...COMMON, 'tuned']);
  const base = await admittedPath(input.required('base'), context);
  const tuned: string[] = [];
  for (const path of input.texts('tuned', 2, MAX_SEVERAL)) tuned.push(await admittedPath(path, context));
  const { found, parameters } = await collect({ base, tuned, steps: null }, input, context);
  const names = shortNamesOf(tuned);
  const runs = tuned.map((path, i) => ({ name: names[i] ?? path, path }));
  const { model, tensors, comparisons, answer } = found.runsResult(runs, base, parameters);
  const of = ({ i, j }: RunPair): string => `${quoted(names[i] ?? '')} and ${quoted(names[j] ?? '')}`;
  const head = [
    `${plural(tuned.length, 'run')} of ${quoted(base)}. ${sentenceForModel(answer.text)}`,
    ...comparisons.map(
      ({ model: own, unchangedBf16 }, run) =>
        `${quoted(names[run] ?? '')} (${quoted(tuned[run] ?? '')}): relative update ${percent(own.relativeUpdate)}, unchanged in bf16 ${percent(unchangedBf16)}.`,
    ),
    ...model.pairs.map(
      (pair) =>
        `${of(pair)}: cosine ${figure(pair.updateCosine)} (independent 0), signs agree in ${percent(pair.signAgreement)} (chance 50 %), changed by both ${percent(pair.jaccard)} of what either changed (independent ${percent(pair.jaccardNull)}), shared directions ${percent(pair.subspaceSimilarity)} (chance ${percent(pair.subspaceChance)}).${pair.reasons.map((reason) => ` ${sentenceForModel(reason)}`).join('')}`,
    ),
    ...failures(found, names),
    DATA_NOTE,
  ];
  const pairs = model.pairs.map(({ i, j }) => `${i + 1},${j + 1}`);
  const rows = tensors.map(({ name, shape: sides, pairs: own }) => {
    const cosine = (i: number, j: number): string =>
      figure(own.find((pair) => pair.i === i && pair.j === j)?.updateCosine ?? null);
    return `${quoted(name)} | ${shape(sides)} | ${model.pairs.map(({ i, j }) => cosine(i, j)).join(' | ')}`;
  });
  return listed(head, `matrix | shape | cosine of runs ${pairs.join(' | ')}`, rows, input, context);
}

/** Throws as `compareRuns` does. */
export async function compareSteps(raw: unknown, context: ToolContext): Promise<string> {
  const input = new ToolInput(raw, [...COMMON, 'steps']);
  const base = await admittedPath(input.required('base'), context);
  const given: string[] = [];
  for (const text of input.texts('steps', 1, MAX_SEVERAL)) {
    const [, step = '', path = text] = /^(\d+=)(.+)$/s.exec(text) ?? [];
    given.push(`${step}${await admittedPath(path, context)}`);
  }
  // Step 0 is the base, whatever its name.
  const { steps } = await runOf([`0=${base}`, ...given]);
  const tuned: string[] = [];
  for (const { path } of steps) tuned.push(await admittedPath(path, context));
  const at = { start: 0, steps: steps.map(({ step }) => step) };
  const { found, parameters } = await collect({ base, tuned, steps: at }, input, context);
  const { model, tensors, answer } = found.stepsResult(tuned, at, base, parameters);
  const beside = (what: string, value: string, walk: string): string => `${what} ${value} (random walk ${walk})`;
  const head = [
    `${plural(steps.length, 'step')} from ${quoted(base)}. ${sentenceForModel(answer.text)}`,
    ...steps.map(
      ({ step, path }, t) =>
        `Step ${step} (${quoted(path)}): relative update ${percent(model.relativeUpdate?.[t])}, increment ${percent(model.increment?.[t])}, directions shared with the last step ${percent(model.subspaceSimilarity[t])} (chance ${percent(model.subspaceChance)}).`,
    ),
    `${[
      beside('Path efficiency', figure(model.pathEfficiency), figure(model.pathEfficiencyWalk)),
      beside('share in one direction', percent(model.rank1Variance), percent(model.rank1VarianceWalk)),
      beside('R2 along it', figure(model.rank1R2), figure(model.rank1R2Walk)),
      beside('linearity of single weights', figure(model.linearity), figure(model.linearityWalk)),
    ].join(', ')}.`,
    ...failures(
      found,
      steps.map(({ step }) => `step ${step}`),
    ),
    DATA_NOTE,
  ];
  const rows = tensors.map(
    (tensor) =>
      `${quoted(tensor.name)} | ${shape(tensor.shape)} | ${percent(tensor.relativeUpdate?.at(-1))} | ${figure(tensor.pathEfficiency)} / ${figure(tensor.pathEfficiencyWalk)} | ${percent(tensor.rank1Variance)} / ${percent(tensor.rank1VarianceWalk)}`,
  );
  return listed(
    head,
    'matrix | shape | relative update | efficiency / walk | one direction / walk',
    rows,
    input,
    context,
  );
}

async function collect(
  request: Omit<SeveralRequest, 'parameters'>,
  input: ToolInput,
  context: ToolContext,
): Promise<{ found: SeveralAccumulator; parameters: ComparisonParameters }> {
  const { base, tuned } = request;
  const spectra = input.flag('spectra', true);
  const allowLong = input.flag('allowLong', false);
  const parameters = { ...DEFAULT_PARAMETERS, tensors: input.text('tensors') ?? null, spectra };
  for (const path of [base, ...tuned]) await admittedFacts(path, context);
  const found = new SeveralAccumulator(tuned.length);
  // Leaving the loop does not end the engine's work everywhere; the signal does.
  const abort = new AbortController();
  let flops = 0;
  try {
    const signal = AbortSignal.any([context.signal, abort.signal]);
    for await (const event of context.engine.several({ ...request, parameters }, signal)) {
      found.add(event);
      if (event.type !== 'run' || event.event.type !== 'plan') continue;
      const { cost } = event.event.plan;
      refuseUnpaired(event.event.plan, quoted(base), quoted(tuned[event.run] ?? ''));
      flops += cost.flops;
      if (spectra && !allowLong && flops > MAX_UNASKED_FLOPS)
        throw new OffaxisError(
          'bad-parameter',
          `Spectra of ${plural(tuned.length, 'checkpoint')} take ${figure(flops)} floating-point operations and more, minutes to hours. Narrow them with tensors, set spectra to false, or set allowLong to true.`,
        );
    }
  } finally {
    abort.abort();
  }
  if (context.signal.aborted) throw new OffaxisError('cancelled', 'Cancelled.');
  return { found, parameters };
}

/** Failures that are told of each checkpoint. */
const MOST_FAILED = 3;

function failures(found: SeveralAccumulator, names: readonly string[]): string[] {
  return found.runs.flatMap(({ failed }, run) => {
    if (failed.size === 0) return [];
    const some = [...failed].slice(0, MOST_FAILED).map(([, { message }]) => sentenceForModel(message));
    return [`${plural(failed.size, 'tensor')} of ${quoted(names[run] ?? '')} failed: ${some.join(' ')}`];
  });
}

function listed(
  head: string[],
  rowsHead: string,
  all: readonly string[],
  input: ToolInput,
  context: ToolContext,
): Promise<string> {
  const offset = input.whole('offset') ?? 0;
  const rows = all.slice(offset);
  return fitted(
    {
      head,
      rowsHead: rows.length ? [rowsHead] : [],
      rows,
      more: (shown) => `${rows.length - shown} more rows are left out. Ask with offset ${offset + shown} to go on.`,
    },
    context.budget(input.tokens),
  );
}
