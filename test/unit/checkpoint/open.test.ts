import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isRefused, openCheckpoint, pairCheckpoints } from '../../../src/checkpoint/index.ts';
import type { Checkpoint } from '../../../src/checkpoint/types.ts';
import type { TensorRow } from '../../../src/protocol/engine.ts';
import { codes16, f32, rawFile, safetensors } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

const SAMPLES = fileURLToPath(new URL('../../../media/samples', import.meta.url));
const MALFORMED = fileURLToPath(new URL('../../fixtures/malformed', import.meta.url));
const codes = (checkpoint: Checkpoint): string[] => checkpoint.problems.map((problem) => problem.code);
const tensor = (checkpoint: Checkpoint, name: string): TensorRow => {
  const found = checkpoint.tensors.get(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};

describe('one file', () => {
  it('opens a sample as file and as folder', async () => {
    for (const path of ['base', 'base/model.safetensors']) {
      const checkpoint = await openCheckpoint(join(SAMPLES, path));
      expect(checkpoint.facts).toMatchObject({
        format: 'safetensors, one file',
        parameters: 1_111_424,
        dtypes: { BF16: 57 },
        sizeBytes: 2_228_960,
        problems: [],
      });
      expect(checkpoint.config).toEqual({
        modelType: 'llama',
        layers: 6,
        hiddenSize: 128,
        attentionHeads: 4,
        keyValueHeads: 2,
        headDim: 32,
      });
      expect(tensor(checkpoint, 'model.layers.3.mlp.down_proj.weight')).toMatchObject({
        layer: 3,
        module: 'mlp.down_proj',
        role: 'block',
        shape: [128, 352],
        spectral: true,
      });
      expect(tensor(checkpoint, 'model.layers.3.input_layernorm.weight')).toMatchObject({
        role: 'norm',
        spectral: false,
      });
      await checkpoint.close();
    }
  });
  it('reads the bytes of a tensor', async () => {
    const folder = temporaryFolder();
    const path = folder.write(
      'x.safetensors',
      safetensors(
        { a: { dtype: 'F32', shape: [2], data: f32(1, 2) }, b: { dtype: 'BF16', shape: [3], data: codes16(3, 7) } },
        undefined,
        1,
      ),
    );
    const checkpoint = await openCheckpoint(path);
    const target = new Uint8Array(4);
    await checkpoint.read(tensor(checkpoint, 'b'), 2, target);
    expect([...new Uint16Array(target.buffer)]).toEqual([8, 9]);
    await expect(checkpoint.read(tensor(checkpoint, 'b'), 4, target)).rejects.toMatchObject({ code: 'bug' });
    await expect(checkpoint.read(tensor(checkpoint, 'b'), 0, target, AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    });
    await checkpoint.close();
    await expect(checkpoint.read(tensor(checkpoint, 'b'), 0, target)).rejects.toMatchObject({ code: 'cancelled' });
  });
  it('a damaged file opens with what could be read, a refused one with nothing', async () => {
    const folder = temporaryFolder();
    const header =
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,8]}}';
    const damaged = await openCheckpoint(folder.write('x.safetensors', rawFile(header, f32(3, 4))));
    expect(codes(damaged)).toEqual(['size-mismatch']);
    expect(isRefused(damaged)).toBe(false);
    expect([...damaged.tensors.values()].map((row) => row.offset === null)).toEqual([false, true]);
    await expect(damaged.read(tensor(damaged, 'b'), 0, new Uint8Array(4))).rejects.toThrow(
      /"b" cannot be read: the header of x.safetensors is damaged/,
    );
    await damaged.close();
    const refused = await openCheckpoint(join(MALFORMED, 'lfs_pointer.safetensors'));
    expect(isRefused(refused)).toBe(true);
    expect(refused.facts.problems[0]?.code).toBe('git-lfs-pointer');
    const empty = await openCheckpoint(join(MALFORMED, 'OK_ws_trailing.safetensors'));
    expect(isRefused(empty)).toBe(false);
    await Promise.all([refused.close(), empty.close()]);
  });
  it('notices that a file was replaced under it', async () => {
    const folder = temporaryFolder();
    const entry = { dtype: 'F32', shape: [1], data: f32(1) };
    const names = Array.from({ length: 60 }, (_, i) => `s${i}.safetensors`);
    for (const [i, name] of names.entries()) folder.write(name, safetensors({ [`t${i}`]: entry }));
    folder.write('model.safetensors.index.json', {
      weight_map: Object.fromEntries(names.map((name, i) => [`t${i}`, name])),
    });
    const checkpoint = await openCheckpoint(folder.path);
    utimesSync(join(folder.path, 's0.safetensors'), 1, 1);
    // More shards than stay open: the first is opened again.
    for (let i = 1; i < 60; i++) await checkpoint.read(tensor(checkpoint, `t${i}`), 0, new Uint8Array(4));
    await expect(checkpoint.read(tensor(checkpoint, 't0'), 0, new Uint8Array(4))).rejects.toThrow(
      /"t0".*has changed since it was opened/,
    );
    await checkpoint.close();
  });
  it('says of an adapter that it is one', async () => {
    const checkpoint = await openCheckpoint(join(SAMPLES, 'rl-lora'));
    expect(codes(checkpoint)).toEqual(['adapter']);
    expect(checkpoint.problems[0]).toMatchObject({
      severity: 'info',
      message: expect.stringContaining('this is an adapter (LoRA), rank 8, scale 2, for 18 modules') as string,
    });
    await checkpoint.close();
  });
  it('an aborted open is cancelled', async () => {
    await expect(openCheckpoint(join(SAMPLES, 'base'), AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});

describe('a stack of more experts than are taken apart', () => {
  const stack = (experts: number): Uint8Array => {
    const data = new Uint8Array(experts * 4).fill(0x38);
    return safetensors({ 'model.layers.0.mlp.experts.up_proj': { dtype: 'F8_E4M3', shape: [experts, 2, 2], data } });
  };
  it('is said to be one, and is one tensor', async () => {
    const folder = temporaryFolder();
    const checkpoint = await openCheckpoint(folder.write('crowd/model.safetensors', stack(262_145)));
    expect(checkpoint.problems).toMatchObject([
      {
        severity: 'info',
        code: 'too-many-experts',
        tensor: 'model.layers.0.mlp.experts.up_proj',
        message:
          'model.safetensors, tensor "model.layers.0.mlp.experts.up_proj": a stack of 262145 experts, more than the 262144 that are taken apart; it is taken as one tensor, without spectra. Check the shape that the header claims.',
      },
    ]);
    expect(tensor(checkpoint, 'model.layers.0.mlp.experts.up_proj').spectral).toBe(false);
    const { pairs } = pairCheckpoints(checkpoint, checkpoint, { includeEmbeddings: false, tensors: null });
    expect(pairs.map(({ name, spectral, reason, count }) => ({ name, spectral, reason, count }))).toEqual([
      {
        name: 'model.layers.0.mlp.experts.up_proj',
        spectral: false,
        reason: 'a stack of 262145 experts, more than the 262144 that are taken apart; compared as one, no spectrum',
        count: 4 * 262_145,
      },
    ]);
    await checkpoint.close();
    const most = await openCheckpoint(folder.write('crowd/most.safetensors', stack(262_144)));
    expect(codes(most)).toEqual([]);
    expect(tensor(most, 'model.layers.0.mlp.experts.up_proj').spectral).toBe(true);
    await most.close();
  });
});

describe('shards', () => {
  const entry = (value: number): { dtype: string; shape: number[]; data: Uint8Array } => ({
    dtype: 'F32',
    shape: [1],
    data: f32(value),
  });
  function sharded(): ReturnType<typeof temporaryFolder> {
    const folder = temporaryFolder();
    folder.write(
      'model-00000-of-00002.safetensors',
      safetensors({ 'model.layers.0.a.weight': entry(1), extra: entry(9) }, { format: 'pt' }),
    );
    folder.write('model-00001-of-00002.safetensors', safetensors({ 'model.layers.1.a.weight': entry(2) }));
    folder.write('model-00002-of-00002.safetensors', safetensors({ moved: entry(3) }));
    folder.write('model.safetensors.index.json', {
      metadata: { total_size: 16 },
      weight_map: {
        'model.layers.0.a.weight': 'model-00000-of-00002.safetensors',
        'model.layers.1.a.weight': 'model-00001-of-00002.safetensors',
        ghost: 'model-00001-of-00002.safetensors',
        moved: 'model-00000-of-00002.safetensors',
        last: 'model-00002-of-00002.safetensors',
      },
    });
    return folder;
  }
  it('reports what index and shards say differently', async () => {
    const checkpoint = await openCheckpoint(sharded().path);
    expect(checkpoint.facts.format).toBe('safetensors, 3 shards');
    expect(codes(checkpoint).sort()).toEqual(
      ['tensor-in-other-shard', 'tensor-not-in-index', 'tensor-not-in-shard', 'tensor-not-in-shard'].sort(),
    );
    expect(tensor(checkpoint, 'extra')).toMatchObject({ missing: false, file: 'model-00000-of-00002.safetensors' });
    expect(tensor(checkpoint, 'moved')).toMatchObject({ missing: false, file: 'model-00002-of-00002.safetensors' });
    expect(tensor(checkpoint, 'ghost')).toMatchObject({ missing: true, offset: null, dtype: '?', shape: [] });
    expect(checkpoint.facts.metadata).toEqual({ total_size: '16', format: 'pt' });
    const target = new Float32Array(1);
    await checkpoint.read(tensor(checkpoint, 'moved'), 0, new Uint8Array(target.buffer));
    expect(target[0]).toBe(3);
    await checkpoint.close();
  });
  it('opens without its shards, which are listed', async () => {
    const folder = sharded();
    rmSync(join(folder.path, 'model-00001-of-00002.safetensors'));
    const checkpoint = await openCheckpoint(join(folder.path, 'model.safetensors.index.json'));
    const problem = checkpoint.problems.find(({ code }) => code === 'shards-missing');
    expect(problem?.message).toContain('1 of 3 shards');
    expect(problem?.message).toContain('2 tensors');
    expect(checkpoint.facts.shards.map((shard) => shard.missing)).toEqual([false, true, false]);
    const absent = tensor(checkpoint, 'model.layers.1.a.weight');
    expect(absent).toMatchObject({ missing: true, layer: 1, module: 'a', dtype: '?', shape: [] });
    await expect(checkpoint.read(absent, 0, new Uint8Array(1))).rejects.toThrow(
      /shard model-00001-of-00002.safetensors is missing/,
    );
    await checkpoint.close();
  });
  it('a shard that is an LFS pointer leaves its tensors missing', async () => {
    const folder = sharded();
    folder.write(
      'model-00001-of-00002.safetensors',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123456\n',
    );
    const checkpoint = await openCheckpoint(folder.path);
    expect(checkpoint.problems.find(({ code }) => code === 'git-lfs-pointer')?.file).toBe(
      'model-00001-of-00002.safetensors',
    );
    expect(tensor(checkpoint, 'model.layers.1.a.weight').missing).toBe(true);
    expect(isRefused(checkpoint)).toBe(false);
    await checkpoint.close();
  });
  it('never opens what an index names outside its folder', async () => {
    const folder = temporaryFolder();
    const outside = folder.write('secret.safetensors', safetensors({ a: entry(1) }));
    const index = folder.write('inner/model.safetensors.index.json', {
      weight_map: { a: '../secret.safetensors', b: outside },
    });
    const checkpoint = await openCheckpoint(index);
    expect(codes(checkpoint)).toEqual(['unsafe-shard-name', 'unsafe-shard-name']);
    expect(checkpoint.tensors.size).toBe(0);
    expect(isRefused(checkpoint)).toBe(true);
    await checkpoint.close();
  });
  it('reports a wrong total size, and no more than that', async () => {
    const folder = temporaryFolder();
    folder.write('s.safetensors', safetensors({ a: entry(1) }));
    folder.write('model.safetensors.index.json', { metadata: { total_size: 0 }, weight_map: { a: 's.safetensors' } });
    const checkpoint = await openCheckpoint(folder.path);
    expect(checkpoint.problems.map(({ code, severity }) => [code, severity])).toEqual([['total-size-differs', 'info']]);
    await checkpoint.close();
  });
  it('one tensor in two shards is an error; the one that the index names is read', async () => {
    const folder = temporaryFolder();
    folder.write('s1.safetensors', safetensors({ a: entry(1), c: entry(7) }));
    folder.write('s2.safetensors', safetensors({ a: entry(2) }));
    folder.write('model.safetensors.index.json', { weight_map: { c: 's1.safetensors', a: 's2.safetensors' } });
    const checkpoint = await openCheckpoint(folder.path);
    expect(tensor(checkpoint, 'a').file).toBe('s2.safetensors');
    expect(codes(checkpoint)).toContain('duplicate-tensor');
    await checkpoint.close();
  });
});

describe('folders', () => {
  const file = safetensors({ a: { dtype: 'F32', shape: [1], data: f32(1) } });
  it.each<[string, string[], string]>([
    ['model before the rest', ['model.safetensors', 'other.safetensors'], 'model.safetensors'],
    ['diffusers', ['diffusion_pytorch_model.safetensors', 'x.txt'], 'diffusion_pytorch_model.safetensors'],
    ['an adapter', ['adapter_model.safetensors'], 'adapter_model.safetensors'],
    ['consolidated', ['consolidated.safetensors'], 'consolidated.safetensors'],
    ['any single one', ['weights.safetensors'], 'weights.safetensors'],
  ])('%s', async (_, names, expected) => {
    const folder = temporaryFolder();
    for (const name of names) folder.write(name, file);
    const checkpoint = await openCheckpoint(folder.path);
    expect(tensor(checkpoint, 'a').file).toBe(expected);
    await checkpoint.close();
  });
  it('consolidated parts and numbered shards without an index open together', async () => {
    for (const names of [
      ['consolidated.00.safetensors', 'consolidated.01.safetensors'],
      ['model-00001-of-00003.safetensors', 'model-00003-of-00003.safetensors'],
    ]) {
      const folder = temporaryFolder();
      names.forEach((name, i) =>
        folder.write(name, safetensors({ [`t${i}`]: { dtype: 'F32', shape: [1], data: f32(i) } })),
      );
      const checkpoint = await openCheckpoint(folder.path);
      expect([...checkpoint.tensors.keys()]).toEqual(['t0', 't1']);
      expect(codes(checkpoint)).toEqual([names[0]?.startsWith('model') ? 'shards-missing' : 'no-index']);
      await checkpoint.close();
    }
  });
  it.each<[string, string[], RegExp]>([
    [
      'several unrelated files',
      ['a.safetensors', 'b.safetensors'],
      /holds 2 checkpoints \(a.safetensors, b.safetensors\)/,
    ],
    ['an empty folder', ['readme.md'], /holds no checkpoint/],
    ['a folder of states that are no weights', ['optimizer.pt', 'training_args.bin'], /holds no checkpoint/],
    ['a checkpoint one level down', ['unet/model.safetensors'], /Its folder unet does/],
  ])('%s is refused with what is there', async (_, names, message) => {
    const folder = temporaryFolder();
    for (const name of names) folder.write(name, file);
    await expect(openCheckpoint(folder.path)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(message) as string,
    });
  });
  it('says what to choose instead of other paths', async () => {
    const folder = temporaryFolder();
    await expect(openCheckpoint(join(folder.path, 'none'))).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining('does not exist') as string,
    });
    await expect(openCheckpoint(folder.write('config.json', '{}'))).rejects.toMatchObject({ code: 'bad-file' });
  });
  it('a config that cannot be read is not an obstacle; one of a multimodal model is read inside', async () => {
    const folder = temporaryFolder();
    folder.write('model.safetensors', file);
    writeFileSync(join(folder.path, 'config.json'), '{');
    const broken = await openCheckpoint(folder.path);
    expect(broken.config).toBeNull();
    expect(broken.problems.map(({ code, file }) => [code, file])).toContainEqual(['config-invalid', 'config.json']);
    writeFileSync(join(folder.path, 'config.json'), `{"a": "${'x'.repeat(11 * 1024 * 1024)}"}`);
    const large = await openCheckpoint(broken.path);
    expect(large.problems.map(({ code }) => code)).toContain('config-too-large');
    await large.close();
    await broken.close();
    folder.write('config.json', {
      model_type: 'gemma4',
      text_config: { num_hidden_layers: 30, hidden_size: 64, num_attention_heads: 8, num_key_value_heads: 2 },
    });
    const nested = await openCheckpoint(folder.path);
    expect(nested.config).toEqual({
      modelType: 'gemma4',
      layers: 30,
      hiddenSize: 64,
      attentionHeads: 8,
      keyValueHeads: 2,
      headDim: 8,
    });
    await nested.close();
  });
});

describe('GPT-2', () => {
  it('is told by the shape of c_attn, not by the names it shares with others', async () => {
    const half = (rows: number, columns: number): { dtype: string; shape: number[]; data: Uint8Array } => ({
      dtype: 'F16',
      shape: [rows, columns],
      data: new Uint8Array(2 * rows * columns),
    });
    for (const [attention, transposed] of [
      [half(4, 12), true],
      [half(12, 4), false],
    ] as const) {
      const folder = temporaryFolder();
      const checkpoint = await openCheckpoint(
        folder.write(
          'x.safetensors',
          safetensors({
            'transformer.h.0.attn.c_proj.weight': half(4, 4),
            'transformer.h.0.attn.c_attn.weight': attention,
          }),
        ),
      );
      expect([...checkpoint.tensors.values()].map((row) => row.transposed ?? false)).toEqual([transposed, transposed]);
      await checkpoint.close();
    }
  });
});
