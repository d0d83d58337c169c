/** What the user asked for on the command line. Wrong usage is a UsageError (exit status 2). */
import { DEFAULT_PARAMETERS, type ComparisonParameters } from '../protocol/results.ts';
import { parseVerify, type VerifyInvocation } from './copyArguments.ts';
import {
  ENGINE,
  engine,
  expectPositionals,
  parse,
  positive,
  UsageError,
  type EngineOptions,
  type OutputOptions,
} from './options.ts';

export type Invocation =
  | { command: 'help'; topic: string | null }
  | { command: 'version' }
  | ({ command: 'mcp'; roots: string[] } & EngineOptions)
  | ({ command: 'gpu'; json: string | null } & EngineOptions)
  | ({
      command: 'inspect';
      path: string;
      statistics: boolean;
      spectra: boolean;
      singularValues: boolean;
      /** tokens for the cache's estimate; null: the longest context of config.json */
      context: number | null;
    } & OutputOptions &
      EngineOptions)
  | ({ command: 'check'; path: string; strict: boolean; sha256: boolean } & OutputOptions & EngineOptions)
  | VerifyInvocation
  /** base null: the one that the adapter `tuned` names */
  | ({
      command: 'compare';
      base: string | null;
      tuned: string;
      /** of two updates, if `base` is an adapter */
      common: string | null;
      parameters: ComparisonParameters;
    } & OutputOptions &
      EngineOptions);

const MCP = { ...ENGINE, root: { type: 'string', multiple: true } } as const;
const GPU = { ...ENGINE, json: { type: 'string' } } as const;
const INSPECT = {
  ...ENGINE,
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
} as const;
const COMPARE = {
  ...ENGINE,
  base: { type: 'string' },
  alpha: { type: 'string' },
  'angle-rank': { type: 'string' },
  'mask-rank': { type: 'string' },
  tensors: { type: 'string' },
  'include-embeddings': { type: 'boolean' },
  profiles: { type: 'boolean' },
  twin: { type: 'boolean' },
  'twin-seed': { type: 'string' },
  'no-spectra': { type: 'boolean' },
  json: { type: 'string' },
  csv: { type: 'string' },
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
    const alpha = values.alpha === undefined ? DEFAULT_PARAMETERS.alpha : Number(values.alpha);
    if (!(alpha > 0 && alpha < 1)) throw new UsageError(`--alpha must lie between 0 and 1, not "${values.alpha}".`);
    return {
      command,
      base,
      common: values.base ?? null,
      tuned: tuned as string,
      parameters: {
        ...DEFAULT_PARAMETERS,
        alpha,
        angleRank: positive(values['angle-rank'], '--angle-rank'),
        maskRank: positive(values['mask-rank'], '--mask-rank'),
        tensors: values.tensors ?? null,
        includeEmbeddings: values['include-embeddings'] ?? false,
        profiles: values.profiles ?? false,
        twin: (values.twin ?? false) || values['twin-seed'] !== undefined,
        twinSeed: seed(values['twin-seed']),
        spectra: !(values['no-spectra'] ?? false),
      },
      json: values.json ?? null,
      csv: values.csv ?? null,
      ...engine(values),
    };
  }
  if (command === 'verify') return parseVerify(rest) ?? { command: 'help', topic: command };
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
  throw new UsageError(`Unknown command "${command}". The commands are inspect, compare, check, verify, gpu and mcp.`);
}

/** Of the noise: a whole number from 0 on. Throws UsageError. */
function seed(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PARAMETERS.twinSeed;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new UsageError(`--twin-seed must be a whole number from 0 to 2^53 - 1, not "${text}".`);
}
