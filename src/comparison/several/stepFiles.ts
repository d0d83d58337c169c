/** The files of one step of a training run: whether one of them has changed, and whether it can be read whole. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { disk, stampText } from '../../bytes/index.ts';
import type { EngineClient } from '../../engine/client.ts';
import { isPartOfCheckpoint } from '../../files/index.ts';
import { unpackFacts } from '../../protocol/packedFacts.ts';

/** No checkpoint has as many files. */
const MOST_FILES = 10_000;

/** Stamps of the files of a step, which may lie in folders of it; of a file its own. */
export async function markOf(path: string): Promise<string> {
  if ((await disk.kind(path)) !== 'folder') return stampText(await disk.stamp(path));
  const names = await readdir(path, { recursive: true });
  const parts = names.filter((name) => isPartOfCheckpoint(name.replace(/^.*[\\/]/, ''))).sort();
  const lines: string[] = [];
  for (const name of parts.slice(0, MOST_FILES)) {
    const stamp = await disk.stamp(join(path, name));
    lines.push(`${name}: ${stampText(stamp)}`);
  }
  return lines.join('\n');
}

/** Null: every file that it names is there, and as long as its header says. Throws what `open` throws. */
export async function whyNot(path: string, engine: Pick<EngineClient, 'call'>): Promise<string | null> {
  const { shards, problems } = unpackFacts(await engine.call('open', { path }));
  const missing = shards.find((shard) => shard.missing);
  if (missing) return `${missing.file} is not there yet.`;
  return problems.find(({ severity }) => severity === 'error')?.message ?? null;
}
