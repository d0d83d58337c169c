import { expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import { f32, safetensors } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

const folder = temporaryFolder();
const shard = (name: string): Uint8Array => safetensors({ [name]: { dtype: 'F32', shape: [2], data: f32(1, 2) } });
async function wholeOf(path: string): Promise<string | undefined> {
  const opened = await openCheckpoint(path);
  await opened.close();
  return opened.facts.whole;
}

it('a shard by itself names the checkpoint that it is a part of: its index, or the set of its files', async () => {
  const first = folder.write('indexed/model-00001-of-00002.safetensors', shard('a'));
  folder.write('indexed/model-00002-of-00002.safetensors', shard('b'));
  const index = folder.write('indexed/model.safetensors.index.json', {
    weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
  });
  folder.write('indexed/model.fp16.safetensors.index.json', { weight_map: {} });
  expect(await wholeOf(first)).toBe(index);
  expect(await wholeOf(index)).toBeUndefined();

  const loose = folder.write('loose/model-00001-of-00002.safetensors', shard('a'));
  folder.write('loose/model-00002-of-00002.safetensors', shard('b'));
  const set = (await wholeOf(loose)) ?? '';
  const opened = await openCheckpoint(set);
  expect([...opened.tensors.keys()].sort()).toEqual(['a', 'b']);
  await opened.close();

  expect(await wholeOf(folder.write('alone/model.safetensors', shard('a')))).toBeUndefined();
});
