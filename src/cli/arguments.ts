/** What the user asked for on the command line. Wrong usage is a UsageError (exit status 2). */
import type { ComparisonCommand } from '../export/commandLine.ts';
import type { Shard } from '../protocol/part.ts';
import type { ComparisonParameters } from '../protocol/results.ts';
import {
  DELTA_BASE,
  deltaBase,
  parseApply,
  parseDiff,
  parseMask,
  parseVerify,
  type ApplyInvocation,
  type DiffInvocation,
  type MaskInvocation,
  type VerifyInvocation,
} from './copyArguments.ts';
import { parseReport, type ReportInvocation } from './reportArguments.ts';
import { parseRuns, parseSteps, type RunsInvocation, type StepsInvocation } from './severalArguments.ts';
import {
  ENGINE,
  engine,
  HELP,
  PARAMETERS,
  PROFILES,
  parametersOf,
  expectPositionals,
  parse,
  positive,
  sizeOf,
  TABLES,
  tables,
  UsageError,
  type EngineOptions,
  type OutputOptions,
} from './options.ts';
import { SCHEDULERS, type Scheduler } from './schedulers.ts';

export type Invocation =
  | { command: 'help'; topic: string | null }
  | { command: 'version' }
  | ({ command: 'mcp'; roots: string[] } & EngineOptions)
  | ({ command: 'gpu'; json: string | null } & EngineOptions)
  | ({
      command: 'inspect';
      path: string;
      /** of a delta: what it was made on; without one the delta itself is shown */
      deltaBase?: string;
      statistics: boolean;
      spectra: boolean;
      singularValues: boolean;
      /** tokens for the cache's estimate; null: the longest context of config.json */
      context: number | null;
    } & OutputOptions &
      EngineOptions)
  | ({ command: 'check'; path: string; strict: boolean; sha256: boolean } & OutputOptions & EngineOptions)
  | VerifyInvocation
  | DiffInvocation
  | ApplyInvocation
  | MaskInvocation
  | ReportInvocation
  | RunsInvocation
  | StepsInvocation
  /** base null: the one that the adapter `tuned` names */
  | ({
      command: 'compare';
      base: string | null;
      tuned: string;
      /** of two updates, if `base` is an adapter */
      common: string | null;
      parameters: ComparisonParameters;
      /** only this part of it, for `gather` */
      shard: Shard | null;
    } & OutputOptions &
      EngineOptions)
  | { command: 'cache'; action: 'info' | 'clear' }
  | ({ command: 'gather'; parts: string[] } & OutputOptions)
  | ({
      command: 'cluster';
      scheduler: Scheduler;
      shards: number;
      parts: string;
      memoryBytes: number;
    } & ComparisonCommand);

const MCP = { ...ENGINE, root: { type: 'string', multiple: true } } as const;
const GPU = { ...ENGINE, json: { type: 'string' } } as const;
const INSPECT = {
  ...ENGINE,
  ...DELTA_BASE,
  stats: { type: 'boolean' },
  spectra: { type: 'boolean' },
  'singular-values': { type: 'boolean' },
  context: { type: 'string' },
  json: { type: 'string' },
} as const;
const CHECK = {
  ...ENGINE,
  strict: { type: 'boolean' },
  sha256: { type: 'boolean' },
  json: { type: 'string' },
  sarif: { type: 'string' },
} as const;
const COMPARE = {
  ...PARAMETERS,
  ...PROFILES,
  ...ENGINE,
  ...TABLES,
  base: { type: 'string' },
  shard: { type: 'string' },
} as const;
const GATHER = { ...HELP, ...TABLES } as const;
const CLUSTER = {
  ...PARAMETERS,
  ...PROFILES,
  ...HELP,
  shards: { type: 'string' },
  parts: { type: 'string' },
  memory: { type: 'string' },
} as const;

/** Parses `process.argv.slice(2)`. Throws UsageError with one sentence. */
export function parseInvocation(argv: string[]): Invocation {
  const [command, ...rest] = argv;
  if (command === undefined || command === 'help' || command === '--help' || command === '-h')
    return { command: 'help', topic: rest[0] ?? null };
  if (command === '--version' || command === '-V' || command === 'version') return { command: 'version' };
  if (command === 'inspect') {
    const { values, positionals } = parse(rest, INSPECT);
    if (values.help) return { command: 'help', topic: 'inspect' };
    const [path] = expectPositionals(positionals, ['PATH'], 'inspect');
    return {
      command,
      path: path as string,
      statistics: values.stats ?? false,
      spectra: (values.spectra ?? false) || (values['singular-values'] ?? false),
      singularValues: values['singular-values'] ?? false,
      context: positive(values.context, '--context'),
      ...deltaBase(values),
      json: values.json ?? null,
      csv: null,
      ...engine(values),
    };
  }
  if (command === 'check') {
    const { values, positionals } = parse(rest, CHECK);
    if (values.help) return { command: 'help', topic: 'check' };
    const [path] = expectPositionals(positionals, ['PATH'], 'check');
    return {
      command,
      path: path as string,
      strict: values.strict ?? false,
      sha256: values.sha256 ?? false,
      json: values.json ?? null,
      csv: null,
      sarif: values.sarif ?? null,
      ...engine(values),
    };
  }
  if (command === 'compare') {
    const { values, positionals } = parse(rest, COMPARE);
    if (values.help) return { command: 'help', topic: 'compare' };
    const [tuned, base = null] =
      positionals.length === 1
        ? positionals
        : expectPositionals(positionals, ['BASE', 'TUNED'], 'compare').toReversed();
    const part = values.shard === undefined ? null : shard(values.shard);
    if (part && values.json === undefined)
      throw new UsageError('--shard writes a part for "offaxis gather": name its file with --json FILE.');
    for (const table of ['csv', 'parquet'] as const)
      if (part && values[table] !== undefined)
        throw new UsageError(`--${table} is for the whole: give it to "offaxis gather".`);
    return {
      command,
      base,
      common: values.base ?? null,
      tuned: tuned as string,
      parameters: parametersOf(values),
      shard: part,
      ...tables(values),
      ...engine(values),
    };
  }
  if (command === 'cache') {
    const { values, positionals } = parse(rest, HELP);
    if (values.help) return { command: 'help', topic: 'cache' };
    const [action = 'info', ...others] = positionals;
    if ((action !== 'info' && action !== 'clear') || others.length > 0)
      throw new UsageError('"offaxis cache" takes info or clear.');
    return { command, action };
  }
  if (command === 'report') return parseReport(rest) ?? { command: 'help', topic: command };
  if (command === 'diff') return parseDiff(rest) ?? { command: 'help', topic: command };
  if (command === 'mask') return parseMask(rest) ?? { command: 'help', topic: command };
  if (command === 'apply') return parseApply(rest) ?? { command: 'help', topic: command };
  if (command === 'verify') return parseVerify(rest) ?? { command: 'help', topic: command };
  if (command === 'gather') {
    const { values, positionals } = parse(rest, GATHER);
    if (values.help) return { command: 'help', topic: 'gather' };
    if (!positionals.length) throw new UsageError('"offaxis gather" takes the parts: files, or a folder of them.');
    return { command, parts: positionals, ...tables(values) };
  }
  if (command === 'cluster') {
    const { values, positionals } = parse(rest, CLUSTER);
    if (values.help) return { command: 'help', topic: 'cluster' };
    const [name, base, tuned] = expectPositionals(positionals, ['SCHEDULER', 'BASE', 'TUNED'], 'cluster');
    const scheduler = SCHEDULERS.find((one) => one === name);
    if (!scheduler) throw new UsageError(`The scheduler is ${SCHEDULERS.join(', ')}, not "${name}".`);
    const shards = positive(values.shards, '--shards');
    if (shards === null) throw new UsageError('How many parts? Say it with --shards N.');
    const parameters = parametersOf(values);
    const parts = values.parts ?? 'offaxis-parts';
    const memoryBytes = sizeOf(values.memory, '--memory') ?? 0;
    return { command, scheduler, base: base as string, tuned: tuned as string, shards, parts, memoryBytes, parameters };
  }
  if (command === 'runs') return parseRuns(rest) ?? { command: 'help', topic: command };
  if (command === 'steps') return parseSteps(rest) ?? { command: 'help', topic: command };
  if (command === 'mcp') {
    const { values, positionals } = parse(rest, MCP);
    if (values.help) return { command: 'help', topic: 'mcp' };
    expectPositionals(positionals, [], 'mcp');
    return { command, roots: values.root ?? [], ...engine(values) };
  }
  if (command === 'gpu') {
    const { values, positionals } = parse(rest, GPU);
    if (values.help) return { command: 'help', topic: 'gpu' };
    expectPositionals(positionals, [], 'gpu');
    return { command, json: values.json ?? null, ...engine(values) };
  }
  throw new UsageError(
    `Unknown command "${command}". The commands are inspect, compare, report, runs, steps, check, verify, diff, apply, mask, gather, cluster, cache, gpu and mcp.`,
  );
}

/** "3/8": part 3 of 8. Throws UsageError. */
function shard(text: string): Shard {
  const [, index = 0, of = 0] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (index >= 1 && index <= of) return { index, of };
  throw new UsageError(`--shard takes I/N with I from 1 to N, such as 3/8, not "${text}".`);
}
