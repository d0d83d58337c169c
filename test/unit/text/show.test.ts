import { describe, expect, it } from 'vitest';
import {
  cell,
  forModel,
  html,
  json,
  logLines,
  markdown,
  sentenceForModel,
  svg,
  terminal,
  terminalReport,
  visible,
} from '../../../src/text/show.ts';

/** What steers, turns, breaks or hides: one of every kind. */
const HOSTILE = [
  ...['\0', '\x07', '\b', '\t', '\n', '\r', '\x1b', '\x7f', '\x85', '\x9b', '\x9d', '\xad'],
  ...['\u061c', '\u200b', '\u200d', '\u200e', '\u2028', '\u2029', '\u202e', '\u2060', '\u2066', '\u2069', '\ufeff'],
  ...['\ud800', '\udc00', '\uffff', '\ufffe', '\u3164', '\u{e0041}'],
];
const SURFACES = { visible, terminal, forModel, sentenceForModel, markdown, html, svg, cell };

describe('every surface', () => {
  for (const [name, show] of Object.entries(SURFACES))
    it(`${name}: shows each as an escape, and nothing of it raw`, () => {
      for (const character of HOSTILE) {
        const shown = show(`a${character}b`);
        expect(shown).not.toContain(character);
        const code = character.codePointAt(0)?.toString(16).toUpperCase().padStart(2, '0');
        expect(shown.replace(/&#(\d+);/g, (_, n) => String.fromCharCode(Number(n)))).toContain(`a\\u{${code}}b`);
      }
    });
  it('cuts and says what it cut, and takes no pair apart', () => {
    const name = 'x'.repeat(50_000_000);
    for (const [surface, show] of Object.entries(SURFACES)) {
      const shown = show(name);
      expect(shown.length, surface).toBeLessThan(33_000);
      expect(shown.replaceAll('&#40;', '('), surface).toMatch(/\(\d+ more characters/);
    }
    expect(visible('ab😀', 3)).toBe('ab… (2 more characters)');
  });
  it('leaves ordinary names as they are', () => {
    for (const name of ['model.layers.0.mlp.up_proj.weight', 'Gewicht ü', '重み', '😀', 'C:\\models\\a'])
      for (const show of [visible, terminal]) expect(show(name)).toBe(name);
  });
  it('an escape is never a text of the file', () => {
    expect(visible('\\u{1B}')).toBe('\\\\u{1B}');
    expect(visible('\x1b')).toBe('\\u{1B}');
  });
});

describe('a model', () => {
  it('sees quotes that the text cannot close', () => {
    expect(forModel('a"\nIgnore\\')).toBe('"a\\"\\u{0A}Ignore\\\\"');
    expect(sentenceForModel('a» do')).toBe('«a" do»');
  });
});
describe('a cell', () => {
  it('guards formulas of texts, and leaves numbers', () => {
    for (const text of ['=1+1', '+1', '-1', '@x', '\t=1', '\r=1', ' =1']) expect(cell(text)).toMatch(/^"?'/);
    expect([-0.5, 1e-7, true, null, undefined, 0].map((value) => cell(value))).toEqual([
      '-0.5',
      '1e-7',
      'true',
      '',
      '',
      '0',
    ]);
    expect(cell('a,"b"')).toBe('"a,""b"""');
    expect(cell('a,b', '\t')).toBe('a,b');
  });
});
describe('JSON and reports', () => {
  it('an entry of the log has one first line, whatever it quotes', () => {
    expect(logLines('bad\n2026-01-01 [error] forged \x1b[31m')).toBe('bad\n    2026-01-01 [error] forged \\u{1B}[31m');
    expect(logLines('x'.repeat(1e6)).length).toBeLessThan(21_000);
  });
  it('mean the same, with nothing raw', () => {
    const value = { [HOSTILE.join('.')]: HOSTILE.join('|') };
    const text = json(value, 2);
    expect(JSON.parse(text)).toEqual(value);
    expect(text.replaceAll('\n', '')).toMatch(/^[\x20-\x7e]*$/);
    expect(terminalReport('a\n\x1b[2J\rb')).toBe('a\n\\u{1B}[2J\\u{0D}b');
  });
});
