/** Options that several commands take, and how any are read. Wrong usage is a UsageError (exit status 2). */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { DEFAULT_CACHE_BYTES } from '../cache/index.ts';
import { BACKEND_REQUESTS, type BackendRequest } from '../protocol/gpu.ts';
import { DEFAULT_PARAMETERS, type ComparisonParameters } from '../protocol/results.ts';

export class UsageError extends Error {}

export interface OutputOptions {
  /** a file, "-" for standard output, or null */
  json: string | null;
  csv: string | null;
  /** a file */
  parquet?: string | null;
  sarif?: string | null;
}
export interface EngineOptions {
  backend: BackendRequest;
  /** 0: all cores */
  threads: number;
  /** MiB of GPU buffers; 0: from the adapter's limits */
  memoryMiB: number;
  /** bytes that the program may take; 0: as the machine allows */
  memoryBytes: number;
  /** what results kept on disk may take; 0: none are kept, and none looked for */
  cacheBytes: number;
}

/** Where tables of results go. */
export const TABLES = { json: { type: 'string' }, csv: { type: 'string' }, parquet: { type: 'string' } } as const;

/** Throws UsageError if the Parquet is to go to a terminal. */
export function tables(values: { json?: string | undefined; csv?: string | undefined; parquet?: string | undefined }): {
  json: string | null;
  csv: string | null;
  parquet: string | null;
} {
  const { json = null, csv = null, parquet = null } = values;
  if (parquet === '-') throw new UsageError('--parquet takes a file: its bytes are not text.');
  return { json, csv, parquet };
}

export const HELP = { help: { type: 'boolean', short: 'h' } } as const;
export const ENGINE = {
  ...HELP,
  backend: { type: 'string' },
  threads: { type: 'string' },
  'gpu-memory': { type: 'string' },
  memory: { type: 'string' },
  'cache-size': { type: 'string' },
  'no-cache': { type: 'boolean' },
} as const;

/** What every comparison takes. */
export const PARAMETERS = {
  alpha: { type: 'string' },
  'angle-rank': { type: 'string' },
  'mask-rank': { type: 'string' },
  tensors: { type: 'string' },
  'include-embeddings': { type: 'boolean' },
  twin: { type: 'boolean' },
  'twin-seed': { type: 'string' },
  'no-spectra': { type: 'boolean' },
  until: { type: 'string' },
} as const;

/** Of one pair: change per row and per column, in the JSON. */
export const PROFILES = { profiles: { type: 'boolean' } } as const;

export function parse<O extends NonNullable<ParseArgsConfig['options']>>(args: string[], options: O) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(
      (error as Error).message.split(/\.\s/)[0]?.replace(/\.?$/, '.') ?? 'The options can not be read.',
    );
  }
}
export function expectPositionals(positionals: string[], names: string[], command: string): string[] {
  if (positionals.length === names.length) return positionals;
  throw new UsageError(`"offaxis ${command}" takes ${names.join(' and ') || 'no paths'}; ${positionals.length} given.`);
}
export function positive(text: string | undefined, option: string): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`${option} takes a whole number from 1, not "${text}".`);
  return Number(text);
}
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
const BINARY: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
/** Bytes of "500MB", "1.5GiB", "4g" or "0". Throws UsageError. */
export function sizeOf(text: string | undefined, option: string): number | null {
  if (text === undefined) return null;
  const [, number, unit = '', binary = ''] = /^(\d+(?:\.\d+)?)([kmgt]?)(i?)b?$/i.exec(text.trim()) ?? [];
  const factor = (binary ? BINARY : UNITS)[unit.toLowerCase()];
  if (number === undefined || factor === undefined)
    throw new UsageError(`${option} takes a size such as 500MB or 4GB, not "${text}".`);
  return Math.floor(Number(number) * factor);
}
export function engine(values: {
  backend?: string | undefined;
  threads?: string | undefined;
  'gpu-memory'?: string | undefined;
  memory?: string | undefined;
  'cache-size'?: string | undefined;
  'no-cache'?: boolean | undefined;
}): EngineOptions {
  const text = values.backend ?? 'auto';
  const backend = BACKEND_REQUESTS.find((request) => request === text);
  if (backend === undefined) throw new UsageError(`--backend is auto, gpu or cpu, not "${text}".`);
  return {
    backend,
    threads: positive(values.threads, '--threads') ?? 0,
    memoryMiB: positive(values['gpu-memory'], '--gpu-memory') ?? 0,
    memoryBytes: sizeOf(values.memory, '--memory') ?? 0,
    cacheBytes: values['no-cache'] ? 0 : (sizeOf(values['cache-size'], '--cache-size') ?? DEFAULT_CACHE_BYTES),
  };
}

type Read<O> = { [K in keyof O]?: (O[K] extends { type: 'boolean' } ? boolean : string) | undefined };
/** Throws UsageError. */
export function parametersOf(values: Read<typeof PARAMETERS & typeof PROFILES>): ComparisonParameters {
  const alpha = values.alpha === undefined ? DEFAULT_PARAMETERS.alpha : Number(values.alpha);
  if (!(alpha > 0 && alpha < 1)) throw new UsageError(`--alpha must lie between 0 and 1, not "${values.alpha}".`);
  return {
    ...DEFAULT_PARAMETERS,
    alpha,
    angleRank: positive(values['angle-rank'], '--angle-rank'),
    maskRank: positive(values['mask-rank'], '--mask-rank'),
    tensors: values.tensors ?? null,
    includeEmbeddings: values['include-embeddings'] ?? false,
    profiles: values.profiles ?? false,
    twin: (values.twin ?? false) || values['twin-seed'] !== undefined,
    twinSeed: seed(values['twin-seed']),
    spectra: spectra(values.until, values['no-spectra'] ?? false),
  };
}

/** How far a comparison goes, by its stages. */
const STAGES = { change: false, alignment: 'leading', spectra: true } as const;
/** Throws UsageError. */
function spectra(until: string | undefined, without: boolean): ComparisonParameters['spectra'] {
  if (until === undefined) return !without;
  const stage = Object.entries(STAGES).find(([name]) => name === until);
  if (!stage) throw new UsageError(`--until is ${Object.keys(STAGES).join(', ')}, not "${until}".`);
  if (without && stage[1] !== false)
    throw new UsageError('--no-spectra ends with the change: leave out one of the two.');
  return stage[1];
}
/** For commands whose result needs whole spectra, or none. Throws UsageError. */
export function withoutAlignment(parameters: ComparisonParameters, command: string): ComparisonParameters {
  if (parameters.spectra !== 'leading') return parameters;
  throw new UsageError(`"offaxis ${command}" has no stage of its own for the alignment: leave out --until alignment.`);
}

/** Of the noise: a whole number from 0 on. Throws UsageError. */
function seed(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PARAMETERS.twinSeed;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new UsageError(`--twin-seed must be a whole number from 0 to 2^53 - 1, not "${text}".`);
}
