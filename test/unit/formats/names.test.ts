import { describe, expect, test } from 'vitest';
import {
  indexName,
  isCheckpointFile,
  isIndexFile,
  isPartOfCheckpoint,
  isSetOf,
  listingOf,
  shardName,
} from '../../../src/formats/names.ts';

test('what a run may read, by name: nothing whose name only contains one', () => {
  const parts = ['a.safetensors', 'A.SAFETENSORS', 'model.safetensors.index.json', 'm.safetensors.index.fp16.json'];
  const configs = ['config.json', 'Config.JSON', 'adapter_config.json', 'params.json', 'manifest.json'];
  for (const name of [...parts, ...configs]) expect(isPartOfCheckpoint(name), name).toBe(true);
  const others = [
    'my_config.json',
    'config.json.bak',
    'adapter_config.jsonl',
    'a.safetensors.txt',
    'index.json',
    'token',
  ];
  for (const name of others) expect(isPartOfCheckpoint(name), name).toBe(false);
  expect(parts.map(isCheckpointFile)).toEqual([true, true, false, false]);
  expect(parts.map(isIndexFile)).toEqual([false, false, true, true]);
});

test('an index names a stem and may name a variant; one without a stem is not an index', () => {
  expect(indexName('model.safetensors.index.json')).toEqual({ stem: 'model', variant: '' });
  expect(indexName('model.safetensors.index.fp16.json')).toEqual({ stem: 'model', variant: '.fp16' });
  for (const none of [
    '.safetensors.index.json',
    'model.safetensors.index.json.gz',
    'model.safetensors',
    'model.index.json',
  ])
    expect(indexName(none), none).toBeNull();
});

describe('a shard', () => {
  test.each([
    ['model-00001-of-00002.safetensors', { stem: 'model', variant: '', total: 2, number: 1, ranked: false }],
    ['model-1-of-12.fp16.safetensors', { stem: 'model', variant: '.fp16', total: 12, number: 1, ranked: false }],
    ['shard-00003-model-00001-of-00004.safetensors', { stem: 'model', total: 4, number: 1, ranked: true }],
    ['consolidated.00.safetensors', { stem: 'consolidated', total: null, number: 0 }],
    ['model_part-3.safetensors', { total: null, number: 3 }],
    ['model-00004.safetensors', { stem: 'model', total: null, number: 4 }],
  ])('%s', (name, facts) => expect(shardName(name)).toMatchObject(facts));
  test('is not a step, a checkpoint by itself, or another file', () => {
    for (const name of [
      'model-500.safetensors',
      'model.safetensors',
      'model-00001-of-00002.txt',
      'lora-00001.safetensors',
    ])
      expect(shardName(name), name).toBeNull();
  });
});

describe('a folder', () => {
  test('its sets, whole or not, in the order of their numbers; the rest by itself; nothing hidden', () => {
    const two = ['model-00002-of-00002.safetensors', 'model-00001-of-00002.safetensors'];
    const lone = 'other-00001-of-00003.safetensors';
    const listing = listingOf([...two, 'z.safetensors', 'a.safetensors', lone, '.hidden.safetensors', 'readme.md']);
    expect(listing.files).toEqual(['a.safetensors', 'z.safetensors']);
    expect(listing.sets).toMatchObject([
      { stem: 'model', total: 2, complete: true, files: [...two].reverse() },
      { stem: 'other', total: 3, complete: false, files: [lone] },
    ]);
  });
  test('numbers without a total are shards if they follow each other from 0 or 1, else steps', () => {
    const parts = (...numbers: string[]) => listingOf(numbers.map((number) => `consolidated.${number}.safetensors`));
    expect(parts('01', '00').sets).toMatchObject([
      { complete: true, files: ['consolidated.00.safetensors', 'consolidated.01.safetensors'] },
    ]);
    expect(parts('01', '02').sets).toHaveLength(1);
    for (const steps of [parts('00'), parts('00', '02'), parts('02', '03')]) {
      expect(steps.sets).toEqual([]);
      expect(steps.files.length).toBeGreaterThan(0);
    }
  });
  test('an index speaks of the set of its stem and variant, never of one by ranks', () => {
    const set = (name: string) => {
      const [found] = listingOf([name]).sets;
      if (!found) throw new Error(`${name} is not of a set`);
      return found;
    };
    const plain = set('model-00001-of-00002.safetensors');
    const half = set('model-00001-of-00002.fp16.safetensors');
    expect(isSetOf(plain, 'model.safetensors.index.json')).toBe(true);
    expect(isSetOf(half, 'model.safetensors.index.json')).toBe(false);
    expect(isSetOf(half, 'model.safetensors.index.fp16.json')).toBe(true);
    expect(isSetOf(half, 'model.fp16.safetensors.index.json')).toBe(true);
    expect(isSetOf(plain, 'other.safetensors.index.json')).toBe(false);
    expect(isSetOf(plain, 'no-index.json')).toBe(false);
    expect(isSetOf(set('shard-00000-model-00001-of-00002.safetensors'), 'model.safetensors.index.json')).toBe(false);
  });
});
