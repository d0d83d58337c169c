/** The base of an adapter, for a command that was not told it. */
import type { Analysis } from '../analysis/index.ts';
import { baseMissing, findBase } from '../checkpoint/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { terminal } from '../text/show.ts';

/** An update kept apart from its base; a whole model with an adapter in it is one that can be compared as weights. */
export async function isAdapter(analysis: Analysis, path: string, signal: AbortSignal): Promise<boolean> {
  const { adapter } = await analysis.open({ path }, signal);
  return adapter !== null && !adapter.unmerged;
}

/** The base that an adapter names. Throws bad-parameter, with what was looked for, if it is not there or the path is not an adapter. */
export async function baseOf(analysis: Analysis, adapter: string, signal: AbortSignal): Promise<string> {
  const both = `"offaxis compare" takes BASE and TUNED, or an adapter that names its base`;
  const facts = await analysis.open({ path: adapter }, signal).catch((error: unknown) => {
    if (!(error instanceof OffaxisError) || error.code === 'cancelled') throw error;
    throw new OffaxisError('bad-parameter', `${both}. ${error.message}`, { cause: error });
  });
  if (!facts.adapter) throw new OffaxisError('bad-parameter', `${both}; ${adapter} is not an adapter.`);
  const search = await findBase(adapter, facts.adapter.base, [process.cwd()]);
  if (search.path === null)
    throw new OffaxisError(
      'bad-parameter',
      `${baseMissing(adapter, facts.adapter.base, search)}. Name it: offaxis compare BASE ${adapter}`,
    );
  process.stderr.write(`offaxis: base: ${terminal(search.path)}, found ${search.how}\n`);
  return search.path;
}
