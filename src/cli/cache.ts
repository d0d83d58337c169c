/** `offaxis cache`: what is kept on this machine, and its end. */
import { cacheFacts, clearCache, resultsFolder } from '../cache/index.ts';
import { bytes, count } from '../export/plain.ts';
import { writeStandardOutput } from '../files/index.ts';
import { terminal } from '../text/show.ts';
import type { Invocation } from './arguments.ts';

/** Throws read-failed if an entry can't be removed. */
export async function runCache({ action }: Extract<Invocation, { command: 'cache' }>): Promise<void> {
  const folder = resultsFolder();
  const { entries, sizeBytes } = await (action === 'clear' ? clearCache : cacheFacts)(folder);
  const what = `${count(entries)} ${entries === 1 ? 'result' : 'results'}, ${bytes(sizeBytes)}`;
  await writeStandardOutput(`${terminal(folder)}\n${action === 'clear' ? 'removed: ' : ''}${what}\n`);
}
