/** Archives that NumPy wrote, against the same arrays as safetensors; and what is refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import { isCheckpointFile, listingOf, readHeader } from '../../../src/formats/index.ts';
import { expectSame } from '../checkpoint/same.ts';
import { memorySource } from './build.ts';

const FOLDER = 'test/fixtures/formats/numpy';
const messages = async (name: string, file = new Uint8Array(readFileSync(join(FOLDER, name)))) =>
  (await readHeader(memorySource(file), name)).problems.map(({ code, message }) => `${code} ${message}`);

it('an .npz holds what its twin does, rows or columns first', async () => {
  const checkpoint = await openCheckpoint(join(FOLDER, 'model.npz'));
  const twin = await openCheckpoint(join(FOLDER, 'model.twin.safetensors'));
  expect(checkpoint.problems).toEqual([]);
  expect(checkpoint.facts.format).toBe('NumPy, one file');
  await expectSame(checkpoint, twin);
  await checkpoint.close();
  await twin.close();
});

it('what is compressed, big-endian, of objects, cut off or something else is refused by name', async () => {
  expect(await messages('compressed.npz')).toEqual([expect.stringMatching(/^tensor-not-read .*compressed/)]);
  expect(await messages('big-endian.npz')).toEqual([expect.stringMatching(/^tensor-not-read .*>f8/)]);
  expect(await messages('object.npy')).toEqual([expect.stringMatching(/^tensor-not-read .*objects/)]);
  const file = new Uint8Array(readFileSync(join(FOLDER, 'model.npz')));
  expect(await messages('x.npz', file.slice(0, -30))).toEqual([expect.stringMatching(/^zip-damaged/)]);
  expect(await messages('x.npz', Uint8Array.of(1, 2, 3))).toEqual([expect.stringMatching(/^not-numpy/)]);
});

it('an .npy is one by its ending, but no checkpoint of its folder, and no name that is kept from exports', async () => {
  expect(await messages('x.npy', Uint8Array.of(1, 2, 3))).toEqual([expect.stringMatching(/^not-numpy/)]);
  expect(listingOf(['train.npy', 'weights.npz']).files).toEqual(['weights.npz']);
  expect(isCheckpointFile('train.npy')).toBe(false);
});
