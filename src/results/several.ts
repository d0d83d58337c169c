/** What a run over several checkpoints of one base has yielded so far, put together from its events. */
import { answerOf, type Answer } from '../answer/clause.ts';
import { answerJson } from '../answer/render.ts';
import { answerToRuns } from '../answer/runs.ts';
import { answerToSteps } from '../answer/steps.ts';
import { addAgreement, addPaths, agreementFigures, pathFigures, stepSeries } from '../metrics/several.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ComparisonPlan } from '../protocol/engine.ts';
import type { BackendInfo, ComparisonParameters, ComparisonSummary, ComparisonTensor } from '../protocol/results.ts';
import type {
  AgreementOfRuns,
  MatrixPlace,
  RunPair,
  RunsResult,
  SeveralEvent,
  SeveralRequest,
  StepsResult,
} from '../protocol/several.ts';
import { Accumulator, type Failure } from './accumulator.ts';

export interface NamedRun {
  name: string;
  path: string;
}
/** A matrix of a run that can't be put beside the others. */
interface Apart {
  run: number;
  name: string;
  reason: string;
}
/** All that has come, to be kept. */
export interface SeveralResults {
  runs: {
    plan: ComparisonPlan | null;
    backend: BackendInfo | null;
    tensors: ComparisonTensor[];
    failed: Failure[];
  }[];
  agreements: AgreementOfRuns[];
  apart: Apart[];
  finished: string[];
}
type Row<Result extends { tensors: readonly unknown[] }> = Result['tensors'][number];
/** Without its rows, and the sentences that are made of the rest. */
type FiguresOf<Result> = Omit<Result, 'tensors' | 'answer'>;
type Common = Pick<RunsResult, 'base' | 'parameters' | 'backend' | 'comparisons' | 'skipped' | 'unpaired'>;

export class SeveralAccumulator {
  /** each run against the base */
  readonly runs: readonly Accumulator[];
  readonly agreements = new Map<string, AgreementOfRuns>();
  /** names of which every event has come */
  readonly finished = new Set<string>();
  private readonly apart = new Map<string, Apart>();

  constructor(runs: number) {
    this.runs = Array.from({ length: runs }, () => new Accumulator(false));
  }

  add(event: SeveralEvent): void {
    switch (event.type) {
      case 'run':
        this.runs[event.run]?.add(event.event);
        return;
      case 'agreement':
        this.agreements.set(event.value.name, event.value);
        return;
      case 'skipped':
        this.setApart(event);
        return;
      case 'finished':
        this.finished.add(event.name);
        return;
      case 'progress':
        return;
    }
  }

  private setApart({ run, name, reason }: Apart): void {
    this.apart.set(JSON.stringify([run, name]), { run, name, reason });
  }

  /** Whether every run's plan has come: `runsResult` and `stepsResult` can tell of what is there. */
  get isPlanned(): boolean {
    return this.runs.every(({ plan }) => plan !== null);
  }

  lists(): SeveralResults {
    return {
      runs: this.runs.map((run) => {
        const { tensors, failed } = run.lists();
        return { plan: run.plan, backend: run.backend, tensors, failed };
      }),
      agreements: [...this.agreements.values()],
      apart: [...this.apart.values()],
      finished: [...this.finished],
    };
  }
  /** What an earlier run over the same checkpoints came to. */
  merge({ runs, agreements, apart, finished }: SeveralResults): void {
    for (const [i, { plan, backend, tensors, failed }] of runs.entries()) {
      const run = this.runs[i];
      if (!run) throw new OffaxisError('bug', 'These are results of more runs.');
      run.plan = plan;
      run.backend = backend;
      run.merge({ tensors, failed, details: [] });
    }
    for (const one of agreements) this.agreements.set(one.name, one);
    for (const one of apart) this.setApart(one);
    for (const name of finished) this.finished.add(name);
  }
  /** What failed is to be computed again. */
  forgetFailures(): void {
    for (const { failed } of this.runs) {
      for (const name of failed.keys()) this.finished.delete(name);
      failed.clear();
    }
  }

  runsRow(tensor: AgreementOfRuns): Row<RunsResult> {
    return { ...placeOf(tensor), pairs: tensor.pairs.map(pairOf) };
  }
  /** Null if a step lacks the matrix. */
  stepsRow(tensor: AgreementOfRuns): Row<StepsResult> | null {
    const { path, reasons } = tensor;
    if (!path) return null;
    const series = stepSeries(this.runs.map(({ tensors: own }) => own.get(tensor.name)?.metrics));
    return { ...placeOf(tensor), ...pathFigures(path), ...series, reasons };
  }

  /** offaxis.runs/1: tensors in the order of the plans. Throws bug before every run has a plan. */
  runsResult(names: readonly NamedRun[], base: string, parameters: ComparisonParameters): RunsResult {
    const figures = this.runsFigures(names, base, parameters);
    return {
      ...figures,
      tensors: this.matrices().map((tensor) => this.runsRow(tensor)),
      answer: answerJson(runsInWords(names, figures.comparisons, figures.model.pairs)),
    };
  }
  /** What of it is of the whole model: no row is made. */
  runsFigures(names: readonly NamedRun[], base: string, parameters: ComparisonParameters): FiguresOf<RunsResult> {
    const common = this.common(base, parameters);
    const tensors = this.matrices();
    const pairs = this.modelPairs(tensors);
    const whole = tensors.flatMap(({ consensus }) => consensus ?? []);
    const { length: runs } = this.runs;
    const sums = (lists: readonly (readonly number[])[]): number[] =>
      Array.from({ length: runs + 1 }, (_, c) => lists.reduce((sum, list) => sum + (list[c] ?? 0), 0));
    const expected = whole.flatMap((consensus) => (consensus.expected ? [consensus.expected] : []));
    return {
      schema: 'offaxis.runs/1',
      ...common,
      runs: [...names],
      model: {
        pairs,
        consensus: sums(whole.map(({ counts }) => counts)),
        consensusNull: whole.length > 0 && expected.length === whole.length ? sums(expected) : null,
      },
    };
  }

  /** offaxis.steps/1, likewise. */
  stepsResult(
    paths: readonly string[],
    at: NonNullable<SeveralRequest['steps']>,
    base: string,
    parameters: ComparisonParameters,
  ): StepsResult {
    const figures = this.stepsFigures(paths, at, base, parameters);
    return {
      ...figures,
      tensors: this.matrices().flatMap((tensor) => this.stepsRow(tensor) ?? []),
      answer: answerJson(stepsInWords(at.steps, figures.model)),
    };
  }
  stepsFigures(
    paths: readonly string[],
    at: NonNullable<SeveralRequest['steps']>,
    base: string,
    parameters: ComparisonParameters,
  ): FiguresOf<StepsResult> {
    const common = this.common(base, parameters);
    const all = this.matrices().flatMap(({ path }) => path ?? []);
    return {
      schema: 'offaxis.steps/1',
      ...common,
      steps: paths.map((path, i) => ({ step: at.steps[i] ?? i, path })),
      model: pathFigures(addPaths(at, all)),
    };
  }

  private common(base: string, parameters: ComparisonParameters): Common {
    const backend = this.runs[0]?.backend;
    const comparisons = this.runs.flatMap((run) => run.summary() ?? []);
    if (!backend || comparisons.length < this.runs.length) throw new OffaxisError('bug', 'A run ended without a plan.');
    const plans = this.runs.flatMap(({ plan }, run) => (plan ? [{ run, plan }] : []));
    return {
      base,
      parameters,
      backend,
      comparisons,
      skipped: [
        ...plans.flatMap(({ run, plan }) => plan.skipped.map((skipped) => ({ run, ...skipped }))),
        ...this.apart.values(),
      ],
      unpaired: plans.map(({ run, plan }) => ({ run, ...plan.unpaired })),
    };
  }

  /** In the order of the plans. */
  private matrices(): AgreementOfRuns[] {
    const names = new Set(this.runs.flatMap(({ plan }) => (plan?.pairs ?? []).map(({ name }) => name)));
    return [...names].flatMap((name) => this.agreements.get(name) ?? []);
  }

  /** Every two runs over the matrices that both hold. */
  private modelPairs(tensors: readonly AgreementOfRuns[]): RunPair[] {
    const found = new Map<string, AgreementOfRuns['pairs']>();
    for (const tensor of tensors)
      for (const pair of tensor.pairs) {
        const list = found.get(`${pair.i},${pair.j}`);
        if (list) list.push(pair);
        else found.set(`${pair.i},${pair.j}`, [pair]);
      }
    const pairs: RunPair[] = [];
    for (let i = 0; i < this.runs.length; i++)
      for (let j = i + 1; j < this.runs.length; j++) {
        const own = found.get(`${i},${j}`) ?? [];
        const reasons = [...new Set(own.flatMap((pair) => pair.reasons))];
        const source = addAgreement(own.map((pair) => pair.source));
        if (own.length === 0) reasons.push('The two have no matrix in common.');
        pairs.push(pairOf({ i, j, source, reasons }));
      }
    return pairs;
  }
}

const placeOf = ({ name, layer, module, shape }: MatrixPlace): MatrixPlace => ({ name, layer, module, shape });
const pairOf = ({ i, j, source, reasons }: AgreementOfRuns['pairs'][number]): RunPair => ({
  ...{ i, j },
  ...agreementFigures(source),
  reasons,
});

/** What runs show beside each other, from the figures of their JSON. */
export function runsInWords(
  names: readonly { name: string }[],
  comparisons: readonly ComparisonSummary[],
  pairs: readonly RunPair[],
): Answer {
  return answerToRuns({
    runs: names.map(({ name }, run) => ({ name, relativeUpdate: comparisons[run]?.model.relativeUpdate ?? 0 })),
    pairs: pairs.flatMap(({ i, j, updateCosine, signAgreement }) =>
      updateCosine === null || signAgreement === null ? [] : [{ i, j, updateCosine, signAgreement }],
    ),
  });
}

/** What a run's steps show. Nothing is said of a path without what a walk gives. */
export function stepsInWords(steps: readonly number[], model: StepsResult['model']): Answer {
  const { increment, relativeUpdate, pathEfficiency, pathEfficiencyWalk, rank1Variance, rank1VarianceWalk } = model;
  const [lastStep, last] = [steps.at(-1), relativeUpdate?.at(-1)];
  const increments = increment?.filter((value) => value !== null) ?? [];
  if (lastStep === undefined || last == null || increments.length < steps.length) return answerOf([]);
  if (pathEfficiency === null || pathEfficiencyWalk === null) return answerOf([]);
  if (rank1Variance === null || rank1VarianceWalk === null) return answerOf([]);
  const path = { pathEfficiency, pathEfficiencyWalk, rank1Variance, rank1VarianceWalk };
  return answerToSteps({ lastStep, relativeUpdate: last, increments, ...path });
}
