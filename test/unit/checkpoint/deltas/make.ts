/** Deltas written as the trainers write them: see src/checkpoint/deltas/read.ts for their sources. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { hasherOf } from '../../../../src/checkpoint/deltas/checksum.ts';
import type { ChecksumAlgorithm, Encoding } from '../../../../src/checkpoint/deltas/types.ts';
import { safetensors, type Entry } from '../../formats/build.ts';

export type Tensors = Record<string, Entry>;

export function writeModel(folder: string, tensors: Tensors): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.safetensors'), safetensors(tensors));
}
export function readModel(folder: string): Tensors {
  const bytes = readFileSync(join(folder, 'model.safetensors'));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return Object.fromEntries(
    Object.entries(header).flatMap(([name, { dtype, shape, data_offsets: [from, to] = [0, 0] }]) =>
      name === '__metadata__'
        ? []
        : [[name, { dtype, shape, data: new Uint8Array(bytes.subarray(start + from, start + to)) }]],
    ),
  );
}

/** Of one tensor; null if nothing changes. */
export function encoded(encoding: Encoding, old: Uint8Array, now: Uint8Array): Uint8Array | null {
  const places = [...now.keys()].filter((i) => now[i] !== old[i]);
  if (places.length === 0) return null;
  const plain =
    encoding === 'xor'
      ? now.map((byte, i) => byte ^ (old[i] as number))
      : Buffer.concat([
          new Uint8Array(Uint32Array.of(places.length, ...places).buffer),
          Uint8Array.from(places, (i) => now[i] as number),
        ]);
  return new Uint8Array(zstdCompressSync(plain));
}
export async function digestOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Promise<string> {
  const hasher = await hasherOf(algorithm);
  hasher.update(bytes);
  return hasher.digest();
}
const payload = (data: Uint8Array): Entry => ({ dtype: 'U8', shape: [data.length], data });
const padded = (version: number, digits: number): string => String(version).padStart(digits, '0');

/** weight_v000005 under `root`; gives its path. */
export async function writeSlime(
  root: string,
  version: number,
  [old, now]: readonly [Tensors, Tensors],
  { encoding = 'xor', checksum = 'xxh3-128' }: { encoding?: Encoding; checksum?: ChecksumAlgorithm } = {},
): Promise<string> {
  const folder = join(root, `weight_v${padded(version, 6)}`);
  mkdirSync(folder, { recursive: true });
  const payloads: Tensors = {};
  const digests: Record<string, string> = {};
  for (const [name, { data }] of Object.entries(now)) {
    const compressed = encoded(encoding, (old[name] as Entry).data, data);
    if (!compressed) continue;
    payloads[name] = payload(compressed);
    digests[name] = await digestOf(checksum, data);
  }
  const file = 'model-00000-of-00001.safetensors';
  writeFileSync(join(folder, file), safetensors(payloads, digests));
  const metadata = {
    ...{ version: padded(version, 6), base_version: padded(version - 1, 6), delta_encoding: encoding },
    ...{ compression_format: 'zstd', checksum_format: checksum },
  };
  const weight_map = Object.fromEntries(Object.keys(payloads).map((name) => [name, file]));
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata, weight_map }));
  return folder;
}

/** delta-00000005 under `root`; gives its path. */
export async function writeSkyRl(
  root: string,
  version: number,
  [old, now]: readonly [Tensors, Tensors],
  checksum: ChecksumAlgorithm = 'xxh3-128',
): Promise<string> {
  const folder = join(root, `delta-${padded(version, 8)}`);
  mkdirSync(folder, { recursive: true });
  const payloads: Tensors = {};
  const records = [];
  const file = 'delta-rank00000-file000000.safetensors';
  for (const [name, { dtype, shape, data }] of Object.entries(now)) {
    const compressed = encoded('xor', (old[name] as Entry).data, data);
    if (!compressed) continue;
    payloads[name] = payload(compressed);
    records.push({
      ...{ name, dtype: dtype === 'BF16' ? 'torch.bfloat16' : dtype, shape, payload_file: file, payload_key: name },
      ...{ uncompressed_num_bytes: data.length, compressed_num_bytes: compressed.length },
      ...{ checksum: await digestOf(checksum, data), checksum_algorithm: checksum },
    });
  }
  writeFileSync(join(folder, file), safetensors(payloads));
  const manifest = { version, base_version: version - 1, tensors: records, payload_files: [file] };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return folder;
}
