/** What a folder is taken for. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkpointsAt,
  openCheckpoint,
  pairCheckpoints,
  SeveralCheckpoints,
  wholeWeight,
  type Checkpoint,
} from '../../../src/checkpoint/index.ts';
import { f32, safetensors } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

const CASES = 'test/fixtures/cases';
const SHARDS = `${CASES}/folder-messages/shards-plus-mtp`;
const one = (name: string, value = 1): Uint8Array =>
  safetensors({ [name]: { dtype: 'F32', shape: [1], data: f32(value) } });

async function opened<T>(path: string, look: (checkpoint: Checkpoint) => T): Promise<T> {
  const checkpoint = await openCheckpoint(path);
  try {
    return look(checkpoint);
  } finally {
    await checkpoint.close();
  }
}
const codes = ({ problems }: Checkpoint): string[] => problems.map(({ code }) => code);
const size = ({ tensors, facts }: Checkpoint): [number, number | null] => [tensors.size, facts.parameters];

describe('indexes', () => {
  it("Diffusers' variants are one checkpoint, by folder and by index", async () => {
    const folder = `${CASES}/diffusers-variant-index/folder`;
    for (const path of [folder, `${folder}/diffusion_pytorch_model.safetensors.index.fp16.json`])
      expect(await opened(path, size)).toEqual([21, 19_616]);
  });
  it('one of another build is said to be stale, and what lies there is opened', async () => {
    const folder = `${CASES}/stale-index/names-none-that-is-there`;
    for (const path of [folder, `${folder}/model.safetensors.index.json`]) {
      expect(await opened(path, size)).toEqual([21, 19_616]);
      expect(await opened(path, ({ problems }) => problems)).toMatchObject([
        {
          severity: 'warning',
          code: 'index-stale',
          message: expect.stringMatching(/13 of the 13 files .* and 2 lie/) as string,
        },
      ]);
    }
  });
  it('so is one of which some files are there', async () => {
    const folder = temporaryFolder();
    cpSync(`${CASES}/stale-index/names-none-that-is-there`, folder.path, { recursive: true });
    const index = join(folder.path, 'model.safetensors.index.json');
    const text = readFileSync(index, 'utf8').replaceAll('model-00001-of-00013', 'model-00001-of-00002');
    writeFileSync(index, text);
    expect(await opened(folder.path, size)).toEqual([21, 19_616]);
    expect(await opened(folder.path, codes)).toContain('index-stale');
  });
  it('one of an unfinished download is not, though another sharding lies beside it', async () => {
    const folder = temporaryFolder();
    folder.write('model-00001-of-00002.safetensors', one('a'));
    folder.write('model-1-of-1.safetensors', one('old'));
    folder.write('model.safetensors.index.json', {
      weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
    });
    expect(await opened(folder.path, ({ tensors }) => [...tensors.keys()])).toEqual(['a', 'b']);
    expect(await opened(folder.path, codes)).toEqual(['other-files', 'shards-missing']);
  });
});

describe('shards without an index', () => {
  it('open beside another file, which is named', async () => {
    expect(await opened(SHARDS, size)).toEqual([21, 19_616]);
    expect(await opened(SHARDS, ({ problems }) => problems[0]?.message)).toContain('mtp.safetensors lies beside');
  });
  it.each([
    ['unpadded', 'model-1-of-2', 'model-2-of-2'],
    ['with a variant', 'model-00001-of-00002.fp16', 'model-00002-of-00002.fp16'],
    ['underscored', 'weights_1_of_2', 'weights_2_of_2'],
    ['as parts', 'model_part_0', 'model_part_1'],
    ['without a total', 'model-00001', 'model-00002'],
    ['from 0', 'model-00000-of-00002', 'model-00001-of-00002'],
  ])('%s are one checkpoint', async (_, first, second) => {
    const folder = temporaryFolder();
    folder.write(`${first}.safetensors`, one('a'));
    folder.write(`${second}.safetensors`, one('b'));
    expect(await opened(folder.path, ({ tensors }) => [...tensors.keys()])).toEqual(['a', 'b']);
    expect(await opened(folder.path, codes)).toEqual(['no-index']);
  });
  it('two whole shardings are two checkpoints, each of which opens by its name with a star', async () => {
    const folder = temporaryFolder();
    for (const total of [2, 3])
      for (let i = 1; i <= total; i++) folder.write(`model-${i}-of-${total}.safetensors`, one(`${total}.${i}`));
    const paths = await checkpointsAt(folder.path);
    expect(paths).toEqual([2, 3].map((total) => join(folder.path, `model-*-of-${total}.safetensors`)));
    expect(await opened(paths[1] ?? '', ({ tensors }) => [...tensors.keys()])).toEqual(['3.1', '3.2', '3.3']);
    rmSync(join(folder.path, 'model-3-of-3.safetensors'));
    expect(await opened(folder.path, ({ tensors }) => tensors.size)).toBe(2);
  });
  it('steps are not shards', async () => {
    const folder = temporaryFolder();
    for (const step of [500, 1000]) folder.write(`model-${step}.safetensors`, one('a'));
    expect(await checkpointsAt(folder.path)).toHaveLength(2);
  });
});

describe("a hub's cache", () => {
  const REVISION = '0123456789abcdef0123456789abcdef01234567';
  function cache(): { hub: string; model: string } {
    const home = temporaryFolder().path;
    const model = join(home, 'hub', 'models--org--模型 α');
    for (const name of ['blobs', 'refs', `snapshots/${REVISION}`, 'snapshots/older'])
      mkdirSync(join(model, name), { recursive: true });
    writeFileSync(join(model, 'refs/main'), REVISION);
    for (const name of readdirSync(SHARDS)) {
      cpSync(join(SHARDS, name), join(model, 'blobs', `of-${name.length}-${name.slice(0, 11)}`));
      symlinkSync(`../../blobs/of-${name.length}-${name.slice(0, 11)}`, join(model, 'snapshots', REVISION, name));
    }
    writeFileSync(join(model, 'snapshots/older/model.safetensors'), one('old'));
    return { hub: join(home, 'hub'), model };
  }
  it('opens at each of its levels, at the revision of refs/main', async () => {
    const { hub, model } = cache();
    for (const path of [
      join(hub, '..'),
      hub,
      model,
      join(model, 'snapshots'),
      join(model, 'refs'),
      join(model, 'snapshots', REVISION),
    ])
      expect(await opened(path, size), path).toEqual([21, 19_616]);
  });
  it('of several models lists them; without refs/main its revisions', async () => {
    const { hub, model } = cache();
    mkdirSync(join(hub, 'models--b/snapshots/x'), { recursive: true });
    mkdirSync(join(hub, 'models--b/refs'));
    writeFileSync(join(hub, 'models--b/snapshots/x/model.safetensors'), one('b'));
    expect(await checkpointsAt(hub)).toEqual([join(hub, 'models--b'), model]);
    rmSync(join(model, 'refs/main'));
    await expect(openCheckpoint(model)).rejects.toThrow(SeveralCheckpoints);
  });
  it('a link whose blob is gone is an unfinished download', async () => {
    const folder = temporaryFolder();
    const path = join(folder.path, 'model.safetensors');
    symlinkSync('../../blobs/gone', path);
    for (const place of [path, folder.path])
      await expect(openCheckpoint(place)).rejects.toMatchObject({
        code: 'bad-file',
        message: expect.stringMatching(
          /is a link to \.\.\/\.\.\/blobs\/gone, which is not there: the download was not finished/,
        ) as string,
      });
  });
});

describe('several checkpoints', () => {
  it('of a trainer are listed, all of them, in their order', async () => {
    const folder = temporaryFolder();
    for (const step of [500, 1500, 1000]) folder.write(`checkpoint-${step}/model.safetensors`, one('a'));
    expect(await checkpointsAt(folder.path)).toEqual(
      [500, 1000, 1500].map((step) => join(folder.path, `checkpoint-${step}`)),
    );
    await expect(openCheckpoint(folder.path)).rejects.toThrow(
      /holds 3 checkpoints \(checkpoint-500, checkpoint-1000, checkpoint-1500\)/,
    );
  });
  it('of a pipeline with a quantised component pair by the names that its weights have in the pipeline', async () => {
    const from = `${CASES}/fp8-scales-ignored/bf16-vs-fp8-block`;
    const [base, tuned] = ['base', 'tuned'].map((side) => {
      const folder = temporaryFolder();
      folder.write('model_index.json', {});
      for (const component of ['unet', 'other'])
        cpSync(join(from, component === 'unet' ? side : 'base'), join(folder.path, component), { recursive: true });
      return folder.path;
    });
    const left = await openCheckpoint(base ?? '');
    const right = await openCheckpoint(tuned ?? '');
    const { pairs, unpaired } = pairCheckpoints(left, right, { includeEmbeddings: false, tensors: null });
    expect(pairs).toHaveLength(42);
    expect(pairs.filter(({ tuned: { quantised } }) => quantised !== undefined)).toHaveLength(14);
    expect(unpaired).toEqual({ baseOnly: [], tunedOnly: [] });
    await Promise.all([left.close(), right.close()]);
  });
  it('of a Diffusers pipeline are its components, in one or each by itself', async () => {
    const folder = temporaryFolder();
    folder.write('model_index.json', { _class_name: 'StableDiffusionPipeline', unet: ['diffusers', 'UNet2D'] });
    folder.write('unet/diffusion_pytorch_model.safetensors', one('down_blocks.0.w', 2));
    folder.write('text_encoder/model.safetensors', one('layers.3.q', 3));
    folder.write('scheduler/scheduler_config.json', {});
    expect(await checkpointsAt(folder.path)).toEqual(['text_encoder', 'unet'].map((name) => join(folder.path, name)));
    const checkpoint = await openCheckpoint(folder.path);
    expect([...checkpoint.tensors.keys()]).toEqual(['text_encoder.layers.3.q', 'unet.down_blocks.0.w']);
    expect(checkpoint.facts).toMatchObject({ parameters: 2, format: 'safetensors, 2 components' });
    expect(codes(checkpoint)).toEqual(['pipeline']);
    const row = checkpoint.tensors.get('unet.down_blocks.0.w');
    const bytes = new Uint8Array(4);
    if (row) await checkpoint.read(row, 0, bytes);
    expect(bytes).toEqual(f32(2));
    await checkpoint.verify();
    await checkpoint.close();
    writeFileSync(join(folder.path, 'unet/diffusion_pytorch_model.safetensors'), one('down_blocks.0.w', 4));
    await expect(checkpoint.verify()).rejects.toMatchObject({ code: 'read-failed' });
  });
  it('quantised components are read through their scales', async () => {
    const folder = temporaryFolder();
    folder.write('model_index.json', {});
    folder.write('vae/model.safetensors', one('x'));
    folder.write(
      'transformer/model.safetensors',
      safetensors({
        // 0x38 is 1 in E4M3
        'layers.0.q_proj.weight': { dtype: 'F8_E4M3', shape: [2, 2], data: new Uint8Array(4).fill(0x38) },
        'layers.0.q_proj.weight_scale_inv': { dtype: 'F32', shape: [1, 1], data: f32(3) },
      }),
    );
    const checkpoint = await openCheckpoint(folder.path);
    const row = checkpoint.tensors.get('transformer.layers.0.q_proj.weight');
    if (!row) throw new Error('not there');
    const values = new Float32Array(4);
    await wholeWeight(checkpoint, row).readRows({ rows: [0, 2], columns: [0, 2] }, new Uint8Array(values.buffer));
    expect([...values]).toEqual([3, 3, 3, 3]);
    await checkpoint.close();
  });
});
