/** The guides name files, folders and commands: each of them is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const GUIDES = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md', 'SECURITY.md'];
const guide = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
/** In backquotes, or what a link leads to. */
const quotedIn = (text: string): string[] =>
  [...text.matchAll(/`([^`\n]+)`|\]\(([^)\s]+)\)/g)].map((match) => (match[1] ?? match[2]) as string);

/** Paths from the root, and names of files beside the path that was quoted last. */
function filesNamed(text: string): string[] {
  let folder = '';
  return quotedIn(text).flatMap((quoted) => {
    if (/^((src|webview|test|scripts|l10n|media)\/|[A-Z]+\.md$)/.test(quoted) && !/[ *]/.test(quoted)) {
      folder = quoted.slice(0, quoted.lastIndexOf('/') + 1);
      return [quoted];
    }
    return folder && /^[A-Za-z0-9-]+\.ts$/.test(quoted) ? [folder + quoted] : [];
  });
}

describe('the guides', () => {
  it.each(GUIDES)('%s names files that exist', (name) => {
    const files = filesNamed(guide(name));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it.each(GUIDES)('%s names scripts of package.json', (name) => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...guide(name).matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] as string);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  it('ARCHITECTURE.md has a line for every folder of src', () => {
    const listed = [...guide('ARCHITECTURE.md').matchAll(/^\| `(src\/[\w-]+)\/`/gm)].map((match) => match[1]);
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(listed.toSorted()).toEqual(folders.map((entry) => `src/${entry.name}`).toSorted());
  });
});
