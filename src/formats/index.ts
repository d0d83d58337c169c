/** File formats: which files each claims, headers, shard indexes. */
export { boxesFault } from './boxes.ts';
export { DCP_METADATA, isDcpPart, readDcp } from './dcp/index.ts';
export { readZero, ZERO_SET, zeroFiles, type ZeroFiles } from './deepspeed/index.ts';
export { impostorOf, readableSize, type Impostor } from './impostors.ts';
export { parseShardIndex, readShardIndex, shardNameFault, type ShardIndex } from './indexFile.ts';
export { JsonScanner } from './jsonScanner.ts';
export { JsonError, type JsonErrorCode } from './jsonTokens.ts';
export { ProblemList, quoted } from './problems.ts';
export type { Box, Format, Header, HeaderEntry, Layout } from './format.ts';
export {
  ADAPTER_CONFIG_FILE,
  CONFIG_FILES,
  DELTA_MANIFEST,
  FILES_BESIDE,
  indexFormat,
  indexName,
  isCheckpointFile,
  isIndexFile,
  isPartOfCheckpoint,
  isSetOf,
  listingOf,
  shardName,
  type Listing,
  type ShardName,
  type ShardSet,
} from './names.ts';
export { FORMATS, formatOf, formatOfName, isArrayFile, readHeader, type ReadHeader } from './registry.ts';
export { MAX_HEADER_BYTES, parseSafetensorsHeader, readSafetensorsHeader } from './safetensors/header.ts';
export { safetensorsHeader, type WrittenTensor } from './safetensors/write.ts';
export { STEP_NAMES, stepName, type StepName } from './steps.ts';
