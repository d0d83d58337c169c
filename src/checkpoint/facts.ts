/** What of a checkpoint its headers tell as a whole: sizes, types, parameters, metadata. */
import { DCP_METADATA, FORMATS, type ShardIndex } from '../formats/index.ts';
import type { CheckpointFacts, ModelConfig, TensorRow } from '../protocol/engine.ts';
import type { Problem } from '../protocol/results.ts';
import { factsOfQuantisation } from './quantised/open.ts';
import type { Shard } from './shardRows.ts';
import { elementCount } from '../protocol/lists.ts';

export function factsOf(
  path: string,
  isOneFile: boolean,
  index: ShardIndex | null,
  shards: readonly Shard[],
  tensors: ReadonlyMap<string, TensorRow>,
  config: ModelConfig | null,
  problems: readonly Problem[],
): Omit<CheckpointFacts, 'memory' | 'adapter'> {
  const metadata = new Map(index?.metadata);
  for (const shard of shards) {
    for (const [key, value] of shard.header?.metadata ?? []) if (!metadata.has(key)) metadata.set(key, value);
  }
  const dtypes = new Map<string, number>();
  let parameters: number | null = 0;
  for (const row of tensors.values()) {
    if (row.missing) continue;
    dtypes.set(row.dtype, (dtypes.get(row.dtype) ?? 0) + 1);
    // A damaged entry may claim any shape.
    if (row.offset === null || row.role === 'bookkeeping') continue;
    const own = row.quantised ? row.quantised.parameters : elementCount(row.shape);
    parameters = own === null || parameters === null ? null : parameters + own;
  }
  const parts = shards.filter(({ file }) => file !== DCP_METADATA).length;
  const sharded = isOneFile ? 'one file' : `${parts} ${parts === 1 ? 'shard' : 'shards'}`;
  return {
    path,
    format: `${shards.find(({ header }) => header)?.header?.format.title ?? FORMATS[0].title}, ${sharded}`,
    sizeBytes: shards.reduce((sum, shard) => sum + (shard.sizeBytes ?? 0), 0),
    headerBytes: shards.reduce((sum, shard) => sum + (shard.header?.headerBytes ?? 0), 0),
    parameters,
    quantisation: factsOfQuantisation(tensors.values()),
    dtypes: Object.fromEntries(dtypes),
    shards: shards.map(({ file, sizeBytes, header }) => ({ file, sizeBytes, missing: header === null })),
    metadata: Object.fromEntries(metadata),
    config,
    problems: [...problems],
    tensors: [...tensors.values()],
  };
}
