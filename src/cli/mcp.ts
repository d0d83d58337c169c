/** `offaxis mcp`: loads the server, which is a bundle of its own so that the rest of the command line stays small. */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Analysis } from '../analysis/index.ts';
import type { serveMcp } from '../mcp/server.ts';
import { VERSION } from './version.ts';

/** Returns when the client is gone. */
export async function runMcp(analysis: Analysis, roots: readonly string[], signal: AbortSignal): Promise<void> {
  const file = join(dirname(fileURLToPath(import.meta.url)), 'mcp.mjs');
  const bundle = (await import(pathToFileURL(file).href)) as { serveMcp: typeof serveMcp };
  await bundle.serveMcp(analysis, VERSION, signal, roots.length ? roots.map((root) => resolve(root)) : [process.cwd()]);
}
