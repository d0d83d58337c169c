/** File formats: bytes, safetensors headers, shard indexes, element types. */
export { byteSourceOf, openByteSource, openError, type ByteSource, type ReadableHandle } from './byte-source.ts';
export { decodeFloat8, decodeFloats, float8Table, halfToFloatBits } from './decode.ts';
export { dtypeNames, dtypeOf, isFloating, type Dtype, type DtypeKind } from './dtypes.ts';
export { impostorOf, readableSize, type Impostor } from './impostors.ts';
export { parseShardIndex, readShardIndex, shardNameFault, type ShardIndex } from './index-file.ts';
export { JsonError, JsonScanner, type JsonErrorCode } from './json-scanner.ts';
export { ProblemList, quoted } from './problems.ts';
export {
  MAX_HEADER_BYTES,
  parseSafetensorsHeader,
  readSafetensorsHeader,
  type HeaderEntry,
  type SafetensorsHeader,
} from './safetensors-header.ts';
export { byteRange, codesOf, componentsOf, numbersOf, undecodable } from './values.ts';
