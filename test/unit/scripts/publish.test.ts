/** What publishing checks, and that nothing leaves this machine before all of it is right. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { imageMistakes, publish, publishRequest, publishState, STORES } from '../../../scripts/lib/publish.mjs';
import { hostTarget, UNIVERSAL } from '../../../scripts/lib/packages.mjs';
import { linksOf } from '../../../scripts/lib/repository.mjs';

const root = join(import.meta.dirname, '../../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  repository: { url: string };
  private?: boolean;
};
const request = (...args: string[]) => publishRequest(args);
const right = { files: ['dist/a.vsix', 'dist/b.vsix'], mistakes: [], missing: [] };

/** What was said and what was uploaded. */
function published(args: string[], state: ReturnType<typeof publishState>) {
  const said: string[] = [];
  const uploaded: string[][] = [];
  const ok = publish(
    request(...args),
    state,
    (program, list) => void uploaded.push([program, ...list]),
    (line) => void said.push(line),
  );
  return { ok, said: said.join('\n'), uploaded };
}

describe('the address of the repository', () => {
  it('is the same however it is written', () => {
    const { fields } = linksOf('https://github.com/one/two.git');
    for (const address of [
      'git@github.com:one/two.git',
      'git+https://github.com/one/two',
      'https://github.com/one/two/',
    ])
      expect(linksOf(address).fields).toEqual(fields);
    expect(fields.bugs.url).toBe('https://github.com/one/two/issues');
    expect(() => linksOf('https://example.com/one/two')).toThrow('is not the address of a repository on GitHub');
  });

  it('is the one that the other fields of package.json follow from (npm run repository writes them)', () => {
    expect(manifest).toMatchObject(linksOf(manifest.repository.url).fields);
    expect(manifest.private).toBeUndefined();
  });
});

describe('the arguments', () => {
  it('name stores and targets; without any, all', () => {
    expect(request()).toMatchObject({ dryRun: false, packaged: false, stores: Object.keys(STORES) });
    expect(request().targets).toContain(UNIVERSAL);
    expect(request('--dry-run', '--store=open-vsx', '--target', 'host')).toEqual({
      dryRun: true,
      packaged: false,
      stores: ['open-vsx'],
      targets: [hostTarget()],
    });
  });

  it('are refused if they are not known', () => {
    expect(() => request('--store', 'elsewhere')).toThrow('unknown store "elsewhere"; there are marketplace, open-vsx');
    expect(() => request('--target', 'amiga')).toThrow('unknown target "amiga"');
    expect(() => request('--force')).toThrow('unknown argument "--force"');
  });
});

describe('what is looked at', () => {
  // a checkout that has made no package
  const empty = mkdtempSync(join(tmpdir(), 'offaxis-'));
  copyFileSync(join(root, 'package.json'), join(empty, 'package.json'));
  afterAll(() => rmSync(empty, { recursive: true }));
  const state = (changes: object, ...args: string[]) =>
    publishState(
      {
        root: empty,
        manifest,
        changelog: `# Changelog\n\n## ${manifest.version}\n`,
        origin: manifest.repository.url,
        env: { VSCE_PAT: 'x', OVSX_PAT: 'x' },
        ...changes,
      },
      request('--target', UNIVERSAL, ...args),
    );

  it('a package that is missing is named', () => {
    const { mistakes, missing, files } = state({});
    expect(files).toEqual([`dist/offaxis-${manifest.version}.vsix`]);
    expect(mistakes).toEqual([`dist/offaxis-${manifest.version}.vsix is missing: run npm run package`]);
    expect(missing).toEqual([]);
  });

  it('tokens, the notes of the release and the origin are the publisher’s', () => {
    const { missing } = state({ env: {}, changelog: '# Changelog\n\n## Unreleased\n', origin: null });
    expect(missing.join('\n')).toMatch(
      /VSCE_PAT is not set.*\nOVSX_PAT is not set.*\nCHANGELOG\.md has no section.*\n.*origin/,
    );
    expect(state({ env: { OVSX_PAT: 'x' } }, '--store', 'open-vsx').missing).toEqual([]);
  });

  it('fields that do not follow from the address', () => {
    const other = { ...manifest, homepage: 'https://example.com' };
    expect(state({ manifest: other }).mistakes.join()).toContain('"homepage" does not follow');
  });

  it('a picture that a store cannot show', () => {
    const { images } = linksOf(manifest.repository.url);
    expect(imageMistakes(`![A](${images}/media/a.png)`, images)).toEqual([]);
    expect(imageMistakes('text ![A](media/a.png)', images)).toHaveLength(1);
  });
});

describe('publishing', () => {
  it('a dry run says what it would run, and runs nothing', () => {
    const { ok, said, uploaded } = published(['--dry-run'], { ...right, missing: ['VSCE_PAT is not set'] });
    expect(ok).toBe(true);
    expect(uploaded).toEqual([]);
    expect(said).toMatch(/missing: VSCE_PAT/);
    expect(said).toMatch(/vsce publish .*--packagePath dist\/a\.vsix dist\/b\.vsix/);
    expect(said).toMatch(
      /ovsx@1 publish .*--packagePath dist\/a\.vsix dist\/b\.vsix\nDry run: nothing was uploaded\.$/,
    );
  });

  it('uploads all packages to both stores if all is right', () => {
    const { ok, uploaded } = published([], right);
    expect(ok).toBe(true);
    expect(uploaded.map((command) => command.join(' '))).toEqual([
      expect.stringContaining('vsce publish'),
      expect.stringContaining('ovsx@1 publish'),
    ]);
  });

  it.each([
    { ...right, mistakes: ['dist/a.vsix is missing'] },
    { ...right, missing: ['OVSX_PAT is not set'] },
  ])('uploads nothing to any store if something is wrong: %o', (state) => {
    const { ok, uploaded, said } = published([], state);
    expect(ok).toBe(false);
    expect(uploaded).toEqual([]);
    expect(said).toMatch(/Nothing was uploaded\.$/);
  });
});
