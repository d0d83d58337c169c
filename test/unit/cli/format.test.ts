import { describe, expect, it } from 'vitest';
import { wrapped } from '../../../src/cli/format.ts';

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
