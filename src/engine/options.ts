/** The settings that shape an engine process, and how they travel on its command line. */
import { BACKEND_REQUESTS, type BackendRequest } from '../protocol/gpu.ts';

export interface EngineOptions {
  backend: BackendRequest;
  /** worker threads; 0: all cores */
  threads: number;
  /** MiB of GPU buffers; 0: from the adapter's limits */
  memoryMiB: number;
  /** bytes that the process may take; 0: as the machine allows */
  memoryBytes: number;
  /** where results are kept between runs, and what all of them may take; null: nowhere */
  cache: { folder: string; maxBytes: number } | null;
  /** a process before this one crashed during GPU work */
  suspect: boolean;
}

/** What `parseArgs` of node:util is to read. */
export const ENGINE_ARGUMENTS = {
  backend: { type: 'string' },
  threads: { type: 'string' },
  'gpu-memory': { type: 'string' },
  memory: { type: 'string' },
  'gpu-suspect': { type: 'boolean' },
  cache: { type: 'string' },
  'cache-size': { type: 'string' },
} as const;

/** Both ends of the engine's command line. */
export const engineArguments = {
  format: ({ backend, threads, memoryMiB, memoryBytes, suspect, cache }: EngineOptions): string[] => [
    `--backend=${backend}`,
    `--threads=${threads}`,
    `--gpu-memory=${memoryMiB}`,
    `--memory=${memoryBytes}`,
    ...(suspect ? ['--gpu-suspect'] : []),
    ...(cache ? [`--cache=${cache.folder}`, `--cache-size=${cache.maxBytes}`] : []),
  ],
  /** What is not a valid value falls back to the default: settings are edited by hand. */
  parse(values: {
    backend?: string | undefined;
    threads?: string | undefined;
    'gpu-memory'?: string | undefined;
    memory?: string | undefined;
    'gpu-suspect'?: boolean | undefined;
    cache?: string | undefined;
    'cache-size'?: string | undefined;
  }): EngineOptions {
    const maxBytes = count(values['cache-size']);
    return {
      backend: backendRequest(values.backend),
      threads: count(values.threads),
      memoryMiB: count(values['gpu-memory']),
      memoryBytes: count(values.memory),
      cache: values.cache && maxBytes > 0 ? { folder: values.cache, maxBytes } : null,
      suspect: values['gpu-suspect'] ?? false,
    };
  },
};

/** `auto` for what is none. */
export function backendRequest(value: unknown): BackendRequest {
  return BACKEND_REQUESTS.find((request) => request === value) ?? 'auto';
}
function count(value: string | undefined): number {
  const n = Number(value);
  return Number.isInteger(n) && n > 0 ? n : 0;
}
