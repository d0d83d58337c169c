import { describe, expect, it } from 'vitest';
import { jsonPieces } from '../../../src/text/pieces.ts';
import { json } from '../../../src/text/show.ts';

const values: Readonly<Record<string, unknown>> = {
  number: 3,
  'no object': null,
  'empty ones': { list: [], object: {}, inner: { list: [], object: {} } },
  'left out': { a: undefined, b: [undefined, 1], c: { d: undefined } },
  deep: { a: { b: { c: { d: [[1, [2]], { e: [] }] } } } },
  hostile: { 'a\n"\u202e': ['\x1b[2J', '\u2028', 'x\ny'], '\ud800': { '\x9b': ['\x9b'] } },
  long: { tensors: Array.from({ length: 100 }, (_, i) => ({ i, list: [i, { i }] })), summary: { names: ['a', 'b'] } },
};

describe('JSON in pieces', () => {
  for (const [name, value] of Object.entries(values))
    it(`is that of one piece: ${name}`, () => {
      for (const indent of [0, 2]) expect([...jsonPieces(value, indent)].join('')).toBe(json(value, indent));
    });

  it('has no piece as long as a long list', () => {
    const pieces = [...jsonPieces({ tensors: Array.from({ length: 10_000 }, () => 'name') })];
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(1000);
  });
});
