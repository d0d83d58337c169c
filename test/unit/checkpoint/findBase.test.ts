import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { baseMissing, findBase, openCheckpoint, pairAdapter, type Pairing } from '../../../src/checkpoint/index.ts';
import { hubCaches, hubFolder, hubModel } from '../../../src/checkpoint/hub.ts';
import { safetensors, f32 } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

const folder = temporaryFolder();
const weights = safetensors({ w: { dtype: 'F32', shape: [2], data: f32(1, 2) } });
const ADAPTER = 'test/fixtures/adapters/llama-lora/adapter';
const BASE = 'test/fixtures/adapters/llama/base';

/** A workspace of its own with an adapter at runs/run/adapter, and an empty hub's cache. */
let made = 0;
function place(): { adapter: string; at: (name: string) => string; write: (name: string) => string; cache: string } {
  const root = `w${made++}`;
  const file = folder.write(`${root}/runs/run/adapter/adapter_model.safetensors`, weights);
  return {
    adapter: join(file, '..'),
    at: (name) => join(folder.path, root, name),
    write: (name) => folder.write(`${root}/${name}`, weights),
    cache: join(folder.path, root, 'hub'),
  };
}
const find = async (
  { adapter, cache }: ReturnType<typeof place>,
  base: string | null,
  roots: string[] = [],
): Promise<string | null> => (await findBase(adapter, base, roots, [cache])).path;

describe("an adapter's base is found", () => {
  it('where its path says, from its folder, a root, or absolute', async () => {
    const here = place();
    const path = here.write('models/the-base/model.safetensors');
    expect(await find(here, '../../../models/the-base')).toBe(path);
    expect(await find(here, path)).toBe(path);
    expect(await find(here, join(path, '..'))).toBe(path);
    expect(await find(here, './models/the-base')).toBeNull();
    expect(await find(here, './models/the-base', [here.at('')])).toBe(path);
  });

  it.each([
    ['runs/run/Base-7B', 'org/Base-7B'],
    ['runs/Base-7B', 'org/Base-7B'],
    ['runs/Base-7B', '/home/other/models/Base-7B'],
    ['runs/Base-7B', 'D:\\models\\Base-7B'],
    ['runs/run/org--Base-7B', 'org/Base-7B'],
    ['runs/run/org/Base-7B', 'org/Base-7B'],
  ])('in %s beside or above it, for %s', async (name, base) => {
    const here = place();
    const path = here.write(`${name}/model.safetensors`);
    expect(await find(here, base)).toBe(path);
  });

  it("in the hub's cache at the revision of refs/main, or the only one", async () => {
    const here = place();
    const model = join(here.cache, 'models--org--Base');
    mkdirSync(join(model, 'refs'), { recursive: true });
    for (const revision of ['aaa', 'bbb']) {
      mkdirSync(join(model, 'snapshots', revision), { recursive: true });
      mkdirSync(join(model, 'blobs'), { recursive: true });
      writeFileSync(join(model, 'blobs', revision), weights);
      symlinkSync(join(model, 'blobs', revision), join(model, 'snapshots', revision, 'model.safetensors'));
    }
    expect(await find(here, 'org/Base')).toBeNull();
    writeFileSync(join(model, 'refs', 'main'), 'bbb\n');
    const expected = join(model, 'snapshots/bbb/model.safetensors');
    expect(await find(here, 'org/Base')).toBe(expected);
    // as a path into the cache of another machine
    expect(await find(here, '/root/.cache/huggingface/hub/models--org--Base/snapshots/ccc')).toBe(expected);
  });

  it("in the hub's cache at the revision that the adapter names, and at no other", async () => {
    const here = place();
    const model = join(here.cache, 'models--org--Base');
    for (const revision of ['aaa', 'bbb'])
      folder.write(`${model.slice(folder.path.length + 1)}/snapshots/${revision}/model.safetensors`, weights);
    for (const [ref, revision] of [
      ['main', 'bbb'],
      ['v1', 'aaa'],
      ['refs/pr/3', 'aaa'],
    ] as const) {
      mkdirSync(join(model, 'refs', ref, '..'), { recursive: true });
      writeFileSync(join(model, 'refs', ref), revision);
    }
    const at = async (revision: string | null): Promise<string | null> => {
      writeFileSync(join(here.adapter, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', revision }));
      return find(here, 'org/Base');
    };
    const first = join(model, 'snapshots/aaa/model.safetensors');
    expect(await at(null)).toBe(join(model, 'snapshots/bbb/model.safetensors'));
    for (const revision of ['aaa', 'v1', 'refs/pr/3']) expect(await at(revision), revision).toBe(first);
    for (const revision of ['ccc', '../refs/v1', '..', '../../x']) expect(await at(revision), revision).toBeNull();
    expect((await findBase(here.adapter, 'org/Base', [], [here.cache])).looked.at(-1)).toContain(
      'at the revision ../../x',
    );
  });

  it('never in the adapter itself, on another host, or out of the cache', async () => {
    const here = place();
    for (const base of ['.', '', '..', '\\\\host\\share\\base', '//host/share/base', '../..', 'a/b/c'])
      expect(await find(here, base), base).toBeNull();
    expect(hubFolder('/hub', '../etc')).toBeNull();
    expect(hubFolder('/hub', 'org/..')).toBeNull();
  });

  it('or it is said where it was looked for', async () => {
    const here = place();
    const search = await findBase(here.adapter, 'org/Base', [], [here.cache]);
    const text = baseMissing(here.adapter, 'org/Base', search);
    expect(text).toContain(`The base of ${here.adapter}, "org/Base", was not found on this machine: looked for `);
    for (const part of [join(here.adapter, 'org/Base'), 'folders called Base, org/Base, org--Base, org_Base in'])
      expect(text).toContain(part);
    expect(text).toContain(join(here.cache, 'models--org--Base'));
    expect(baseMissing('a', null, search)).toMatch(/does not say which base/);
  });
});

it("the hub's cache lies where its own variables say", () => {
  expect(hubCaches({ HF_HUB_CACHE: '/x', HF_HOME: '/y' })).toEqual(['/x']);
  expect(hubCaches({ HF_HOME: '/y' })).toEqual([join('/y', 'hub')]);
  expect(hubCaches({ XDG_CACHE_HOME: '/z' })).toEqual([join('/z', 'huggingface', 'hub')]);
  expect(hubModel('/c/models--org--My-Model-1/snapshots/a')).toBe('org/My-Model-1');
  expect(hubModel('/c/models--gpt2')).toBe('gpt2');
  expect(hubModel('/c/model')).toBeNull();
});

describe('a base that is not the one that the adapter names', () => {
  async function paired(base: string, named: string | null, change?: (name: string) => string): Promise<Pairing> {
    const at = `wrong${made++}`;
    const config = JSON.parse(readFileSync(`${ADAPTER}/adapter_config.json`, 'utf8')) as object;
    folder.write(`${at}/adapter_config.json`, { ...config, base_model_name_or_path: named });
    let file: Uint8Array = readFileSync(`${ADAPTER}/adapter_model.safetensors`);
    if (change) file = new Uint8Array(Buffer.from(change(Buffer.from(file).toString('latin1')), 'latin1'));
    folder.write(`${at}/adapter_model.safetensors`, file);
    const [left, right] = [await openCheckpoint(base), await openCheckpoint(join(folder.path, at))];
    try {
      if (!right.adapter) throw new Error('It is not an adapter.');
      return pairAdapter(left, right, right.adapter, { includeEmbeddings: false, tensors: null });
    } finally {
      await left.close();
      await right.close();
    }
  }
  function copied(name: string, more: object = {}): string {
    const config = JSON.parse(readFileSync(`${BASE}/config.json`, 'utf8')) as object;
    folder.write(`${name}/config.json`, { ...config, ...more });
    return join(folder.write(`${name}/model.safetensors`, readFileSync(`${BASE}/model.safetensors`)), '..');
  }

  it('is told by its name: of the folder, of config.json, of the cache', async () => {
    const plain = copied('some-folder');
    expect((await paired(plain, null)).notes).toEqual([]);
    expect((await paired(plain, 'org/Some-Folder')).notes).toEqual([]);
    expect((await paired(plain, plain)).notes).toEqual([]);
    expect((await paired(copied('x', { _name_or_path: 'org/Right' }), 'org/Right')).notes).toEqual([]);
    const [note] = (await paired(plain, 'org/Right')).notes;
    expect(note).toMatchObject({ severity: 'info', code: 'pairing-base-name' });
    expect(note?.message).toMatch(/trained on "org\/Right", and this base lies in a folder called "some-folder"/);
    const cached = copied('hub/models--org--Wrong/snapshots/abc');
    const [warning] = (await paired(cached, 'org/Right')).notes;
    expect(warning).toMatchObject({ severity: 'warning' });
    expect(warning?.message).toMatch(/is called "org\/Wrong"/);
    expect((await paired(cached, 'org/Wrong')).notes).toEqual([]);
  });

  it('is told by modules that it has no weight for', async () => {
    const { notes } = await paired(BASE, 'org/base', (text) => text.replaceAll('layers.1.', 'layers.7.'));
    expect(notes).toMatchObject([{ severity: 'warning', code: 'pairing-base-shape' }]);
    expect(notes[0]?.message).toMatch(/3 of the adapter's 6 modules do not fit this base .*"org\/base"/);
  });
});
