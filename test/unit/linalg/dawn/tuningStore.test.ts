import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createOutput } from '../../../../src/files/index.ts';
import { createTuningStore, tuningFile } from '../../../../src/linalg/dawn/tuningStore.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'offaxis-tuning-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('what one engine has kept, another finds', async () => {
  const file = join(folder, 'deep', 'tuning.json');
  const store = createTuningStore(file);
  expect(store.get('a')).toBeUndefined();
  await store.set('a', '1');
  await createTuningStore(file).set('b', '2');
  expect([store.get('a'), store.get('b')]).toEqual(['1', '2']);
  expect(readdirSync(join(folder, 'deep'))).toEqual(['tuning.json']);
});

test('what a killed process left goes at the next start', async () => {
  const output = await createOutput(join(folder, 'tuning.json'));
  const [alive = ''] = readdirSync(folder);
  // no system gives a process this number
  writeFileSync(join(folder, alive.replace(`-${process.pid}-`, '-4194999-')), 'half');
  createTuningStore(join(folder, 'tuning.json'));
  await expect.poll(() => readdirSync(folder)).toEqual([alive]);
  await output.discard();
});

test('a damaged file is as good as none, and is replaced', async () => {
  const file = join(folder, 'tuning.json');
  for (const damaged of ['{"a":', 'null', '[1]', '{"a":{"b":1}}']) {
    writeFileSync(file, damaged);
    expect(createTuningStore(file).get('a')).toBeUndefined();
  }
  await createTuningStore(file).set('a', 'x');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ a: 'x' });
});

test('a place that cannot be written costs nothing', async () => {
  const blocked = join(folder, 'blocked');
  mkdirSync(blocked);
  const store = createTuningStore(blocked);
  await store.set('a', '1');
  expect(store.get('a')).toBeUndefined();
});

test('the file lies where the system keeps caches', () => {
  expect(tuningFile('linux', { XDG_CACHE_HOME: '/cache' })).toBe(join('/cache', 'offaxis', 'gpu-tuning.json'));
  expect(tuningFile('linux', {})).toMatch(/\.cache.offaxis.gpu-tuning\.json$/);
  expect(tuningFile('win32', { LOCALAPPDATA: 'local' })).toBe(join('local', 'offaxis', 'gpu-tuning.json'));
  expect(tuningFile('darwin', {})).toMatch(/Library.Caches.offaxis.gpu-tuning\.json$/);
});
