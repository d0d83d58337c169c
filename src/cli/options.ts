/** Options that several commands take, and how any are read. Wrong usage is a UsageError (exit status 2). */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { BACKEND_REQUESTS, type BackendRequest } from '../protocol/gpu.ts';

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

export const ENGINE = {
  backend: { type: 'string' },
  threads: { type: 'string' },
  'gpu-memory': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

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
export function engine(values: {
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
