import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as model from '../../../src/assistant/text.ts';
import * as cli from '../../../src/export/plain.ts';
import { wrapped } from '../../../src/export/plain.ts';
import * as page from '../../../src/protocol/format.ts';

const terminal = { ...cli, num: cli.figure };
const assistant = { ...model, num: model.figure, count: cli.count };

describe('wrapped', () => {
  const text = 'Half of the weights changed (50.1 %), by 0.35 % of the norm.';
  it('breaks between words, and never between a number and its percent sign', () => {
    expect(wrapped(text, 34)).toEqual(['Half of the weights changed', '(50.1 %), by 0.35 % of the norm.']);
    for (let width = 8; width < 70; width++) {
      const lines = wrapped(text, width);
      expect(lines.join(' ')).toBe(text);
      expect(lines.every((line) => line.length <= width || !/ (?!%)/.test(line))).toBe(true);
      expect(lines.some((line) => line.startsWith('%'))).toBe(false);
    }
  });
  it('gives a word that is too long a line of its own', () => {
    expect(wrapped('a module-of-a-long-name b', 10)).toEqual(['a', 'module-of-a-long-name', 'b']);
  });
  it('takes 100 characters if the output is not a terminal, and in a wider one', () => {
    const words = Array.from({ length: 80 }, () => 'word').join(' ');
    expect(wrapped(words, undefined)[0]).toHaveLength(99);
    expect(wrapped(words, 400)).toEqual(wrapped(words, undefined));
  });
});

describe('numbers', () => {
  const surfaces = { page, terminal, assistant };
  /** Thousands apart, marks as every terminal has them. */
  const plain = (text: string): string => text.replace(/\u202f/g, ' ').replace(/\u2212/g, '-');
  const NUMBERS = [0, 3, 8192, 16384, 999999, 1234567, 0.02345, 0.0005, -0.25, 1.23456e-5, 12345.6, 99999.96, 123456.7];

  it.each(NUMBERS)('%d has the same digits, decimals and thousands on every surface', (x) => {
    for (const write of ['num', 'integer', 'bytes', 'count'] as const) {
      if (write !== 'num' && (!Number.isInteger(x) || x < 0)) continue;
      const texts = Object.values(surfaces).map((surface) => plain(surface[write](x)));
      expect(new Set(texts).size, `${write}: ${texts.join(' | ')}`).toBe(1);
    }
  });
  it('keep thousands together, and have marks of their own surface', () => {
    expect(terminal.integer(1166560)).toBe('1\u202f166\u202f560');
    expect([page, terminal, assistant].map(({ num }) => num(null))).toEqual(['\u2013', '-', 'undefined']);
    expect([page, terminal, assistant].map(({ num }) => num(-1e-5, 2))).toEqual([
      '\u22121.0e\u22125',
      '-1.0e-5',
      '-1.0e-5',
    ]);
  });
  it('are written in one file', () => {
    const files = ['src', 'webview'].flatMap((root) =>
      readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(root, file)),
    );
    const own = files.filter((file) => /toLocaleString\(|NumberFormat\(/.test(readFileSync(file, 'utf8')));
    expect(own).toEqual([join('src', 'protocol', 'format.ts')]);
  });
});
