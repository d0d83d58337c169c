/** File formats: safetensors headers, shard indexes. */
export { impostorOf, readableSize, type Impostor } from './impostors.ts';
export { parseShardIndex, readShardIndex, shardNameFault, type ShardIndex } from './indexFile.ts';
export { JsonError, JsonScanner, type JsonErrorCode } from './jsonScanner.ts';
export { ProblemList, quoted } from './problems.ts';
export {
  MAX_HEADER_BYTES,
  parseSafetensorsHeader,
  readSafetensorsHeader,
  type HeaderEntry,
  type SafetensorsHeader,
} from './safetensorsHeader.ts';
