/** `*.safetensors.index.json`: which shard holds which tensor. */
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { ByteSource } from '../bytes/index.ts';
import { IMPOSTOR_BYTES, impostorOf } from './impostors.ts';
import { JsonScanner } from './jsonScanner.ts';
import { JsonError } from './jsonTokens.ts';
import { ProblemList, quoted } from './problems.ts';
import { firstInvalidUtf8 } from './utf8.ts';

/** Indexes of 60 MB with 497,000 entries exist; far larger ones are not indexes. */
const MAX_INDEX_BYTES = 512 * 1024 * 1024;

export interface ShardIndex {
  /** tensor to shard, in the order of the file; shards with unsafe names are left out and reported */
  weightMap: Map<string, string>;
  /** strings as they are, numbers and other values as JSON text */
  metadata: Map<string, string>;
  problems: ProblemList;
}

/** Throws bad-file if the file is not an index at all, read-failed and cancelled. */
export async function readShardIndex(source: ByteSource, file: string, signal?: AbortSignal): Promise<ShardIndex> {
  if (source.sizeBytes > MAX_INDEX_BYTES) {
    throw new OffaxisError(
      'bad-file',
      say`${file} has ${source.sizeBytes} bytes, too many for an index. Choose an index of shards (.index.json).`,
    );
  }
  const bytes = new Uint8Array(source.sizeBytes);
  await source.read(0, bytes, signal);
  return parseShardIndex(bytes, file);
}

export function parseShardIndex(bytes: Uint8Array, file: string): ShardIndex {
  const problems = new ProblemList(file);
  const index: ShardIndex = { weightMap: new Map(), metadata: new Map(), problems };
  const invalid = firstInvalidUtf8(bytes);
  const scanner = new JsonScanner(bytes);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) scanner.position = 3;
  if (invalid !== null || scanner.kind() !== 'object') {
    const impostor = impostorOf(bytes.subarray(0, IMPOSTOR_BYTES), bytes.length);
    if (impostor) problems.add('error', impostor.code, impostor.text, impostor.advice);
    else if (invalid !== null)
      problems.add('error', 'not-utf8', 'the index is not valid UTF-8.', RENEW, { byteOffset: invalid });
    else
      problems.add('error', 'index-not-object', 'the index is not a JSON object.', RENEW, {
        byteOffset: scanner.position,
      });
    return index;
  }
  let hasMap = false;
  try {
    scanner.object((key) => {
      if (key === 'weight_map' && scanner.kind() === 'object') {
        hasMap = true;
        scanWeightMap(scanner, index);
      } else if (key === 'metadata' && scanner.kind() === 'object') {
        scanner.object((name) => {
          const value = scanner.kind() === 'string' ? scanner.string() : scanner.token();
          index.metadata.set(name, value);
        });
      } else scanner.skipValue();
    });
    if (scanner.kind() !== 'end')
      throw new JsonError('json-syntax', 'something follows the JSON object', scanner.position);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const text = `the index is not valid JSON: ${error.message}. What stands before that was read.`;
    problems.add('error', error.code, text, RENEW, { byteOffset: error.offset });
    return index;
  }
  if (!hasMap)
    problems.add(
      'error',
      'no-weight-map',
      'the index has no "weight_map".',
      'Choose an index of shards (.index.json).',
    );
  return index;
}

const RENEW = 'Download it again.';

function scanWeightMap(scanner: JsonScanner, { weightMap, problems }: ShardIndex): void {
  /** a shard's name is checked once, and one string is kept for all its tensors */
  const checked = new Map<string, { name: string; fault: string | null }>();
  scanner.object((tensor, byteOffset) => {
    if (scanner.kind() !== 'string') {
      problems.add('error', 'shard-not-string', 'its shard is not a string.', RENEW, { tensor, byteOffset });
      scanner.skipValue();
      return;
    }
    const name = scanner.string();
    let shard = checked.get(name);
    if (!shard) checked.set(name, (shard = { name, fault: shardNameFault(name) }));
    if (shard.fault !== null) {
      const text = `its shard ${quoted(name)} is refused: ${shard.fault}.`;
      problems.add('error', 'unsafe-shard-name', text, 'Do not trust this index; get it from its source again.', {
        tensor,
        byteOffset,
      });
    } else if (weightMap.has(tensor)) {
      const text = 'this name stands twice in the index; the first shard is used.';
      problems.add('error', 'duplicate-key', text, RENEW, { tensor, byteOffset });
    } else weightMap.set(tensor, shard.name);
  });
}

/** Why a shard's name may not be opened relative to its index, or null. Subfolders are fine, ways out of the folder are not. */
export function shardNameFault(name: string): string | null {
  if (name === '') return 'it is empty';
  if (name.length > 1024) return 'it is too long';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) return 'it is a URL';
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(name)) return 'it holds control characters';
  if (name.includes('\\')) return 'it holds a backslash';
  if (name.includes(':')) return 'it holds a colon';
  if (name.startsWith('/')) return 'it is an absolute path';
  const parts = name.split('/');
  if (parts.includes('..')) return 'it leads out of the folder';
  if (parts.some((part) => part === '' || part === '.')) return 'it holds an empty path segment';
  return null;
}
