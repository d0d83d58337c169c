/** Where computed results lie: in the folder of caches, beside what else is cached there. */
import { join } from 'node:path';
import { cacheFolder } from '../bytes/index.ts';

/** What all results may take unless another size is asked for: the bases of a few models of 7 billion parameters and less. */
export const DEFAULT_CACHE_BYTES = 4e9;

/** `own`: a folder of caches that the caller has, as VS Code gives one to each extension; OFFAXIS_CACHE comes before it. */
export function resultsFolder(own: string | null = null, env: NodeJS.ProcessEnv = process.env): string {
  return join(own === null || env['OFFAXIS_CACHE'] ? cacheFolder(process.platform, env) : own, 'results');
}
