/**
 * The Hub can't be reached from a test: a server stands in for it that answers in the shapes of its API (`/api/models/ID/revision/REV`,
 * `/api/models/ID/tree/COMMIT/PATH` with Link pages, `/ID/resolve/COMMIT/PATH` with X-Repo-Commit, X-Linked-ETag, X-Linked-Size and a
 * redirect to another host). The Hub's own client, @huggingface/hub, reads it first.
 */
import { fileExists, listFiles, modelInfo } from '@huggingface/hub';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubAddress } from '../../../src/bytes/remote/hub.ts';
import { RemotePlace } from '../../../src/bytes/remote/place.ts';
import { HubServer, TOKEN } from './hubServer.ts';
import { impatient } from './webServer.ts';

const WEIGHTS = Uint8Array.from({ length: 400_000 }, (_, i) => (i * 31) % 256);
const CONFIG = new TextEncoder().encode('{"model_type":"llama"}');

let hub: HubServer;
let environment: ReturnType<typeof impatient>;
let place: RemotePlace;
beforeEach(async () => {
  hub = await HubServer.start();
  hub.commit('org/model', {
    'model.safetensors': WEIGHTS,
    'config.json': CONFIG,
    'sub/model.safetensors': WEIGHTS.subarray(1),
  });
  environment = impatient();
  environment.variables = { HF_ENDPOINT: hub.origin };
  place = new RemotePlace(environment);
});
afterEach(() => hub.stop());

async function read(path: string, from: number, length: number): Promise<Uint8Array> {
  const source = await place.open(path);
  const target = new Uint8Array(length);
  await source.read(from, target);
  return target;
}

describe('the stand-in for the Hub', () => {
  it("is understood by the Hub's own client", async () => {
    const at = { hubUrl: hub.origin };
    const files = [];
    for await (const { path, type } of listFiles({ ...at, repo: 'org/model', recursive: false }))
      files.push(`${type} ${path}`);
    expect(files.sort()).toEqual(['directory sub', 'file config.json', 'file model.safetensors']);
    expect(await fileExists({ ...at, repo: 'org/model', path: 'config.json' })).toBe(true);
    const info = await modelInfo({ ...at, name: 'org/model', additionalFields: ['sha'] });
    expect(info.sha).toBe(hub.head('org/model'));
  });
});

describe('a model of the Hub', () => {
  it('is pinned to a commit, and listed, told apart and read there', async () => {
    const path = await place.pinned('hf://org/model@main/model.safetensors');
    expect(path).toBe(`hf://org/model@${hub.head('org/model')}/model.safetensors`);
    expect(await place.pinned(path)).toBe(path);
    const folder = await place.pinned('hf://org/model');
    expect(await place.kind(folder)).toBe('folder');
    expect(await place.list(folder)).toEqual(['config.json', 'model.safetensors', 'sub']);
    expect(await place.kind(`${folder}/sub`)).toBe('folder');
    expect(await place.list(`${folder}/sub`)).toEqual(['model.safetensors']);
    expect(await place.kind(path)).toBe('file');
    await expect(place.kind(`${folder}/none`)).rejects.toThrow(/does not exist/);
    expect(await read(path, 300_000, 10)).toEqual(WEIGHTS.slice(300_000, 300_010));
    expect(await read(`${folder}/config.json`, 0, CONFIG.length)).toEqual(CONFIG);
    expect(await place.stamp(`${folder}/adapter_config.json`)).toBeNull();
  });
  it('opens many of its files at once before its branch is resolved, which is asked for once', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `m-${i}.safetensors`);
    hub.commit('org/many', Object.fromEntries(names.map((name) => [name, CONFIG])));
    const opened = await Promise.all(names.map((name) => place.open(`hf://org/many/${name}`)));
    expect(opened.map(({ sizeBytes }) => sizeBytes)).toEqual(names.map(() => CONFIG.length));
    expect(hub.web.requests.filter(({ path }) => path.includes('/revision/'))).toHaveLength(1);
  });
  it('is resolved for all who wait, though the first of them gives up', async () => {
    const first = new AbortController();
    hub.web.next.push((request, response) => {
      first.abort();
      hub.web.otherwise?.(request, response);
    });
    const [given, waited] = await Promise.allSettled([
      place.pinned('hf://org/model', first.signal),
      place.pinned('hf://org/model'),
    ]);
    expect(given).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } });
    expect(waited).toEqual({ status: 'fulfilled', value: `hf://org/model@${hub.head('org/model')}` });
  });
  it('stays at the commit that a branch had, whatever is uploaded meanwhile', async () => {
    expect(await read('hf://org/model/model.safetensors', 0, 4)).toEqual(WEIGHTS.slice(0, 4));
    const before = hub.head('org/model');
    hub.commit('org/model', { 'model.safetensors': WEIGHTS.slice().reverse() });
    expect(await read('hf://org/model/model.safetensors', 200_000, 4)).toEqual(WEIGHTS.slice(200_000, 200_004));
    expect(await place.pinned('hf://org/model')).toBe(`hf://org/model@${before}`);
    expect(await new RemotePlace(environment).pinned('hf://org/model')).toBe(`hf://org/model@${hub.head('org/model')}`);
  });
  it('is read by ranges from the host behind the redirect, which never sees the token', async () => {
    environment.variables = { HF_ENDPOINT: hub.origin, HF_TOKEN: TOKEN };
    place = new RemotePlace(environment);
    hub.isPrivate = true;
    const path = await place.pinned('hf://org/model/model.safetensors');
    expect(await read(path, 300_000, 10)).toEqual(WEIGHTS.slice(300_000, 300_010));
    expect(await read(path, 200_000, 10)).toEqual(WEIGHTS.slice(200_000, 200_010));
    for (const { headers } of hub.web.requests) expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(hub.storage.requests.length).toBeGreaterThan(1);
    for (const { headers } of hub.storage.requests) expect(headers.authorization).toBeUndefined();
    // Once for the address of the storage, then there.
    expect(hub.web.requests.filter(({ path }) => path.includes('/resolve/'))).toHaveLength(2);
  });
  it('takes the token of the window in place of HF_TOKEN', async () => {
    environment.variables = { HF_ENDPOINT: hub.origin, HF_TOKEN: 'hf_another' };
    place = new RemotePlace(environment);
    hub.isPrivate = true;
    place.use({ hubToken: TOKEN });
    expect(await place.list('hf://org/model')).toContain('config.json');
  });
  it('that is private says what to do, and shows no token', async () => {
    environment.variables = { HF_ENDPOINT: hub.origin, HF_TOKEN: 'hf_wrong' };
    place = new RemotePlace(environment);
    hub.isPrivate = true;
    const error = await place.pinned('hf://org/model').catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(/401 \(not signed in\)\. The model is private or gated.*HF_TOKEN/);
    expect((error as Error).message).not.toContain('hf_wrong');
  });
  it('with more files than a page holds is listed whole', async () => {
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`model-${i}.safetensors`, CONFIG]));
    hub.commit('org/many', many);
    expect(await place.list('hf://org/many')).toHaveLength(25);
    expect(hub.web.requests.filter(({ path }) => path.includes('/tree/'))).toHaveLength(3);
  });
  it('that is not there, or no name at all, is said', async () => {
    await expect(place.pinned('hf://org/model@no-branch')).rejects.toThrow(/org\/model has no revision "no-branch"/);
    await expect(place.pinned('hf://model')).rejects.toThrow(/names no model/);
    await expect(place.pinned('hf://org/../x')).rejects.toThrow(/names no model/);
    environment.variables = { HF_ENDPOINT: 'http://example.com' };
    await expect(new RemotePlace(environment).pinned('hf://org/model')).rejects.toThrow(/HF_ENDPOINT/);
  });
  it('whose file is another one at the same commit is an error', async () => {
    const path = await place.pinned('hf://org/model/model.safetensors');
    const source = await place.open(path);
    hub.swap(WEIGHTS, WEIGHTS.slice().reverse());
    await expect(source.read(200_000, new Uint8Array(4))).rejects.toThrow(/has changed since it was opened/);
  });
});

it('names of files of the Hub go to it encoded', async () => {
  hub.commit('org/odd', { 'a b#c?d.safetensors': CONFIG });
  const [name = ''] = await place.list('hf://org/odd');
  expect(name).toBe('a b#c?d.safetensors');
  expect(await read(`hf://org/odd/${name}`, 0, 4)).toEqual(CONFIG.slice(0, 4));
});

describe('an address that was copied from the site', () => {
  it.each([
    ['https://huggingface.co/owner/name', 'hf://owner/name'],
    ['https://huggingface.co/owner/name/', 'hf://owner/name'],
    ['https://huggingface.co/owner/name/tree/main', 'hf://owner/name@main'],
    ['https://huggingface.co/owner/name/tree/refs%2Fpr%2F1', 'hf://owner/name@refs%2Fpr%2F1'],
    ['https://huggingface.co/owner/name/blob/main/a%20b/c.gguf', 'hf://owner/name@main/a b/c.gguf'],
    ['https://huggingface.co/owner/name/resolve/v1/c.gguf?download=true', 'hf://owner/name@v1/c.gguf'],
  ])('%s is read as %s', (typed, address) => {
    expect(hubAddress(typed)).toBe(address);
    place.check(address);
  });
  it.each([
    'https://huggingface.co/datasets/owner',
    'https://huggingface.co/owner',
    'https://huggingface.co/owner/name/discussions',
    'https://example.com/owner/name',
    'hf://owner/name',
    'model.safetensors',
  ])('%s stays what it is', (typed) => {
    expect(hubAddress(typed)).toBeNull();
  });
});

describe('an address that is typed', () => {
  it.each([
    ['hf://owner', /names no model/],
    ['hf://owner/na me', /names no model/],
    ['s3://', /names no bucket/],
    ['https://', /not a URL/],
    ['http://example.com/a.gguf', /not encrypted/],
    ['ftp://example.com/a.gguf', /not a kind of address/],
  ])('%s is refused before anything is asked', (typed, fault) => {
    expect(() => place.check(typed)).toThrow(fault);
    expect(hub.web.requests).toEqual([]);
  });
});
