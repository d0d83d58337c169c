import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleText, collectStrings, stringsOf } from '../../scripts/lib/strings.mjs';
import { integer } from '../../src/protocol/format.ts';
import { english, say } from '../../src/protocol/say.ts';
import { Translation } from '../../webview/shared/l10n.ts';

const root = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const json = (name: string): Record<string, unknown> => JSON.parse(read(name)) as Record<string, unknown>;

describe('strings of the sources', () => {
  it('are in the bundle, each of them, and none that is used no more (npm run l10n writes it)', () => {
    expect(read('l10n/bundle.l10n.json')).toBe(bundleText(collectStrings(root).keys()));
  });

  it('are found in host and pages, choices and plurals included', () => {
    const host = "vscode.l10n.t('one {0}', x); l10n.t(a ? 'yes' : 'no'); other.t('not ours'); t('not here')";
    expect(stringsOf(host, 'src/a.ts').map(({ message }) => message)).toEqual(['one {0}', 'yes', 'no']);
    const page =
      "import { plural, t } from '../shared/l10n.ts'; html`${t('in a template')}`; plural(n, '{0} row', '{0} rows'); model.t('not ours')";
    expect(stringsOf(page, 'webview/a.ts').map(({ message }) => message)).toEqual([
      'in a template',
      '{0} row',
      '{0} rows',
    ]);
  });

  it('are found in the figures that the pages and the host show', () => {
    const figure =
      "import { say } from '../../protocol/say.ts'; const a = { label: say('Rank of {0}', say('the update')) }; other.say('not ours')";
    expect(stringsOf(figure, 'src/a.ts').map(({ message }) => message)).toEqual(['Rank of {0}', 'the update']);
  });

  it('are found in the templates of errors, their gaps as arguments, as `say` makes them', () => {
    const path = 'a.pt';
    const error =
      "import { say } from './say.ts'; new OffaxisError('bad-file', say`${path} ends at byte ${at}. Read ${'it'} again.`)";
    const [template] = stringsOf(error, 'src/a.ts').map(({ message }) => message);
    expect(template).toBe(say`${path} ends at byte ${4}. Read ${'it'} again.`.message);
    expect(english(say`${path} ends at byte ${4}. Read ${'it'} again.`)).toBe('a.pt ends at byte 4. Read it again.');
    expect(stringsOf("import { say } from './say.ts'; say`Whole.`", 'src/a.ts')[0]?.message).toBe(say`Whole.`.message);
    expect(() => stringsOf("import { say } from './say.ts'; say`{0} is ${it}`", 'src/a.ts')).toThrow('src/a.ts:1');
  });

  it('are literals: anything else could not be collected', () => {
    expect(() => stringsOf("import { t } from './l10n.ts'; t(`${n} rows`)", 'webview/a.ts')).toThrow('webview/a.ts:1');
    expect(() => stringsOf('vscode.l10n.t(name)', 'src/a.ts')).toThrow('string literal');
  });
});

describe('strings of package.json', () => {
  const SHOWN = new Set([
    'title',
    'displayName',
    'description',
    'userDescription',
    'altText',
    'markdownDescription',
    'label',
    'name',
    'contents',
  ]);
  const SHOWN_LISTS = new Set(['enumDescriptions', 'markdownEnumDescriptions']);
  /** The product's name is the same in every language. */
  const BRAND = 'Offaxis';

  function* shown(value: unknown, key = ''): Generator<string> {
    if (Array.isArray(value)) for (const item of value) yield* shown(item, SHOWN_LISTS.has(key) ? 'title' : '');
    else if (typeof value === 'object' && value !== null) {
      // Schemas of tools are read by language models, and their names by programs: neither is translated.
      const isTool = 'modelDescription' in value;
      for (const [name, inner] of Object.entries(value))
        if (!isTool || !['name', 'inputSchema'].includes(name)) yield* shown(inner, name);
    } else if (typeof value === 'string' && SHOWN.has(key)) yield value;
  }
  const { contributes, capabilities, description } = json('package.json');
  const texts = [...shown({ contributes, capabilities, description })].filter((text) => text !== BRAND);
  const keys = texts.map((text) => /^%(.+)%$/.exec(text)?.[1] ?? text);

  it('are keys of package.nls.json, and none is left over', () => {
    expect(texts.filter((text) => !/^%.+%$/.test(text))).toEqual([]);
    expect([...new Set(keys)].sort()).toEqual(Object.keys(json('package.nls.json')).sort());
  });
});

describe('Translation', () => {
  const french = new Translation(
    { '{0} of {1}': '{0} sur {1}', '{0} rows': '{0} lignes', '{0} row': '{0} ligne' },
    'fr',
  );

  it('keeps English if nothing is translated, and fills in arguments once', () => {
    expect(french.t('{0} of {1}', 3, 4)).toBe('3 sur 4');
    expect(french.t('Cancel')).toBe('Cancel');
    expect(french.t('{0} and {1}', '{1}', 'b')).toBe('{1} and b');
  });

  it('takes the form that the language has for a count', () => {
    expect([1, 2].map((n) => french.plural(n, '{0} row', '{0} rows'))).toEqual(['1 ligne', '2 lignes']);
    expect(french.plural(16384, '{0} row', '{0} rows')).toBe(`${integer(16384)} lignes`);
    const polish = new Translation({ '{0} rows#few': '{0} wiersze', '{0} rows#many': '{0} wierszy' }, 'pl');
    expect([1, 3, 5].map((n) => polish.plural(n, '{0} row', '{0} rows'))).toEqual(['1 row', '3 wiersze', '5 wierszy']);
    expect(polish.plural(2000, '{0} row', '{0} rows', '2 000')).toBe('2 000 wierszy');
  });

  it('goes on in English for a language that the browser does not know', () => {
    expect(new Translation({}, 'qps-ploc').plural(2, '{0} row', '{0} rows')).toBe('2 rows');
  });
});
