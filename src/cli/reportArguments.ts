/** What the user asked for of `offaxis report`. Wrong usage is a UsageError (exit status 2). */
import { reportFormat, type ReportFormat } from '../report/index.ts';
import type { ComparisonParameters } from '../protocol/results.ts';
import {
  engine,
  ENGINE,
  expectPositionals,
  parametersOf,
  PARAMETERS,
  parse,
  UsageError,
  withoutAlignment,
} from './options.ts';
import type { EngineOptions } from './options.ts';

export type ReportInvocation = {
  command: 'report';
  /** null: the one that the adapter `tuned` names */
  base: string | null;
  tuned: string;
  parameters: ComparisonParameters;
  destination: string;
  format: ReportFormat;
} & EngineOptions;

const REPORT = { ...PARAMETERS, ...ENGINE, output: { type: 'string', short: 'o' } } as const;

/** Null: help is asked for. Throws UsageError. */
export function parseReport(argv: string[]): ReportInvocation | null {
  const { values, positionals } = parse(argv, REPORT);
  if (values.help) return null;
  const [tuned, base = null] =
    positionals.length === 1 ? positionals : expectPositionals(positionals, ['BASE', 'TUNED'], 'report').toReversed();
  const destination = values.output ?? '';
  const format = reportFormat(destination);
  if (format === null) throw new UsageError('Say where to write, a name that ends with .md or .html: -o REPORT.html');
  return {
    ...{ command: 'report', base, tuned: tuned as string, destination, format },
    parameters: withoutAlignment(parametersOf(values), 'report'),
    ...engine(values),
  };
}
