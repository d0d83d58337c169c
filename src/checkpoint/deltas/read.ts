/**
 * Reads what describes a delta. Two writers:
 * - slime, slime/backends/megatron_utils/update_weight/update_weight_from_disk_delta.py at 624b824 (docs/en/advanced/delta-weight-sync.md):
 *   `weight_v000005/` with model-*.safetensors, whose entries are U8 and named as the tensors, whose `__metadata__` holds the checksum of
 *   each tensor's new bytes, and an index whose metadata say `version`, `base_version`, `delta_encoding`, `compression_format` and
 *   `checksum_format`. How it is applied: docker/patch/latest/sglang-pull_weights.patch, `_apply_delta`. Miles writes the same:
 *   miles/backends/megatron_utils/update_weight/update_weight_from_distributed/delta.py at 31f1ca9.
 * - SkyRL, skyrl/backends/skyrl_train/weight_sync/delta_checkpoint.py at a956457: `delta-00000005/` with manifest.json, which lists every
 *   tensor with its payload, type, shape, size and checksum, and safetensors files with the payloads. Always xor.
 * Both compress with zstd.
 */
import { join, places } from '../../bytes/index.ts';
import { DELTA_MANIFEST, shardNameFault, type ProblemList } from '../../formats/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { CHECKSUMS, ENCODINGS, type Delta, type DeltaTensor } from './types.ts';

/** A record of a tensor has some 400 bytes; half a million tensors are known. */
const MAX_MANIFEST_BYTES = 512 * 1024 * 1024;

type Metadata = ReadonlyMap<string, string>;
const AGAIN = 'Publish it again.';

/** Of slime; null if the index does not speak of a delta, or not in a way that can be followed: then a problem says why. */
export function indexDelta(
  index: Metadata,
  tensors: ReadonlyMap<string, TensorRow>,
  /** of the files, by their names */
  files: ReadonlyMap<string, Metadata>,
  problems: ProblemList,
): Delta | null {
  const says = index.get('delta_encoding');
  if (says === undefined) return null;
  const wrong = (text: string): null => {
    problems.add('error', 'delta-invalid', text, AGAIN);
    return null;
  };
  const [encoding, algorithm] = [known(ENCODINGS, says), known(CHECKSUMS, index.get('checksum_format'))];
  if (!encoding) return wrong(`its delta_encoding is neither xor nor overwrite.`);
  if (!algorithm) return wrong(`its checksum_format is none of ${CHECKSUMS.join(', ')}.`);
  if (index.get('compression_format') !== 'zstd') return wrong('its compression_format is not zstd.');
  const versions = versionsOf(index.get('version'), index.get('base_version'));
  if (!versions) return wrong('its version and base_version are not two whole numbers, the base the lower one.');
  const found = new Map<string, DeltaTensor>();
  for (const row of tensors.values()) {
    const digest = files.get(row.file)?.get(row.name);
    if (digest === undefined || !isPayload(row)) {
      const text = 'it is not U8 bytes with a checksum in the metadata of its file.';
      problems.add('error', 'delta-invalid', text, AGAIN, { tensor: row.name });
      return null;
    }
    found.set(row.name, { payload: row, checksum: { algorithm, digest: digest.toLowerCase() }, sizeBytes: null });
  }
  return { writer: 'slime', ...versions, encoding, tensors: found };
}

interface Record {
  name: string;
  file: string;
  key: string;
  sizeBytes: number;
  checksum: DeltaTensor['checksum'];
}
export interface DeltaManifest {
  version: number;
  baseVersion: number;
  files: string[];
  records: Record[];
}

/** manifest.json of a folder; null if there is none, or it is another program's. Throws read-failed and cancelled. */
export async function readManifest(folder: string, signal?: AbortSignal): Promise<DeltaManifest | null> {
  const path = join(folder, DELTA_MANIFEST);
  if ((await places.stamp(path)) === null) return null;
  const source = await places.open(path);
  try {
    if (source.sizeBytes > MAX_MANIFEST_BYTES) return null;
    const bytes = new Uint8Array(source.sizeBytes);
    await source.read(0, bytes, signal);
    return parseManifest(new TextDecoder().decode(bytes));
  } finally {
    await source.close();
  }
}

/** Null if the text is not a manifest that can be followed. */
export function parseManifest(text: string): DeltaManifest | null {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return null;
  }
  const of = fieldsOf(fields);
  const versions = versionsOf(of['version'], of['base_version']);
  const [files, tensors] = [of['payload_files'], of['tensors']];
  if (!versions || !Array.isArray(files) || !Array.isArray(tensors)) return null;
  if (!files.every((file): file is string => typeof file === 'string' && shardNameFault(file) === null)) return null;
  const records = tensors.map(recordOf);
  return records.every((record) => record !== null) ? { ...versions, files, records } : null;
}

function recordOf(given: unknown): Record | null {
  const of = fieldsOf(given);
  const { name, payload_file: file, payload_key: key, uncompressed_num_bytes: sizeBytes } = of;
  // older ones call it by the one algorithm that they had
  const [digest, says] = 'checksum' in of ? [of['checksum'], of['checksum_algorithm']] : [of['sha256'], 'sha256'];
  const algorithm = known(CHECKSUMS, says ?? 'xxh3-128');
  if (typeof name !== 'string' || typeof file !== 'string' || typeof key !== 'string') return null;
  if (typeof digest !== 'string' || !algorithm || !isCount(sizeBytes)) return null;
  return { name, file, key, sizeBytes, checksum: { algorithm, digest: digest.toLowerCase() } };
}

/** Of SkyRL; null if a payload is not there, which a problem says. */
export function manifestDelta(
  { version, baseVersion, records }: DeltaManifest,
  tensors: ReadonlyMap<string, TensorRow>,
  problems: ProblemList,
): Delta | null {
  const found = new Map<string, DeltaTensor>();
  for (const { name, file, key, sizeBytes, checksum } of records) {
    const payload = tensors.get(key);
    if (!payload || payload.file !== file || !isPayload(payload) || found.has(name)) {
      const text = `${DELTA_MANIFEST} names ${file} for its bytes, which does not hold them as U8, or names it twice.`;
      problems.add('error', 'delta-invalid', text, AGAIN, { tensor: name });
      return null;
    }
    found.set(name, { payload, checksum, sizeBytes });
  }
  return { writer: 'SkyRL', version, baseVersion, encoding: 'xor', tensors: found };
}

const isPayload = ({ dtype, shape, offset }: TensorRow): boolean =>
  dtype === 'U8' && shape.length === 1 && offset !== null;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const known = <T extends string>(names: readonly T[], value: unknown): T | undefined =>
  names.find((name) => name === value);

function fieldsOf(value: unknown): { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { [key: string]: unknown })
    : {};
}
/** "000005", or 5. */
function versionsOf(version: unknown, base: unknown): { version: number; baseVersion: number } | null {
  const [own, before] = [version, base].map((value) =>
    typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
  );
  return isCount(own) && isCount(before) && before < own ? { version: own, baseVersion: before } : null;
}
