/** Command lines of several checkpoints of one base: runs beside each other, and the steps of one. */
import type { ComparisonParameters } from '../protocol/results.ts';
import {
  ENGINE,
  engine,
  PARAMETERS,
  parametersOf,
  parse,
  TABLES,
  tables,
  UsageError,
  withoutAlignment,
  type EngineOptions,
  type OutputOptions,
} from './options.ts';

interface Several extends OutputOptions, EngineOptions {
  parameters: ComparisonParameters;
}
export interface RunsInvocation extends Several {
  command: 'runs';
  base: string;
  tuned: string[];
}
export interface StepsInvocation extends Several {
  command: 'steps';
  /** the base and the steps, or a folder of them, as they were given */
  paths: string[];
}

const SEVERAL = { ...ENGINE, ...PARAMETERS, ...TABLES } as const;

/** Null: help is asked for. Throws UsageError. */
export function parseRuns(argv: string[]): RunsInvocation | null {
  const { values, positionals } = parse(argv, SEVERAL);
  if (values.help) return null;
  const [base, ...tuned] = positionals;
  if (base === undefined || tuned.length < 2)
    throw new UsageError(
      `"offaxis runs" takes BASE and two or more TUNED; ${positionals.length} given. One alone: offaxis compare BASE TUNED.`,
    );
  return {
    command: 'runs',
    base,
    tuned,
    parameters: withoutAlignment(parametersOf(values), 'runs'),
    ...tables(values),
    ...engine(values),
  };
}

/** Null: help is asked for. Throws UsageError. */
export function parseSteps(argv: string[]): StepsInvocation | null {
  const { values, positionals: paths } = parse(argv, SEVERAL);
  if (values.help) return null;
  if (paths.length === 0)
    throw new UsageError('"offaxis steps" takes BASE and a folder of steps, or the steps; none given.');
  return {
    command: 'steps',
    paths,
    parameters: withoutAlignment(parametersOf(values), 'steps'),
    ...tables(values),
    ...engine(values),
  };
}
