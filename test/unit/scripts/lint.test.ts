import { ESLint, Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import copies from '../../../scripts/lint/copies.mjs';

/** Types come from the real rule run over src; here is what needs none. */
function problems(code: string): (string | null)[] {
  const config: Linter.Config = {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    plugins: { copies },
    rules: { 'copies/no-spread-arguments': 'error', 'copies/no-copy-append': 'error' },
  };
  return new Linter().verify(code, config, 'a.ts').map(({ ruleId, message }) => ruleId ?? message);
}
const SPREAD = ['copies/no-spread-arguments'];
const COPY = ['copies/no-copy-append'];

describe('the lint rules of lists', () => {
  it.each([
    ['Math.max(...xs);', SPREAD],
    ['list.push(...items.map(f));', SPREAD],
    ['String.fromCharCode(...codes);', SPREAD],
    ['new Thing(...xs);', SPREAD],
    ['Math.max.apply(null, xs);', SPREAD],
    ['f(...[1, 2, ...xs]);', SPREAD],
    ['f(...[1, 2]);', []],
    ['function f(...args: number[]) { g(...args); }', []],
    ['const all = [...xs, 1]; const more = { ...all };', []],
  ])('arguments: %s', (code, expected) => expect(problems(code)).toEqual(expected));

  it.each([
    ['for (const x of xs) out = [...out, x];', COPY],
    ['while (more()) this.list = this.list.concat(next());', COPY],
    ['xs.forEach((x) => { all = { ...all, [x]: 1 }; });', COPY],
    ['for (const x of xs) all = Object.assign({}, all, x);', COPY],
    ['const add = (k, v) => groups.set(k, [...(groups.get(k) ?? []), v]);', COPY],
    ['xs.reduce((all, x) => ({ ...all, [x]: 1 }), {});', COPY],
    ['xs.reduce((all, x) => { return [...all, x]; }, []);', COPY],
    ['for (const x of xs) out.push(x);', []],
    ['for (const x of xs) out = [...x, 1];', []],
    ['ui = { ...ui, cell };', []],
  ])('copies: %s', (code, expected) => expect(problems(code)).toEqual(expected));
});

/** The project's own configuration for a file, its rules that ask for no types alone. */
async function refusals(file: string, code: string): Promise<string[]> {
  const { rules = {} } = (await new ESLint().calculateConfigForFile(file)) as Linter.Config;
  const config: Linter.Config = {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    rules: Object.fromEntries(
      ['no-restricted-syntax', 'no-restricted-imports'].flatMap((name) => (rules[name] ? [[name, rules[name]]] : [])),
    ),
  };
  return new Linter().verify(code, config, 'a.ts').map(({ message }) => message);
}

describe('what the lint rules refuse, wherever a stranger’s file is at work', () => {
  const everywhere = [
    'src/checkpoint/open.ts',
    'src/hover/provider.ts',
    'src/cli/main.ts',
    'webview/inspector/finder.ts',
  ];
  it.each(everywhere)('%s: a pattern that is put together', async (file) => {
    for (const code of ['new RegExp(text);', 'RegExp(text);', 'new RegExp(`^${name}$`);'])
      expect((await refusals(file, code)).join(), code).toContain('is matched by src/text/pattern');
    expect(await refusals(file, 'new RegExp("^a$", "u"); /^a$/.test(text);')).toEqual([]);
  });
  it.each(everywhere.slice(0, 3))('%s: a file that is written beside src/files', async (file) => {
    for (const code of [
      'import { writeFile } from "node:fs/promises";',
      'import { createWriteStream, renameSync } from "node:fs";',
      'import fs from "fs";',
    ])
      expect((await refusals(file, code)).join(), code).not.toBe('');
    for (const code of ['open(path, "w");', 'openSync(path, "a");', 'const flags = constants.O_CREAT;'])
      expect((await refusals(file, code)).join(), code).toContain('opened for reading only');
    expect(await refusals(file, 'import { open, stat } from "node:fs/promises"; open(path, "r");')).toEqual([]);
  });
});
