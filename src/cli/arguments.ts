/** What the user asked for on the command line. Wrong usage is a UsageError (exit status 2). */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { BACKEND_REQUESTS, type BackendRequest } from '../protocol/gpu.ts';
import { DEFAULT_PARAMETERS, type ComparisonParameters } from '../protocol/results.ts';

export class UsageError extends Error {}

export interface OutputOptions {
  /** a file, "-" for standard output, or null */
  json: string | null;
  csv: string | null;
}
export interface EngineOptions {
  backend: BackendRequest;
  /** 0: all cores */
  threads: number;
  /** MiB of GPU buffers; 0: from the adapter's limits */
  memoryMiB: number;
}
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

const ENGINE = {
  backend: { type: 'string' },
  threads: { type: 'string' },
  'gpu-memory': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;
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
  throw new UsageError(`Unknown command "${command}". The commands are inspect, compare, check, gpu and mcp.`);
}

/** Of the noise: a whole number from 0 on. Throws UsageError. */
function seed(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PARAMETERS.twinSeed;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new UsageError(`--twin-seed must be a whole number from 0 to 2^53 - 1, not "${text}".`);
}

function parse<O extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: O) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(
      (error as Error).message.split(/\.\s/)[0]?.replace(/\.?$/, '.') ?? 'The options can not be read.',
    );
  }
}
function expectPositionals(positionals: string[], names: string[], command: string): string[] {
  if (positionals.length === names.length) return positionals;
  throw new UsageError(`"offaxis ${command}" takes ${names.join(' and ') || 'no paths'}; ${positionals.length} given.`);
}
function positive(text: string | undefined, option: string): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`${option} takes a whole number from 1, not "${text}".`);
  return Number(text);
}
function engine(values: {
  backend?: string | undefined;
  threads?: string | undefined;
  'gpu-memory'?: string | undefined;
}): EngineOptions {
  const text = values.backend ?? 'auto';
  const backend = BACKEND_REQUESTS.find((request) => request === text);
  if (backend === undefined) throw new UsageError(`--backend is auto, gpu or cpu, not "${text}".`);
  return {
    backend,
    threads: positive(values.threads, '--threads') ?? 0,
    memoryMiB: positive(values['gpu-memory'], '--gpu-memory') ?? 0,
  };
}

const HELP = `offaxis opens model checkpoints and shows what training did to them.

  offaxis inspect PATH [options]          one checkpoint: a .safetensors file, an index, or a folder
  offaxis compare BASE TUNED [options]    what training did, layer by layer
  offaxis compare ADAPTER [options]       the same with the base that the adapter names, if it is on this machine
  offaxis compare ADAPTER OTHER [options] two updates of one base: an adapter beside another, or beside a full fine-tune
  offaxis check PATH [options]            scan for problems: exit status 1 if there are any
  offaxis mcp [options]                   tools for an assistant: an MCP server on standard input and output
  offaxis gpu [options]                   this machine's GPU, and what spectra are computed on
  offaxis help COMMAND                    the options of one command
  offaxis --version

Exit status: 0 fine, 1 bad input or problems found, 2 wrong usage, 130 cancelled.`;
const HELP_ENGINE = `  --backend auto|gpu|cpu where spectra are computed (default auto)
  --threads N            worker threads (default: all cores)
  --gpu-memory MIB       what GPU buffers may hold (default: from the adapter's limits)`;
const HELP_MCP = `offaxis mcp [options]

Serves offaxis_inspect_checkpoint, offaxis_compare_checkpoints and offaxis_find_tensors over standard input and output until the
client ends. Relative paths are taken from the folder that it was started in. It only reads, and uses no network.

  --root DIR             folder whose checkpoints may be read; may be given again (default: the folder that it was started in).
                         Links out of it are refused, unless they lead into the Hugging Face hub's cache
${HELP_ENGINE}`;
const HELP_GPU = `offaxis gpu [options]

  --json FILE|-          write offaxis.gpu/1 JSON to a file, or to standard output
${HELP_ENGINE}`;
const HELP_INSPECT = `offaxis inspect PATH [options]

  --stats                statistics and histogram of every floating tensor
  --spectra              spectral metrics of every block matrix
  --singular-values      the singular values too (in the JSON; implies --spectra)
  --context TOKENS       estimate the KV cache for so many tokens (default: the longest that config.json names)
  --json FILE|-          write offaxis.inspection/1 JSON to a file, or to standard output
${HELP_ENGINE}`;
const HELP_CHECK = `offaxis check PATH [options]

Reads every weight and looks for NaN, infinities, all-zero and constant tensors, dead rows and columns, duplicates, fp16 overflow,
subnormal weights, scales apart from the sibling layers, missing shards and errors of the header. Exit status: 0 clean, 1 if there
is an error or a warning (--strict: any finding), 2 wrong usage, 130 cancelled.

  --strict               findings of severity info fail the check too
  --sha256               SHA-256 of every file and every tensor (a quantised one: of its values as 32-bit floats)
  --json FILE|-          write offaxis.check/1 JSON to a file, or to standard output
${HELP_ENGINE}`;
const HELP_COMPARE = `offaxis compare BASE TUNED [options]
offaxis compare ADAPTER [options]
offaxis compare ADAPTER OTHER [--base PATH] [--json FILE|-]

Two adapters are compared through their updates, which takes the base only for kinds that depend on it; an adapter beside a full
fine-tune always. An adapter's base is looked for where its configuration says (base_model_name_or_path: a path from the adapter or from here), in
folders of that name beside the adapter and here, and in the hub's cache (HF_HUB_CACHE, HF_HOME).

  --alpha A              fraction of weights in a mask, 0 < A < 1 (default 0.3)
  --angle-rank K         size of the principal subspaces (default min(512, floor(q/2)))
  --mask-rank R          rank of the reconstruction and energies (default min(64, ceil(q/8)))
  --tensors GLOB         compare only tensors whose name matches
  --include-embeddings   spectra of embeddings and output head too
  --profiles             change per row and per column in the JSON
  --twin                 beside each matrix's figures those of noise of the same size (two thirds more work)
  --twin-seed N          another draw of that noise (default 0; implies --twin)
  --no-spectra           elementwise figures only
  --base PATH            the base of ADAPTER and OTHER (default: the one that the adapter names)
  --json FILE|-          write offaxis.comparison/1 JSON (of two updates offaxis.updates/1) to a file, or to standard output
  --csv FILE             write one row a tensor
${HELP_ENGINE}`;

/** The help text of a command, or the overview. */
export function helpText(topic: string | null): string {
  if (topic === 'inspect') return HELP_INSPECT;
  if (topic === 'compare') return HELP_COMPARE;
  if (topic === 'gpu') return HELP_GPU;
  if (topic === 'mcp') return HELP_MCP;
  if (topic === 'check') return HELP_CHECK;
  return HELP;
}
