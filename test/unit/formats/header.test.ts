import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openByteSource } from '../../../src/bytes/index.ts';
import { readSafetensorsHeader, type Header } from '../../../src/formats/index.ts';
import { f32, memorySource, rawFile, safetensors } from './build.ts';

const MALFORMED = fileURLToPath(new URL('../../fixtures/malformed', import.meta.url));
const read = (bytes: Uint8Array): Promise<Header> => readSafetensorsHeader(memorySource(bytes), 'x.safetensors');
const codes = (header: Header): string[] => header.problems.map((problem) => problem.code);
const entry = (begin: number, end: number, shape = '[1]'): string =>
  `{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;

/** The first complaint about each file: no two share one. */
const REFUSED = new Map([
  ['empty', 'empty-file'],
  ['header_len_only', 'header-truncated'],
  ['header_too_large', 'header-too-large'],
  ['invalid_info', 'size-mismatch'],
  ['lfs_pointer', 'git-lfs-pointer'],
  ['missing_2_bytes', 'data-truncated'],
  ['non_utf8', 'not-utf8'],
  ['not_json', 'json-truncated'],
  ['overflow_bytes', 'size-overflow'],
  ['overflow_shape', 'shape-overflow'],
  ['overlapping_json_attack', 'data-overlap'],
  ['symlink_text', 'symlink-text'],
  ['trailing_polyglot', 'trailing-bytes'],
]);

describe('the malformed files', () => {
  const files = readdirSync(MALFORMED).filter((file) => file.endsWith('.safetensors'));
  it('are all accounted for', () => {
    expect(files.filter((file) => !file.startsWith('OK_')).map((file) => file.replace('.safetensors', ''))).toEqual(
      [...REFUSED.keys()].sort(),
    );
    expect(new Set(REFUSED.values()).size).toBe(REFUSED.size);
  });
  it.each(files)('%s', async (file) => {
    const source = await openByteSource(join(MALFORMED, file));
    const { problems } = await readSafetensorsHeader(source, file);
    await source.close();
    const errors = problems.filter((problem) => problem.severity === 'error');
    if (file.startsWith('OK_')) {
      expect(errors).toEqual([]);
      return;
    }
    expect(errors[0]?.code).toBe(REFUSED.get(file.replace('.safetensors', '')));
    expect(errors[0]?.message).toMatch(new RegExp(`^${file}.*: .+\\. [A-Z].+\\.$`));
    if (errors[0]?.tensor !== undefined) expect(errors[0].message).toContain(`tensor "${errors[0].tensor}"`);
    if (errors[0]?.byteOffset !== undefined) expect(errors[0].message).toContain(`byte ${errors[0].byteOffset}`);
  });
  it('loads leading white space with a warning, trailing without', async () => {
    for (const [file, expected] of [
      ['OK_ws_leading', ['leading-white-space']],
      ['OK_ws_trailing', []],
      ['OK_zero_sized', []],
    ] as const) {
      const source = await openByteSource(join(MALFORMED, `${file}.safetensors`));
      expect(codes(await readSafetensorsHeader(source, file))).toEqual(expected);
      await source.close();
    }
  });
  it('names the real size of an LFS pointer', async () => {
    const source = await openByteSource(join(MALFORMED, 'lfs_pointer.safetensors'));
    const { problems } = await readSafetensorsHeader(source, 'a');
    await source.close();
    expect(problems[0]?.message).toContain('4998663696');
    expect(problems[0]?.message).toContain('git lfs pull');
  });
});

describe('a sound file', () => {
  it('gives entries in the order of the data, metadata, and no problems', async () => {
    const bytes = rawFile(`{"__metadata__":{"format":"pt"},"b":${entry(4, 8)},"a":${entry(0, 4)}}`, f32(1, 2));
    const header = await read(bytes);
    expect(header.problems).toEqual([]);
    expect([...header.entries.keys()]).toEqual(['a', 'b']);
    expect(header.entries.get('b')).toEqual({
      name: 'b',
      dtype: 'F32',
      shape: [1],
      sizeBytes: 4,
      offset: bytes.length - 4,
    });
    expect([...header.metadata]).toEqual([['format', 'pt']]);
  });
  it('keeps names that objects would reorder or swallow', async () => {
    const header = await read(
      rawFile(
        `{"10":${entry(0, 4)},"9":${entry(4, 8)},"__proto__":${entry(8, 12)},"constructor":${entry(12, 16)}}`,
        f32(1, 2, 3, 4),
      ),
    );
    expect([...header.entries.keys()]).toEqual(['10', '9', '__proto__', 'constructor']);
    expect(header.problems).toEqual([]);
  });
  it('reads escapes and every plane of Unicode in names', async () => {
    const header = await read(rawFile(`{"a\\u00e9\\ud83d\\ude00é😀\\n\\/":${entry(0, 4)}}`, f32(1)));
    expect([...header.entries.keys()]).toEqual(['aé😀é😀\n/']);
    expect(header.problems).toEqual([]);
  });
  it('allows metadata to be null, zero-size tensors to share an offset, scalars, and odd header lengths', async () => {
    const text = `{"__metadata__":null,"s":${entry(0, 4, '[]')},"z":${entry(4, 4, '[0,7]')},"y":${entry(4, 4, '[0]')},"t":${entry(4, 8)}} `;
    const header = await read(rawFile(text, f32(1, 2)));
    expect(header.problems).toEqual([]);
    expect(header.entries.size).toBe(4);
  });
  it('reads the header and nothing else, however large the data is', async () => {
    const claimed = 100e9;
    const text = `{"a":{"dtype":"U8","shape":[${claimed}],"data_offsets":[0,${claimed}]}}`;
    const bytes = rawFile(text);
    const source = memorySource(bytes, bytes.length + claimed);
    const header = await readSafetensorsHeader(source, 'big');
    expect(header.problems).toEqual([]);
    expect(header.entries.get('a')?.sizeBytes).toBe(claimed);
    expect(source.bytesRead).toBeLessThanOrEqual(65536);
  });
  it('reads headers longer than the first read', async () => {
    const text = `{${Array.from({ length: 3000 }, (_, i) => `"tensor.${i}":${entry(4 * i, 4 * i + 4)}`).join(',')}}`;
    expect(text.length).toBeGreaterThan(100_000);
    const header = await read(rawFile(text, new Uint8Array(12000)));
    expect(header.problems).toEqual([]);
    expect(header.entries.size).toBe(3000);
  });
});

describe('each rule', () => {
  const one = f32(1);
  const ok = entry(0, 4);
  it.each<[string, Uint8Array, string[]]>([
    ['shorter than the length', new Uint8Array(5), ['file-too-short']],
    ['an empty header', rawFile(''), ['empty-header']],
    ['one byte past the limit', rawFile('{}', new Uint8Array(0), 100_000_001n), ['header-too-large']],
    ['a header past the end', rawFile('{}', new Uint8Array(0), 3n), ['header-truncated']],
    ['a BOM', rawFile(`\ufeff{"a":${ok}}`, one), ['byte-order-mark']],
    ['NUL padding', rawFile(`{"a":${ok}}\0\0\0`, one), ['nul-padding']],
    ['text after the object', rawFile(`{"a":${ok}} x`, one), ['json-trailing']],
    ['leading white space', rawFile(` {"a":${ok}}`, one), ['leading-white-space']],
    ['an array', rawFile('[]'), ['header-not-object']],
    ['a duplicate tensor', rawFile(`{"a":${ok},"a":${entry(4, 8)}}`, f32(1, 2)), ['duplicate-key']],
    [
      'a duplicate field',
      rawFile('{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', one),
      ['duplicate-key'],
    ],
    ['a duplicate in the metadata', rawFile(`{"__metadata__":{"k":"1","k":"2"},"a":${ok}}`, one), ['duplicate-key']],
    ['metadata twice', rawFile(`{"__metadata__":{},"a":${ok},"__metadata__":{}}`, one), ['duplicate-key']],
    ['a duplicate under two spellings', rawFile(`{"a":${ok},"\\u0061":${entry(4, 8)}}`, f32(1, 2)), ['duplicate-key']],
    ['1.0', rawFile('{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}', one), ['not-a-plain-integer']],
    ['1e0', rawFile('{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}', one), ['not-a-plain-integer']],
    ['-0', rawFile('{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}'), ['not-a-plain-integer']],
    ['01', rawFile('{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}', one), ['json-syntax']],
    ['2^53', rawFile('{"a":{"dtype":"F32","shape":[9007199254740992,0],"data_offsets":[0,0]}}'), ['integer-too-large']],
    [
      'offsets of 2^53',
      rawFile('{"a":{"dtype":"F32","shape":[0],"data_offsets":[9007199254740992,9007199254740992]}}'),
      ['wrong-offsets'],
    ],
    [
      'a number of a thousand digits',
      rawFile(`{"a":{"dtype":"F32","shape":[${'9'.repeat(1000)}],"data_offsets":[0,4]}}`, one),
      ['shape-overflow'],
    ],
    [
      'a product past 2^64 that a zero would hide',
      rawFile(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}`),
      ['shape-overflow'],
    ],
    ['a lone high surrogate', rawFile(`{"a\\ud83d":${ok}}`, one), ['lone-surrogate']],
    ['a lone low surrogate', rawFile(`{"\\ude00":${ok}}`, one), ['lone-surrogate']],
    ['two high surrogates', rawFile(`{"\\ud83d\\ud83d":${ok}}`, one), ['lone-surrogate']],
    ['a raw control character', rawFile(`{"a\n":${ok}}`, one), ['json-syntax']],
    ['metadata that is a list', rawFile(`{"__metadata__":[],"a":${ok}}`, one), ['metadata-not-object']],
    ['metadata with a number', rawFile(`{"__metadata__":{"n":1},"a":${ok}}`, one), ['metadata-not-string']],
    [
      'an unknown field',
      rawFile('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":[{}]}}', one),
      ['unknown-field'],
    ],
    ['a missing field', rawFile('{"a":{"dtype":"F32","data_offsets":[0,4]}}', one), ['missing-field']],
    ['an entry that is a number', rawFile('{"a":3}'), ['entry-not-object']],
    ['a dtype that is a number', rawFile('{"a":{"dtype":3,"shape":[1],"data_offsets":[0,4]}}', one), ['wrong-dtype']],
    [
      'a shape that is a string',
      rawFile('{"a":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}', one),
      ['wrong-shape'],
    ],
    ['three offsets', rawFile('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}', one), ['wrong-offsets']],
    [
      'offsets that run backwards',
      rawFile('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', one),
      ['wrong-offsets'],
    ],
    ['an unknown dtype', rawFile('{"a":{"dtype":"F128","shape":[1],"data_offsets":[0,4]}}', one), ['unknown-dtype']],
    [
      'half a byte',
      rawFile('{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}', new Uint8Array(2)),
      ['partial-byte'],
    ],
    ['a first hole', rawFile(`{"a":${entry(4, 8)}}`, f32(1, 2)), ['data-hole']],
    ['a hole between', rawFile(`{"a":${ok},"b":${entry(8, 12)}}`, f32(1, 2, 3)), ['data-hole']],
    ['a partial overlap', rawFile(`{"a":${entry(0, 8, '[2]')},"b":${entry(4, 8)}}`, f32(1, 2)), ['data-overlap']],
    ['a zip', zip(), ['zip-archive']],
    ['a pickle', rawFile(Uint8Array.from([0x63]), new Uint8Array(40), 0x46fc9c6c0a8a0280n), ['pickle']],
    ['a web page', new TextEncoder().encode('<!DOCTYPE html><html></html>'), ['web-page']],
    ['a GGUF file', new TextEncoder().encode('GGUF\x03\0\0\0\xff\xff\xff\xff\xff'), ['gguf']],
  ])('%s', async (_, bytes, expected) => {
    expect(codes(await read(bytes))).toEqual(expected);
  });

  it('reads what stands before and after a damaged entry', async () => {
    const header = await read(
      rawFile(`{"a":${ok},"bad":{"dtype":"F32","shape":[1.5],"data_offsets":[4,8]},"c":${entry(8, 12)}}`, f32(1, 2, 3)),
    );
    expect([...header.entries.values()].map((row) => [row.name, row.offset === null])).toEqual([
      ['a', false],
      ['bad', true],
      ['c', false],
    ]);
    expect(header.problems).toHaveLength(1);
    expect(header.problems[0]).toMatchObject({ tensor: 'bad', severity: 'error', code: 'not-a-plain-integer' });
  });
  it('keeps the tensors in front of broken JSON and of a cut', async () => {
    const broken = await read(rawFile(`{"a":${ok},"b":${entry(4, 8)},!`, f32(1, 2)));
    expect([...broken.entries.values()].filter((row) => row.offset !== null)).toHaveLength(2);
    expect(codes(broken)).toEqual(['json-syntax']);
    const cut = await read(rawFile(`{"a":${ok},"b":${entry(4, 8)}}`, f32(1).slice(0, 4)));
    expect([...cut.entries.values()].map((row) => row.offset === null)).toEqual([false, true]);
    expect(codes(cut)).toEqual(['data-truncated']);
  });
  it('names the byte of invalid UTF-8', async () => {
    const text = new TextEncoder().encode(`{"aé":${ok}}`);
    text[4] = 0xff;
    const { problems } = await read(rawFile(text, one));
    expect(problems[0]).toMatchObject({ code: 'not-utf8', byteOffset: 8 + 4 });
  });
  it('does not overflow the stack on deep nesting', async () => {
    const deep = '['.repeat(100_000);
    expect(codes(await read(rawFile(`{"a":{"x":${deep}`)))).toContain('json-too-deep');
  });
  it('nests as deep as the reference does, and no deeper', async () => {
    const nested = (depth: number): Uint8Array =>
      rawFile(`{"a":${ok.replace('}', `,"x":${'['.repeat(depth)}${']'.repeat(depth)}}`)}}`, one);
    // with the header's own object and the entry's: 127 inside each other
    expect(codes(await read(nested(125)))).toEqual(['unknown-field']);
    expect(codes(await read(nested(126)))).toContain('json-too-deep');
  });
  it('takes no number that a float64 does not hold, in a field that is passed over either', async () => {
    const holding = (number: string): Uint8Array => rawFile(`{"a":${ok.replace('}', `,"x":${number}}`)}}`, one);
    for (const number of ['1e400', '-1e400', `1${'0'.repeat(309)}`])
      expect(codes(await read(holding(number))), number).toContain('number-too-large');
    for (const number of ['1e308', '1e-400', `1${'0'.repeat(308)}`])
      expect(codes(await read(holding(number))), number).toEqual(['unknown-field']);
  });
  it('counts what it does not list', async () => {
    const text = `{${Array.from({ length: 100 }, (_, i) => `"t${i}":3`).join(',')}}`;
    const { problems } = await read(rawFile(text));
    expect(problems.length).toBeLessThan(30);
    expect(problems.at(-1)?.message).toContain('80 more');
  });
  it('agrees with itself on a file built for it', async () => {
    const header = await read(safetensors({ 'model.a': { dtype: 'F32', shape: [2], data: f32(1, 2) } }, { k: 'v' }, 3));
    expect(header.problems).toEqual([]);
  });
});

function zip(): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0x50, 0x4b, 3, 4, 0x14, 0, 8, 8]);
  return bytes;
}
