import { describe, expect, it } from 'vitest';
import { parseShardIndex, readShardIndex, shardNameFault } from '../../../src/formats/index.ts';
import { growth } from '../growth.ts';

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
  it('reads half a million entries with work in proportion to them', async () => {
    const bytes = new Map(
      [62_500, 500_000].map((count) => {
        const entries = Array.from(
          { length: count },
          (_, i) => `"model.layers.${i % 61}.mlp.experts.${i}.down_proj.weight":"model-${i % 160}.safetensors"`,
        );
        return [count, new TextEncoder().encode(`{"weight_map":{${entries.join(',')}}}`)];
      }),
    );
    const read = (count: number): void =>
      expect(parseShardIndex(bytes.get(count) ?? new Uint8Array(), 'i.json').weightMap.size).toBe(count);
    // 8 if linear, 64 if quadratic
    expect(await growth(read, 62_500, 500_000, 24)).toBeLessThan(24);
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

describe('a shard outside the folder of its index', () => {
  it.each([
    ['', 'it is empty'],
    ['s'.repeat(1025), 'it is too long'],
    ['https://example.com/s.safetensors', 'it is a URL'],
    ['x://s', 'it is a URL'],
    ['a\u0000b', 'it holds control characters'],
    ['a\u007f', 'it holds control characters'],
    ['a\\b', 'it holds a backslash'],
    ['C:s.safetensors', 'it holds a colon'],
    ['1://s', 'it holds a colon'],
    ['/etc/s.safetensors', 'it is an absolute path'],
    ['a/../../s', 'it leads out of the folder'],
    ['a//s', 'it holds an empty path segment'],
    ['a/', 'it holds an empty path segment'],
    ['./s', 'it holds an empty path segment'],
  ])('%j is refused: %s', (name, fault) => expect(shardNameFault(name)).toBe(fault));
  it('is told from one inside', () => {
    for (const name of ['s'.repeat(1024), 'a/b.safetensors', '..s', 'a..b/s'])
      expect(shardNameFault(name), name.slice(0, 40)).toBeNull();
  });
});

describe('the bytes of an index', () => {
  const bytes = (text: string, ...before: number[]): Uint8Array =>
    Uint8Array.from([...before, ...new TextEncoder().encode(text)]);
  it('may begin with a byte order mark, and with nothing like one', () => {
    const text = '{"weight_map":{"a":"s"}}';
    expect([...parseShardIndex(bytes(text, 0xef, 0xbb, 0xbf), 'i').weightMap]).toEqual([['a', 's']]);
    expect(parseShardIndex(bytes(text, 0xef, 0xbf, 0xbf), 'i').weightMap.size).toBe(0);
  });
  it('that are not UTF-8 are named by the first that is not', () => {
    const damaged = bytes('{"weight_map":{"a":"s"}}');
    damaged[5] = 0xff;
    expect(parseShardIndex(damaged, 'i').problems.list()).toMatchObject([{ code: 'not-utf8', byteOffset: 5 }]);
  });
  it('say where in the file each problem lies', () => {
    const places = (text: string) =>
      parse(text)
        .problems.list()
        .map(({ code, byteOffset }) => [code, byteOffset]);
    expect(places('[]')).toEqual([['index-not-object', 0]]);
    expect(places('{"weight_map":{"a":3}}')).toEqual([['shard-not-string', 15]]);
    expect(places('{"weight_map":{"a":"s","a":"t"}}')).toEqual([['duplicate-key', 23]]);
  });
  it('of metadata and of a map that are no objects are passed over', () => {
    const { weightMap, metadata } = parse('{"metadata":[1],"other":{"x":1},"weight_map":{"a":"s"}}');
    expect([[...metadata], [...weightMap]]).toEqual([[], [['a', 's']]]);
  });
  it('are as many as an index has, or it is refused before it is read', async () => {
    const source = { sizeBytes: 2 ** 40, read: () => Promise.reject(new Error('read')) };
    await expect(readShardIndex(source as never, 'i.json')).rejects.toThrow(
      /^i\.json has 1099511627776 bytes, too many/,
    );
  });
});
