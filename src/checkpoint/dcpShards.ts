/** The files of a checkpoint of torch.distributed.checkpoint: the metadata with all entries, and the parts. */
import { readDcp, type ReadHeader } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ShardFiles } from './shardFiles.ts';
import type { Shard } from './shardRows.ts';

const FORMAT = { title: 'DCP' };

/** A part that is not there has no header. Throws what `take` throws, bad-file, read-failed and cancelled. */
export async function readDcpShards(
  files: ShardFiles,
  metadata: string,
  take: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<Shard[]> {
  const [header, sizeBytes] = await files.use(metadata, async (source) => {
    take(source.sizeBytes);
    return [await readDcp(source, metadata, (file, work) => files.use(file, work), signal), source.sizeBytes] as const;
  });
  const shards: Shard[] = [{ file: metadata, sizeBytes, header: { ...header, format: FORMAT } }];
  const empty: ReadHeader = { entries: new Map(), metadata: new Map(), headerBytes: 0, problems: [], format: FORMAT };
  for (const file of header.files) {
    try {
      shards.push({
        file,
        sizeBytes: await files.use(file, (source) => Promise.resolve(source.sizeBytes)),
        header: empty,
      });
    } catch (error) {
      if (!(error instanceof OffaxisError) || error.code !== 'bad-file') throw error;
      shards.push({ file, sizeBytes: null, header: null });
    }
  }
  return shards;
}
