/** The files of one step of a training run: whether it can be read whole. */
import type { EngineClient } from '../../engine/client.ts';
import { unpackFacts } from '../../protocol/packedFacts.ts';

/** Null: every file that it names is there, and as long as its header says. Throws what `open` throws. */
export async function whyNot(path: string, engine: Pick<EngineClient, 'call'>): Promise<string | null> {
  const { shards, problems } = unpackFacts(await engine.call('open', { path }));
  const missing = shards.find((shard) => shard.missing);
  if (missing) return `${missing.file} is not there yet.`;
  return problems.find(({ severity }) => severity === 'error')?.message ?? null;
}
