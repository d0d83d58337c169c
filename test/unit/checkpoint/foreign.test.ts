/** Formats that are not read are named. */
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import { HubServer } from '../bytes/hubServer.ts';
import { f32, safetensors } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

const folder = temporaryFolder();
const NOT_READ = /is an Orbax checkpoint .*; Offaxis does not read it\. /;

it.each(['manifest.ocdbt', '_METADATA', '_CHECKPOINT_METADATA', 'orbax.checkpoint'])(
  'a folder with %s is said to be an Orbax checkpoint, as the file by itself and the folder around it are',
  async (name) => {
    const file = folder.write(join(`run-${name}`, '100', name), 'content');
    folder.write(join(`run-${name}`, '100', 'd', '0a1b'), 'content');
    for (const path of [file, join(file, '..'), join(file, '..', '..')])
      await expect(openCheckpoint(path), path).rejects.toMatchObject({
        code: 'bad-file',
        message: expect.stringMatching(NOT_READ) as string,
      });
  },
);

it('a folder with weights that are read opens, whatever lies beside them', async () => {
  folder.write(join('both', '_METADATA'), '{}');
  folder.write(join('both', 'model.safetensors'), safetensors({ a: { dtype: 'F32', shape: [2], data: f32(1, 2) } }));
  const checkpoint = await openCheckpoint(join(folder.path, 'both'));
  expect([...checkpoint.tensors.keys()]).toEqual(['a']);
  await checkpoint.close();
});

it('no file of a store is asked for as a folder', async () => {
  const hub = await HubServer.start();
  try {
    vi.stubEnv('HF_ENDPOINT', hub.origin);
    const text = new TextEncoder().encode('content');
    hub.commit('org/none', { 'README.md': text, 'notes.txt': text, 'docs/a.md': text });
    await expect(openCheckpoint('hf://org/none')).rejects.toThrow('holds no checkpoint');
    const listed = hub.web.requests.map(({ path }) => path.split('/tree/')[1]?.split('/')[1]);
    expect(listed).toContain('docs');
    expect(listed).not.toContain('README.md');
    expect(listed).not.toContain('notes.txt');
  } finally {
    vi.unstubAllEnvs();
    await hub.stop();
  }
});

it('a folder of neither is said to hold no checkpoint', async () => {
  folder.write(join('neither', 'manifest.txt'), 'content');
  await expect(openCheckpoint(join(folder.path, 'neither'))).rejects.toThrow('holds no checkpoint');
});
