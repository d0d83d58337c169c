/** Checkpoints whose every tensor lies in parts: one header for all of it, and the files of the parts, which have none. */
import { readDcp, readZero, type Header, type ReadHeader, type ZeroFiles } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ShardFiles } from './shardFiles.ts';
import type { Shard } from './shardRows.ts';

type Take = (bytes: number) => void;

/** Of torch.distributed.checkpoint. A part that is not there has no header. Throws what `take` throws, bad-file, read-failed and cancelled. */
export async function readDcpShards(
  files: ShardFiles,
  metadata: string,
  take: Take,
  signal?: AbortSignal,
): Promise<Shard[]> {
  const header = await files.use(metadata, async (source) => {
    take(source.sizeBytes);
    return readDcp(source, metadata, (file, work) => files.use(file, work), signal);
  });
  return withParts(files, metadata, header, header.files, 'DCP');
}

/** Of DeepSpeed's ZeRO; throws as `readDcpShards` does. */
export async function readZeroShards(
  files: ShardFiles,
  names: ZeroFiles,
  take: Take,
  signal?: AbortSignal,
): Promise<Shard[]> {
  const header = await readZero(names, (file, work) => files.use(file, work), signal);
  take(header.headerBytes);
  return withParts(files, header.file, header, header.others, header.title);
}

async function withParts(
  files: ShardFiles,
  file: string,
  header: Header,
  parts: readonly string[],
  title: string,
): Promise<Shard[]> {
  const format = { title };
  const empty: ReadHeader = { entries: new Map(), metadata: new Map(), headerBytes: 0, problems: [], format };
  const sizeOf = async (name: string): Promise<number | null> => {
    try {
      return await files.use(name, (source) => Promise.resolve(source.sizeBytes));
    } catch (error) {
      if (!(error instanceof OffaxisError) || error.code !== 'bad-file') throw error;
      return null;
    }
  };
  const shards: Shard[] = [{ file, sizeBytes: await sizeOf(file), header: { ...header, format } }];
  for (const name of parts) {
    const sizeBytes = await sizeOf(name);
    shards.push({ file: name, sizeBytes, header: sizeBytes === null ? null : empty });
  }
  return shards;
}
