import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CheckpointCache, filesOf } from '../../../../src/analysis/checkpointCache.ts';
import { ComparisonCache } from '../../../../src/analysis/comparisonCache.ts';
import { inputsOf } from '../../../../src/analysis/inputs.ts';
import {
  openCheckpoint,
  versionBefore,
  type Checkpoint,
  type DeltaCheckpoint,
} from '../../../../src/checkpoint/index.ts';
import { changeOf } from '../../../../src/checkpoint/deltas/change.ts';
import { hasZstd, inflate, needsZstd } from '../../../../src/checkpoint/deltas/inflate.ts';
import { parseManifest } from '../../../../src/checkpoint/deltas/read.ts';
import { CHECKSUMS, ENCODINGS } from '../../../../src/checkpoint/deltas/types.ts';
import { runOf } from '../../../../src/checkpoint/steps.ts';
import { HubServer } from '../../bytes/hubServer.ts';
import { codes16 } from '../../formats/build.ts';
import { temporaryFolder } from '../folder.ts';
import { digestOf, encoded, readModel, writeModel, writeSkyRl, writeSlime, type Tensors } from './make.ts';

const folder = temporaryFolder();
const comparisons = new ComparisonCache(new CheckpointCache());
afterAll(() => comparisons.dispose());

/** Reads the tuned side of a comparison whole. */
async function tuned(base: string, path: string): Promise<Map<string, Uint8Array>> {
  return using(base, path, (made) => bytesOf(made));
}
async function using<T>(base: string, path: string, work: (made: Checkpoint) => Promise<T>): Promise<T> {
  const { open, release } = await comparisons.hold({ base, tuned: path, includeEmbeddings: true, tensors: null });
  try {
    return await work(open.tuned);
  } finally {
    await release();
  }
}
async function bytesOf(checkpoint: Checkpoint): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const row of checkpoint.tensors.values()) {
    const bytes = new Uint8Array(row.sizeBytes);
    await checkpoint.read(row, 0, bytes);
    found.set(row.name, bytes);
  }
  return found;
}
const expectBytes = (found: Map<string, Uint8Array>, wanted: Tensors): void => {
  expect([...found.keys()].sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, { data }] of Object.entries(wanted))
    expect(Buffer.compare(found.get(name) ?? new Uint8Array(), data), name).toBe(0);
};

/** Three versions of the sample family: rl's step 100 and rl itself are what the base became. */
let versions: [Tensors, Tensors, Tensors];
beforeAll(() => {
  versions = ['base', 'rl-steps/step-100', 'rl'].map((one) => readModel(`media/samples/${one}`)) as typeof versions;
});
const BASE = 'media/samples/base';

describe('a delta over its base', () => {
  it.each(ENCODINGS.flatMap((encoding) => CHECKSUMS.map((checksum) => [encoding, checksum] as const)))(
    'of slime gives the tuned bytes back: %s, %s',
    { timeout: 120_000 },
    async (encoding, checksum) => {
      const root = join(folder.path, `slime-${encoding}-${checksum}`);
      const [base, step] = versions;
      const path = await writeSlime(root, 1, [base, step], { encoding, checksum });
      expectBytes(await tuned(BASE, path), step);
    },
  );
  it('is followed through the versions between, of slime and of SkyRL', { timeout: 120_000 }, async () => {
    const [base, step, rl] = versions;
    const slime = join(folder.path, 'chain');
    await writeSlime(slime, 1, [base, step], { encoding: 'overwrite' });
    const last = await writeSlime(slime, 2, [step, rl]);
    expectBytes(await tuned(BASE, last), rl);
    const sky = join(folder.path, 'sky');
    await writeSkyRl(sky, 1, [base, step]);
    expectBytes(await tuned(BASE, await writeSkyRl(sky, 2, [step, rl], 'sha256')), rl);
  });
  it('is made of the files of every version, which are told to other machines and never written over', async () => {
    const [base, step, rl] = versions;
    const root = join(folder.path, 'files');
    const between = await writeSlime(root, 1, [base, step]);
    const last = await writeSlime(root, 2, [step, rl]);
    const { open, release } = await comparisons.hold({
      ...{ base: BASE, tuned: last, includeEmbeddings: true, tensors: null },
    });
    const files = filesOf(last, open.tuned);
    for (const at of [between, last]) expect(files).toContain(join(at, 'model-00000-of-00001.safetensors'));
    const inputs = await inputsOf(last, open.tuned, new AbortController().signal, open.base);
    const file = 'model-00000-of-00001.safetensors';
    expect(inputs.map((input) => input.file)).toEqual([join('..', 'weight_v000001', file), file]);
    await release();
  });
  it('at an address that holds nothing of the version before is made on the base', async () => {
    const hub = await HubServer.start();
    try {
      vi.stubEnv('HF_ENDPOINT', hub.origin);
      const config = new TextEncoder().encode('{}');
      hub.commit('org/run', { 'weight_v000002/config.json': config, 'weight_v000003/config.json': config });
      const at = (version: number) =>
        versionBefore({
          folder: `hf://org/run/weight_v00000${version}`,
          delta: { version, baseVersion: version - 1 },
        } as DeltaCheckpoint);
      expect(await at(3)).toBe('hf://org/run/weight_v000002');
      expect(await at(2)).toBeNull();
    } finally {
      vi.unstubAllEnvs();
      await hub.stop();
    }
  });
  it('begins from a whole version beside it, whatever it is compared with', { timeout: 120_000 }, async () => {
    const [, step, rl] = versions;
    const root = join(folder.path, 'reset');
    writeModel(join(root, 'weight_v000003'), step);
    expectBytes(await tuned(BASE, await writeSlime(root, 4, [step, rl])), rl);
  });
  it('is read by any run of bytes', { timeout: 120_000 }, async () => {
    const [base, step] = versions;
    const path = await writeSlime(join(folder.path, 'runs'), 1, [base, step], { encoding: 'overwrite' });
    await using(BASE, path, async (made) => {
      for (const row of [...made.tensors.values()].slice(0, 6))
        for (const [from, to] of [
          [0, 1],
          [1, 2],
          [Math.floor(row.sizeBytes / 3), Math.floor(row.sizeBytes / 2)],
          [row.sizeBytes - 1, row.sizeBytes],
        ] as const) {
          const bytes = new Uint8Array(to - from);
          await made.read(row, from, bytes);
          expect(Buffer.compare(bytes, (step[row.name]?.data ?? bytes).subarray(from, to)), row.name).toBe(0);
        }
    });
  });
  it('of which every byte changes is kept whole', async () => {
    const root = join(folder.path, 'dense');
    const entry = (data: Uint8Array) => ({ dtype: 'BF16', shape: [40, 50], data });
    const old = { 'model.layers.0.mlp.up_proj.weight': entry(codes16(2000)) };
    const now = { 'model.layers.0.mlp.up_proj.weight': entry(codes16(2000).map((byte) => byte ^ 0x5a)) };
    writeModel(join(root, 'base'), old);
    expectBytes(await tuned(join(root, 'base'), await writeSlime(root, 1, [old, now])), now);
  });
});

describe('by itself', () => {
  it('a delta opens as what it is, and is a step of a run', { timeout: 120_000 }, async () => {
    const [base, step, rl] = versions;
    const root = join(folder.path, 'alone');
    const path = await writeSlime(root, 1, [base, step]);
    await writeSlime(root, 2, [step, rl]);
    const opened = await openCheckpoint(path);
    expect(opened.problems.map(({ code, severity }) => [code, severity])).toEqual([['delta', 'info']]);
    expect(opened.problems[0]?.message).toMatch(/delta of slime \(xor, zstd\), version 1 on version 0/);
    await opened.close();
    const run = await runOf([BASE, root]);
    expect(run.steps.map((one) => one.step)).toEqual([1, 2]);
    const sky = await openCheckpoint(await writeSkyRl(join(folder.path, 'alone-sky'), 7, [base, step]));
    expect(sky.problems.map(({ code }) => code)).toEqual(['delta']);
    await sky.close();
    await expect(tuned(path, BASE)).rejects.toThrow('is a delta: the change of some weights');
  });
});

describe('another base', () => {
  it('is refused by its bytes, its tensors and their sizes', { timeout: 120_000 }, async () => {
    const [base, step, rl] = versions;
    const root = join(folder.path, 'other');
    const path = await writeSlime(root, 1, [base, step]);
    await expect(tuned('media/samples/sft', path)).rejects.toThrow(
      /is a delta made on version 0, and .*sft is not that/,
    );
    await expect(tuned('media/samples/rl-lora', path)).rejects.toThrow();
    const first = Object.keys(step)[0] as string;
    const fewer = Object.fromEntries(Object.entries(base).filter(([name]) => name !== first));
    writeModel(join(root, 'fewer'), fewer);
    await expect(tuned(join(root, 'fewer'), path)).rejects.toThrow(/it holds no tensor/);
    // a version that is missing between: the bytes of the one before it are not there
    const gap = await writeSlime(join(folder.path, 'gap'), 2, [step, rl]);
    await expect(tuned(BASE, gap)).rejects.toThrow(/made on version 1.*xxh3-128 checksum/);
  });
});

describe('a damaged delta', () => {
  it.each<[string, (index: { metadata: Record<string, string> }) => void]>([
    ['encoding', ({ metadata }) => (metadata['delta_encoding'] = 'add')],
    ['compression', ({ metadata }) => (metadata['compression_format'] = 'lz4')],
    ['checksum', ({ metadata }) => (metadata['checksum_format'] = 'md5')],
    ['order of versions', ({ metadata }) => (metadata['base_version'] = '000001')],
    ['version', ({ metadata }) => (metadata['version'] = '-1')],
  ])('is not followed with another %s', async (what, damage) => {
    const [base, step] = versions;
    const path = await writeSlime(join(folder.path, `damaged-${what}`), 1, [base, step]);
    const file = join(path, 'model.safetensors.index.json');
    const index = JSON.parse(readFileSync(file, 'utf8')) as { metadata: Record<string, string> };
    damage(index);
    writeFileSync(file, JSON.stringify(index));
    const opened = await openCheckpoint(path);
    expect(opened.delta).toBeUndefined();
    expect(opened.problems.filter(({ code }) => code === 'delta-invalid')).toHaveLength(1);
    await opened.close();
  });
  it('is told by its bytes: not zstd, cut, too long, out of place', async () => {
    const of = (bytes: Uint8Array, size: number, encoding: 'xor' | 'overwrite' = 'xor') =>
      changeOf(
        encoding,
        inflate(async (at, into) => into.set(bytes.subarray(at, at + into.length)), bytes.length, 'x'),
        size,
        'x',
      );
    const packed = (plain: Uint8Array): Uint8Array => new Uint8Array(zstdCompressSync(plain));
    const u32 = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
    await expect(of(Uint8Array.of(1, 2, 3, 4, 5), 8)).rejects.toThrow('x is damaged');
    const whole = packed(new Uint8Array(100_000).map((_, i) => (i * 7919) % 251));
    await expect(of(whole.subarray(0, whole.length - 20), 100_000)).rejects.toThrow(/damaged|does not fit/);
    // four gigabytes of zeros in a few kilobytes are never made
    await expect(of(packed(new Uint8Array(64 * 1024 * 1024)), 16)).rejects.toThrow('it is of more than 16 bytes');
    await expect(of(packed(new Uint8Array(3)), 4)).rejects.toThrow('it is of 3 bytes, not 4');
    await expect(of(packed(new Uint8Array(64 * 1024 * 1024)), 16, 'overwrite')).rejects.toThrow('more bytes than 16');
    await expect(of(packed(u32(5)), 16, 'overwrite')).rejects.toThrow('not of one number');
    await expect(of(packed(Uint8Array.of(1)), 16, 'overwrite')).rejects.toThrow('not of one number');
    for (const places of [
      [16, 3],
      [3, 3],
      [4, 2],
    ])
      await expect(of(packed(Uint8Array.of(...u32(2, ...places), 9, 9)), 16, 'overwrite')).rejects.toThrow(
        'out of order, or outside',
      );
    const change = await of(packed(Uint8Array.of(...u32(2, 0, 15), 9, 8)), 16, 'overwrite');
    const target = new Uint8Array(16);
    change.applyTo(target, 0);
    expect([target[0], target[15], target[7]]).toEqual([9, 8, 0]);
  });
  it('that changes a byte more than the trainer meant is refused where it is read', { timeout: 120_000 }, async () => {
    const [base, step] = versions;
    const root = join(folder.path, 'flipped');
    // the largest tensor that changes: not one of those that are looked at first
    const [name] = Object.entries(step).reduce((a, b) => (b[1].data.length > a[1].data.length ? b : a));
    const wrong = {
      ...step,
      [name]: { ...step[name], data: (step[name]?.data ?? new Uint8Array()).slice() },
    } as Tensors;
    const data = wrong[name]?.data as Uint8Array;
    data[5] = (data[5] ?? 0) ^ 1;
    const path = await writeSlime(root, 1, [base, wrong]);
    const file = join(path, 'model-00000-of-00001.safetensors');
    const bytes = readFileSync(file);
    const [said, meant] = [await digestOf('xxh3-128', data), await digestOf('xxh3-128', step[name]?.data ?? data)];
    const at = bytes.indexOf(said);
    expect(at).toBeGreaterThan(0);
    bytes.write(meant, at);
    writeFileSync(file, bytes);
    await using(BASE, path, async (made) => {
      const row = made.tensors.get(name);
      if (!row) throw new Error('not there');
      await expect(made.read(row, 0, new Uint8Array(8))).rejects.toThrow(/checksum that the trainer wrote/);
    });
  });
  it('is no manifest of ours if a field is of another kind', () => {
    const record = {
      ...{ name: 'a', payload_file: 'f.safetensors', payload_key: 'a', uncompressed_num_bytes: 4 },
      ...{ checksum: 'aa', checksum_algorithm: 'sha256' },
    };
    const of = (change: object, given: object = record) =>
      parseManifest(
        JSON.stringify({ version: 1, base_version: 0, payload_files: ['f.safetensors'], tensors: [given], ...change }),
      );
    expect(of({})?.records).toHaveLength(1);
    // what older ones wrote
    expect(of({}, { ...record, checksum: undefined, sha256: 'BB' })?.records[0]?.checksum).toEqual({
      algorithm: 'sha256',
      digest: 'bb',
    });
    for (const change of [{ version: 'x' }, { base_version: 1 }, { payload_files: ['../f'] }, { tensors: {} }])
      expect(of(change)).toBeNull();
    for (const change of [{ name: 1 }, { checksum: 7 }, { uncompressed_num_bytes: -1 }, { checksum_algorithm: 'md5' }])
      expect(of({}, { ...record, ...change })).toBeNull();
    for (const text of ['', '[]', 'null', '{"version": 1']) expect(parseManifest(text)).toBeNull();
  });
});

describe('what the forms are made of', () => {
  it('checksums are those of their definitions', async () => {
    const empty = new Uint8Array();
    expect(await digestOf('xxh3-128', empty)).toBe('99aa06d3014798d86001c324468d497f');
    expect(await digestOf('blake3', empty)).toBe('af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262');
    // slime pads to eight digits
    expect(await digestOf('adler32', Buffer.from('Wikipedia'))).toBe('11e60398');
    expect(await digestOf('adler32', empty)).toBe('00000001');
  });
  it('an older Node without zstd is told so', () => {
    expect(hasZstd()).toBe(true);
    expect(hasZstd({})).toBe(false);
    expect(needsZstd().message).toMatch(/zstd, which Node.js has from 22\.15 on; this is Node.js \d+/);
  });
  it('a delta without a change has no payload', () => {
    expect(encoded('xor', Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBeNull();
    mkdirSync(join(folder.path, 'none'), { recursive: true });
  });
});
