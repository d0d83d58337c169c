/** Float64 LAPACK values of several runs of the sample family, and of the steps of one; and what counts as agreeing with them. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { figuresOf } from '../../src/metrics/catalog.ts';
import { AGREEMENT_FIGURES, PATH_FIGURES } from '../../src/metrics/severalCatalog.ts';
import type { Reference, Tolerance } from '../../src/metrics/tolerance.ts';

type Values = Record<string, number | number[]>;
export interface RunsGolden {
  model: Record<string, Values>;
  consensus: number[];
  consensusNull: number[];
  tensors: Record<string, Record<string, Values>>;
}
export interface StepsGolden {
  steps: number[];
  tensors: Record<string, Values>;
}
export const runsGolden = (): RunsGolden =>
  JSON.parse(readFileSync('test/fixtures/golden/runs-rl-hot-sft.json', 'utf8')) as RunsGolden;
export const stepsGolden = (): StepsGolden =>
  JSON.parse(readFileSync('test/fixtures/golden/steps-rl.json', 'utf8')) as StepsGolden;

export const RUNS = ['rl', 'rl-hot', 'sft'] as const;
/** Where the steps of samples/rl lie. */
export const STEPS: readonly [step: number, path: string][] = [
  [100, 'media/samples/rl-steps/step-100'],
  ...[200, 300, 400, 500].map((step): [number, string] => [step, `test/fixtures/golden/steps/step-${step}`]),
  [600, 'media/samples/rl'],
];

const RULES: ReadonlyMap<string, Tolerance> = new Map(
  [...figuresOf('update'), ...AGREEMENT_FIGURES, ...PATH_FIGURES].map(({ id, tolerance }) => [id, tolerance]),
);
const NONE: Reference = {
  number: (id) => expect.fail(`No tolerance of these figures looks up ${id}.`),
  list: (id) => expect.fail(`No tolerance of these figures looks up ${id}.`),
};

/** Every field of `golden` within the tolerance of its figure; a list value by value. */
export function expectValues(actual: object, golden: Values, label: string): void {
  for (const [id, expected] of Object.entries(golden)) {
    const rule = RULES.get(id);
    if (!rule) throw new Error(`No tolerance is known for ${id}.`);
    const found = (actual as Record<string, unknown>)[id];
    const [values, wanted] = Array.isArray(expected) ? [found as unknown[], expected] : [[found], [expected]];
    expect(values, `${label} ${id}`).toHaveLength(wanted.length);
    for (const [i, value] of wanted.entries()) {
      const distance = Math.abs((values[i] as number) - value);
      if (!(distance <= rule(value, NONE))) expect.fail(`${label} ${id}: ${String(values[i])} instead of ${value}`);
    }
  }
}
