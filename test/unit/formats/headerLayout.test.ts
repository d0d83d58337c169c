/** What a header says of the data against the data: the sentences with their figures, the bytes that they name, and what can be read. */
import { describe, expect, it } from 'vitest';
import { readSafetensorsHeader } from '../../../src/formats/index.ts';
import { memorySource, rawFile } from './build.ts';

const entry = (dtype: string, shape: readonly unknown[], begin: number, end: number): string =>
  `{"dtype":"${dtype}","shape":[${shape.join()}],"data_offsets":[${begin},${end}]}`;

interface Told {
  /** code, what follows the place, byte relative to the data's first */
  problems: [string, string, number | undefined][];
  /** name, offset relative to the data's first, null: cannot be read */
  rows: [string, number | null][];
}
async function told(entries: Record<string, string>, dataBytes: number): Promise<Told> {
  const json = `{${Object.entries(entries)
    .map(([name, text]) => `"${name}":${text}`)
    .join(',')}}`;
  const start = 8 + json.length;
  const header = await readSafetensorsHeader(memorySource(rawFile(json, new Uint8Array(dataBytes))), 'x');
  return {
    problems: header.problems.map(({ code, message, byteOffset }) => [
      code,
      message.replace(/^x(, tensor "\w+")?(, byte \d+)?: /, ''),
      byteOffset === undefined ? undefined : byteOffset - start,
    ]),
    rows: [...header.entries.values()].map(({ name, offset }) => [name, offset === null ? null : offset - start]),
  };
}

describe('the place of the data', () => {
  it('that follows without a gap is fine; rows stand in its order, of one place the shorter first', async () => {
    const { problems, rows } = await told(
      { c: entry('U8', [2], 1, 3), a: entry('U8', [1], 0, 1), b: entry('U8', [0], 1, 1) },
      3,
    );
    expect(problems).toEqual([]);
    expect(rows).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 1],
    ]);
  });
  it('that overlaps names whom, by how much and where', async () => {
    const { problems } = await told(
      { a: entry('U8', [10], 0, 10), b: entry('U8', [4], 2, 6), c: entry('U8', [5], 7, 12) },
      12,
    );
    expect(problems.map(([code, text, byte]) => [code, text.split('.')[0], byte])).toEqual([
      ['data-overlap', 'its data overlaps that of "a" by 4 bytes', 2],
      ['data-overlap', 'its data overlaps that of "a" by 3 bytes', 7],
    ]);
  });
  it('with a hole before it says how large, and where it begins again', async () => {
    const { problems } = await told({ a: entry('U8', [1], 0, 1), b: entry('U8', [1], 5, 6) }, 6);
    expect(problems[0]?.[1]).toMatch(/^4 bytes before its data belong to no tensor\./);
    expect(problems[0]?.[2]).toBe(5);
  });
  it('beyond the end of the file counts what is cut off, and the rest is read', async () => {
    const { problems, rows } = await told(
      { a: entry('U8', [4], 0, 4), b: entry('U8', [4], 4, 8), c: entry('U8', [4], 8, 12) },
      6,
    );
    expect(problems[0]?.[1]).toMatch(/^the file ends 6 bytes early; the data of 2 of 3 tensors cannot be read\./);
    expect(problems[0]?.[2]).toBe(6);
    expect(rows).toEqual([
      ['a', 0],
      ['b', null],
      ['c', null],
    ]);
  });
  it('that ends early says how much follows it, and where', async () => {
    const { problems } = await told({ a: entry('U8', [4], 0, 4) }, 9);
    expect(problems[0]?.[1]).toMatch(/^5 bytes follow the last tensor and belong to none;/);
    expect(problems[0]?.[2]).toBe(4);
  });
});

describe('the size of an entry', () => {
  it.each([
    [entry('F32', [3, 2], 4, 24), 'size-mismatch', 'shape [3, 2] of F32 needs 24 bytes, but its data_offsets hold 20.'],
    [entry('F4', [3], 4, 24), 'partial-byte', '3 elements of F4 (4 bits each) fill no whole number of bytes.'],
    [
      entry('U8', [2 ** 53 - 1, 2 ** 20], 4, 24),
      'shape-overflow',
      'the product of its shape [9007199254740991, 1048576] overflows 64 bits.',
    ],
    [
      entry('F64', [2 ** 52, 512], 4, 24),
      'size-overflow',
      'its size in bytes, shape [4503599627370496, 512] of F64, overflows 64 bits.',
    ],
    [
      entry('U8', ['9007199254740993', 0], 4, 24),
      'integer-too-large',
      'its shape [9007199254740993, 0] holds an integer above 2^53 - 1.',
    ],
    [
      entry('F32', Array<number>(17).fill(2), 4, 24),
      'size-mismatch',
      `shape [${Array(16).fill(2).join(', ')}, …] of F32 needs 524288 bytes, but its data_offsets hold 20.`,
    ],
    [
      entry('F32', Array<number>(16).fill(2), 4, 24),
      'size-mismatch',
      `shape [${Array(16).fill(2).join(', ')}] of F32 needs 262144 bytes, but its data_offsets hold 20.`,
    ],
  ])('%s: %s', async (text, code, sentence) => {
    const { problems, rows } = await told({ a: entry('F32', [1], 0, 4), b: text }, 24);
    expect(problems[0]?.[0]).toBe(code);
    expect(problems[0]?.[1].startsWith(sentence), problems[0]?.[1]).toBe(true);
    // the entry's own place in the header
    expect(problems[0]?.[2]).toBeLessThan(0);
    expect(rows).toEqual([
      ['a', 0],
      ['b', null],
    ]);
  });
  it('of a type of a later version is not judged: its bytes have a place, unless a side is beyond counting', async () => {
    const later = await told({ a: entry('F99', [3], 0, 4) }, 4);
    expect([later.problems.map(([code]) => code), later.rows]).toEqual([['unknown-dtype'], [['a', 0]]]);
    const beyond = await told({ a: entry('F99', [0, '9007199254740993'], 0, 4) }, 4);
    expect([beyond.problems.map(([code]) => code), beyond.rows]).toEqual([['unknown-dtype'], [['a', null]]]);
  });
});

describe('a file whose content never came', () => {
  it('is said to be laid out, as far as it was looked at', async () => {
    const of = async (size: number): Promise<(string | undefined)[]> => {
      const { problems } = await readSafetensorsHeader(memorySource(new Uint8Array(size)), 'x');
      return [problems[0]?.code, problems[0]?.message];
    };
    expect(await of(100)).toEqual([
      'unfinished-download',
      expect.stringContaining('nothing but zeros (all 100 bytes): its space was laid out'),
    ]);
    const [code, message] = await of(2 ** 21);
    expect(code).toBe('unfinished-download');
    expect(message).toMatch(/the file begins with \d+ zeros: its space/);
    expect((await of(8))[0]).toBe('empty-header');
    const one = new Uint8Array(100);
    one[99] = 1;
    expect((await readSafetensorsHeader(memorySource(one), 'x')).problems[0]?.code).toBe('empty-header');
  });
});
