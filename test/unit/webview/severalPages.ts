/** What the host sends to the page of several checkpoints, of the sample family and of what is made of it. */
import { resolve } from 'node:path';
import { createAnalysis } from '../../../src/analysis/index.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import type { RunPair, RunsResult, SeveralRequest } from '../../../src/protocol/several.ts';
import type { SeveralState, SeveralTensor, SeveralToView } from '../../../src/protocol/severalViews.ts';
import { SeveralAccumulator } from '../../../src/results/several.ts';
import { BACKEND } from '../makers.ts';
import { RUNS, STEPS } from '../severalGolden.ts';

const BASE = 'media/samples/base';
type Messages = SeveralToView[];
type Of<T extends SeveralToView['type']> = SeveralToView & { type: T };

const parameters = { ...DEFAULT_PARAMETERS, tensors: null };
async function computed(
  tuned: readonly string[],
  steps: SeveralRequest['steps'],
): Promise<{ found: SeveralAccumulator; plan: Of<'plan'>; comparisons: Of<'results'>['comparisons'] }> {
  const analysis = await createAnalysis({ backend: 'cpu', threads: 2, directory: resolve('dist') });
  const found = new SeveralAccumulator(tuned.length);
  try {
    for await (const event of analysis.several({ base: BASE, tuned, parameters, steps }, new AbortController().signal))
      found.add(event);
  } finally {
    await analysis.dispose();
  }
  const names = found.runs.map(({ plan }) => new Set(plan?.pairs.map(({ name }) => name)));
  const lacking = (name: string): number[] => names.flatMap((of, run) => (of.has(name) ? [] : [run]));
  const tensors = new Map<string, SeveralTensor>();
  for (const { plan } of found.runs)
    for (const { name, layer, module, shape, spectral } of plan?.pairs ?? [])
      if (!tensors.has(name)) tensors.set(name, { name, layer, module, shape, spectral, lacking: lacking(name) });
  const cost = found.runs[0]?.plan?.cost ?? {
    bytesToRead: 1,
    bytesToTravel: 0,
    weights: 1,
    matrices: 1,
    flops: 1,
    peakBytes: 1,
  };
  return {
    found,
    plan: {
      type: 'plan',
      more: 0,
      plan: {
        ...{ tensors: [...tensors.values()], leftOut: 0, layers: 6, cost, problems: [], moreProblems: 0 },
        ...{ adapters: tuned.map(() => null), untouched: tuned.map(() => []) },
      },
    },
    comparisons: found.runs.flatMap((of, run) => [...of.tensors.values()].map((tensor) => ({ run, tensor }))),
  };
}

export function severalState(kind: SeveralState['kind'], change: Partial<SeveralState> = {}): SeveralState {
  return {
    kind,
    base: '/models/samples/base',
    baseName: 'samples/base',
    baseStep: kind === 'steps' ? 0 : null,
    runs: [],
    parameters: { ...DEFAULT_PARAMETERS, twin: true },
    commandLine: `offaxis ${kind} /models/samples/base`,
    phase: 'done',
    backend: BACKEND,
    error: null,
    follow: null,
    ...change,
  };
}

export async function runsMessages(): Promise<Messages> {
  const { found, plan, comparisons } = await computed(
    RUNS.map((name) => `media/samples/${name}`),
    null,
  );
  const named = RUNS.map((name) => ({ name, path: `/models/samples/${name}` }));
  const { tensors } = found.runsResult(named, BASE, parameters);
  const model = found.runsFigures(named, BASE, parameters);
  const state = severalState('runs', { runs: named.map((run) => ({ ...run, step: null })) });
  return [
    { type: 'reset' },
    { type: 'state', state },
    plan,
    { type: 'results', comparisons, agreement: { kind: 'runs', rows: tensors }, failed: [] },
    { type: 'model', model },
    { type: 'progress', progress: null },
  ];
}

export async function stepsMessages(): Promise<Messages> {
  const at = { start: 0, steps: STEPS.map(([step]) => step) };
  const paths = STEPS.map(([, path]) => path);
  const { found, plan, comparisons } = await computed(paths, at);
  const { tensors } = found.stepsResult(paths, at, BASE, parameters);
  const model = found.stepsFigures(paths, at, BASE, parameters);
  const state = severalState('steps', {
    runs: STEPS.map(([step, path]) => ({ name: `step ${step}`, path, step })),
    follow: { folder: '/models/samples/rl-steps', on: false, fresh: [] },
  });
  return [
    { type: 'reset' },
    { type: 'state', state },
    plan,
    { type: 'results', comparisons, agreement: { kind: 'steps', rows: tensors }, failed: [] },
    { type: 'model', model },
    { type: 'progress', progress: null },
  ];
}

/** Another state of the page: `without` leaves messages out. */
export function changed(
  messages: Messages,
  change: Partial<SeveralState>,
  without: readonly SeveralToView['type'][] = [],
): Messages {
  return messages
    .filter(({ type }) => !without.includes(type))
    .map((message) => (message.type === 'state' ? { ...message, state: { ...message.state, ...change } } : message));
}

/** The three runs over and over, so that there are as many as wanted. */
export function many(messages: Messages, count: number): Messages {
  const of = (run: number): number => run % RUNS.length;
  const every = Array.from({ length: count }, (_, run) => run);
  const all = every.flatMap((i) => every.filter((j) => j > i).map((j) => [i, j] as const));
  const pairs = (few: readonly RunPair[]): RunPair[] =>
    all.flatMap(([i, j]) => {
      const [one, other] = [Math.min(of(i), of(j)), Math.max(of(i), of(j))];
      // a run beside itself: as the first two are
      const found = few.find((pair) => pair.i === one && pair.j === other) ?? few[0];
      return found ? [{ ...found, i, j }] : [];
    });
  return messages.map((message): SeveralToView => {
    switch (message.type) {
      case 'state': {
        const runs = every.map((run) => {
          const { path = '', name = '' } = message.state.runs[of(run)] ?? {};
          return { name: `${name}-${run}`, path, step: null };
        });
        return { ...message, state: { ...message.state, runs } };
      }
      case 'plan':
        return {
          ...message,
          plan: { ...message.plan, adapters: every.map(() => null), untouched: every.map(() => []) },
        };
      case 'results':
        return {
          ...message,
          comparisons: every.flatMap((run) =>
            message.comparisons.flatMap((one) => (one.run === of(run) ? [{ run, tensor: one.tensor }] : [])),
          ),
          agreement:
            message.agreement.kind === 'runs'
              ? {
                  kind: 'runs',
                  rows: message.agreement.rows.map((row): RunsResult['tensors'][number] => ({
                    ...row,
                    pairs: pairs(row.pairs),
                  })),
                }
              : message.agreement,
        };
      case 'model': {
        const model = message.model;
        if (model?.schema !== 'offaxis.runs/1') return message;
        return {
          type: 'model',
          model: {
            ...model,
            comparisons: every.flatMap((run) => model.comparisons[of(run)] ?? []),
            model: {
              pairs: pairs(model.model.pairs),
              consensus: [...every, count].map((of) => 10 + of),
              consensusNull: null,
            },
          },
        };
      }
      default:
        return message;
    }
  });
}

/** The up projections as a mixture of four experts. */
export function mixed(messages: Messages): Messages {
  const UP = /\.mlp\.up_proj\./;
  const module = 'mlp.experts.up_proj';
  const spread = <T extends { name: string; module: string }>(one: T): T[] =>
    UP.test(one.name)
      ? [0, 1, 2, 3].map((n) => ({ ...one, module, name: one.name.replace(UP, `.mlp.experts.${n}.up_proj.`) }))
      : [one];
  return messages.map((message): SeveralToView => {
    if (message.type === 'plan')
      return { ...message, plan: { ...message.plan, tensors: message.plan.tensors.flatMap(spread) } };
    if (message.type !== 'results' || message.agreement.kind !== 'runs') return message;
    return {
      ...message,
      comparisons: message.comparisons.flatMap(({ run, tensor }) =>
        spread(tensor).map((one) => ({ run, tensor: one })),
      ),
      agreement: { kind: 'runs', rows: message.agreement.rows.flatMap(spread) },
    };
  });
}
