import { describe, expect, it } from 'vitest';
import { parseShardIndex, shardNameFault } from '../../../src/formats/index.ts';

const parse = (text: string): ReturnType<typeof parseShardIndex> =>
  parseShardIndex(new TextEncoder().encode(text), 'i.json');

describe('an index', () => {
  it('maps tensors to shards, in order, with its metadata as text', () => {
    const index = parse(
      '{"metadata":{"total_size":12,"v":"x","n":{"a":1}},"weight_map":{"b":"s1","10":"s2","9":"s1","__proto__":"s1"}}',
    );
    expect([...index.weightMap]).toEqual([
      ['b', 's1'],
      ['10', 's2'],
      ['9', 's1'],
      ['__proto__', 's1'],
    ]);
    expect([...index.metadata]).toEqual([
      ['total_size', '12'],
      ['v', 'x'],
      ['n', '{"a":1}'],
    ]);
    expect(index.problems.list()).toEqual([]);
  });
  it.each([
    ['{"weight_map":{"a":"s","a":"t"}}', 'duplicate-key'],
    ['{"weight_map":{"a":3}}', 'shard-not-string'],
    ['{"weight_map":{"a":"../s.safetensors"}}', 'unsafe-shard-name'],
    ['{"metadata":{}}', 'no-weight-map'],
    ['[]', 'index-not-object'],
    ['', 'index-not-object'],
    ['{"weight_map":{"a":"s"', 'json-truncated'],
    ['{"weight_map":{}} x', 'json-syntax'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n', 'git-lfs-pointer'],
  ])('%s', (text, code) => {
    expect(
      parse(text)
        .problems.list()
        .map((problem) => problem.code),
    ).toEqual([code]);
  });
  it('keeps the map in front of broken JSON', () => {
    expect([...parse('{"weight_map":{"a":"s","b":!').weightMap.keys()]).toEqual(['a']);
  });
  it('reads half a million entries in seconds', () => {
    const entries = Array.from(
      { length: 500_000 },
      (_, i) => `"model.layers.${i % 61}.mlp.experts.${i}.down_proj.weight":"model-${i % 160}.safetensors"`,
    );
    const bytes = new TextEncoder().encode(`{"weight_map":{${entries.join(',')}}}`);
    const start = performance.now();
    expect(parseShardIndex(bytes, 'i.json').weightMap.size).toBe(500_000);
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

describe('shard names', () => {
  it.each(['model-00001-of-00002.safetensors', 'unet/part.safetensors', 'a..b.safetensors', 'ä 1.safetensors'])(
    '%s is fine',
    (name) => {
      expect(shardNameFault(name)).toBeNull();
    },
  );
  it.each([
    '',
    '../x',
    'a/../../x',
    '/etc/passwd',
    'C:\\x',
    'C:x',
    'a\\b',
    'https://host/x',
    'a//b',
    './x',
    'x\0.safetensors',
    'x'.repeat(2000),
  ])('%s is refused', (name) => {
    expect(shardNameFault(name)).not.toBeNull();
  });
});
