/** Figures to answer from: those of test/fixtures/answer, the golden values, and such as are written for a clause. */
import { readFileSync } from 'node:fs';
import { answerTo } from '../../../src/answer/answer.ts';
import type { Answer, Clause } from '../../../src/answer/clause.ts';
import { answerText } from '../../../src/answer/render.ts';
import type { Compared } from '../../../src/answer/subject.ts';
import { describeName } from '../../../src/families/index.ts';
import { summarize } from '../../../src/metrics/summary.ts';
import type { AdapterFacts } from '../../../src/protocol/adapter.ts';
import type { ComparisonMetrics, ComparisonTensor, TwinMetrics } from '../../../src/protocol/results.ts';
import { loadGolden, loadTwinGolden, type GoldenTensor } from '../golden.ts';
import { comparisonPlan, plannedPair, tensor } from '../makers.ts';

type Row = (string | number | null | number[])[];
interface Fixture {
  model: { weights: number; updateDensity: number | null; relativeUpdate: number | null };
  cast?: [string, string];
  adapter?: Omit<AdapterFacts, 'unmerged'>;
  skipped: string[];
  names: string[];
  shapes: number[][];
  figures: Record<string, Row>;
  twin?: Record<string, Row>;
}

/** A tensor as the engine gives it: what its name says, and its figures. */
export function matrix(
  name: string,
  shape: number[],
  metrics: Partial<ComparisonMetrics>,
  dtype = { base: 'BF16', tuned: 'BF16' },
): ComparisonTensor {
  const { layer, module } = describeName(name);
  return { ...tensor(name, { base: {}, tuned: {}, ...metrics }), layer, module, shape, dtype };
}

/** A comparison of these tensors, with its summary; what has no layer or is no matrix has no spectrum. */
export function compared(
  tensors: readonly ComparisonTensor[],
  { adapter = null, skipped = [] }: { adapter?: AdapterFacts | null; skipped?: readonly string[] } = {},
): Compared {
  const pairs = tensors.map(({ name, layer, module, shape, dtype }) =>
    plannedPair(name, {
      ...{ layer, module, shape, dtype },
      ...(layer === null || shape.length < 2 ? { spectral: false, reason: 'no spectrum' } : {}),
    }),
  );
  const plan = comparisonPlan(pairs, {
    tunedAdapter: adapter,
    skipped: skipped.map((name) => ({ name, reason: 'the adapter does not change it' })),
  });
  const planned = pairs.filter(({ spectral }) => spectral).length;
  const summary = summarize({ tensors, planned, elementwiseOnly: [], failed: [], coverage: 1 });
  return { plan, tensors: new Map(tensors.map((one) => [one.name, one])), summary };
}

/** A case of test/fixtures/answer; `bare`: without its noise twin. */
export function fixture(name: string, { bare = false } = {}): Compared {
  const { model, cast, adapter, skipped, names, shapes, figures, twin } = JSON.parse(
    readFileSync(`test/fixtures/answer/${name}.json`, 'utf8'),
  ) as Fixture;
  const at = (rows: Record<string, Row>, index: number): Record<string, unknown> =>
    Object.fromEntries(Object.entries(rows).map(([id, values]) => [id, values[index]]));
  const [base, tuned] = cast ?? ['BF16', adapter ? 'BF16 + LoRA' : 'BF16'];
  const tensors = names.map((one, index) => {
    const own = at(figures, index) as Partial<ComparisonMetrics>;
    const beside = at(twin ?? {}, index) as Partial<TwinMetrics>;
    const noise = { ...beside, jointEnergyBaseline: own.jointEnergyBaseline } as TwinMetrics;
    const isNotFinite = own.updateNorm == null;
    return matrix(
      one,
      shapes[index] ?? [],
      {
        ...own,
        ...(isNotFinite ? { baseNorm: null, updateNorm: null, relativeUpdate: null, cosine: null, angleRank: 1 } : {}),
        ...(twin && !bare && beside.nss != null ? { twin: noise } : {}),
      },
      { base, tuned },
    );
  });
  const found = compared(tensors, { adapter: adapter ? { ...LORA, ...adapter } : null, skipped });
  const { weights, updateDensity, relativeUpdate } = model;
  const summary = {
    ...found.summary,
    ...{ weights, updateDensity, model: { ...found.summary.model, relativeUpdate } },
  };
  return { ...found, summary };
}

/** The golden values of base to `folder`, all tensors; with those of the twin, if there are any. */
export function golden(folder: string, { twin = false } = {}): Compared {
  const shapes = loadGolden('base');
  const twins: ReadonlyMap<string, GoldenTensor> = twin ? loadTwinGolden(folder) : new Map();
  const tensors = [...loadGolden(`base-to-${folder}`)].map(([name, figures]) =>
    matrix(
      name,
      shapes.get(name)?.['shape'] as number[],
      (twins.get(name) ?? figures) as unknown as Partial<ComparisonMetrics>,
    ),
  );
  return compared(tensors);
}

export const LORA: AdapterFacts = {
  kind: 'LoRA',
  rank: 8,
  scale: 2,
  base: '../base',
  modules: [],
  matrices: 18,
  unmerged: false,
};
/** The golden values of the base with its adapter. */
export function goldenAdapter(): Compared {
  const shapes = loadGolden('base');
  const figures = loadGolden('adapter-rl-lora');
  const tensors = [...figures].map(([name, values]) =>
    matrix(name, shapes.get(name)?.['shape'] as number[], values as unknown as Partial<ComparisonMetrics>, {
      base: 'BF16',
      tuned: 'BF16 + LoRA',
    }),
  );
  return compared(tensors, { adapter: LORA, skipped: [...shapes.keys()].filter((name) => !figures.has(name)) });
}

export const textOf = (given: Compared): string => answerText(answerTo(given));
export const clausesOf = (answer: Answer): Clause[] => answer.sentences.flat();
/** The clause of this code. Throws if there is none. */
export function theClause(given: Compared | Answer, code: string): Clause {
  const clauses = clausesOf('sentences' in given ? given : answerTo(given));
  const found = clauses.find((one) => one.code === code);
  if (!found) throw new Error(`No clause ${code} among ${clauses.map((one) => one.code).join(', ')}.`);
  return found;
}

/** A matrix of which everything is like noise, and its twin. */
export const LIKE_NOISE: Partial<ComparisonMetrics> = {
  ...{ baseNorm: 1, updateNorm: 0.01, relativeUpdate: 0.01, updateDensity: 0.5, cosine: 0.9999, roundingFloor: 0.0017 },
  ...{ angleRank: 64, maskRank: 16, nss: 1e-3, updateStableRank: 40, angleUMean: 1, angleVMean: 1 },
  ...{ jointEnergy: 1 / 64, jointEnergyBaseline: 1 / 64, hiddenShare: 0, hiddenEnergy: 0, illDefined: false },
  ...{ principalOverlap: 0.26, principalNull: 0.26, principalRange: [0.1, 0.5], principalZ: 0 },
  ...{ principalPosition: 0, principalPositionStep: 0, principalPositionProportional: 0 },
};
const NOISE: Partial<TwinMetrics> = {
  ...{
    nss: 1e-3,
    updateStableRank: 40,
    angleUMean: 1,
    angleVMean: 1,
    jointEnergy: 1 / 64,
    jointEnergyBaseline: 1 / 64,
  },
};
type Change = Partial<ComparisonMetrics> | null;
export interface Place {
  layer: number;
  module: string;
  /** among all, from 0 on */
  index: number;
}

/** Figures written for a clause: two modules in each layer, like noise but for what `change` says; null leaves the matrix unchanged. */
export function written(
  change: (place: Place) => Change,
  { layers = 4, modules = ['q_proj', 'v_proj'], twin = true, dtype = 'BF16' } = {},
): Compared {
  const tensors: ComparisonTensor[] = [];
  for (let layer = 0; layer < layers; layer++)
    for (const module of modules) {
      const own = change({ layer, module, index: tensors.length });
      const metrics = own
        ? { ...LIKE_NOISE, ...(twin ? { twin: NOISE as TwinMetrics } : {}), ...own }
        : { ...LIKE_NOISE, updateNorm: 0, relativeUpdate: 0, updateDensity: 0 };
      tensors.push(
        matrix(`model.layers.${layer}.self_attn.${module}.weight`, [64, 64], metrics, { base: dtype, tuned: dtype }),
      );
    }
  return compared(tensors);
}
/** The noise twin with other figures. */
export const twinWith = (change: Partial<TwinMetrics>): { twin: TwinMetrics } => ({
  twin: { ...NOISE, ...change } as TwinMetrics,
});
/** Codes of the clauses that are findings. */
export const findings = (given: Compared): string[] =>
  clausesOf(answerTo(given)).flatMap(({ kind, code }) => (kind === 'finding' ? [code] : []));
