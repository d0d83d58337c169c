/** The page around a bundle. VS Code is stood in for by what the maker of the page asks it; the running page's policy has its own test. */
import { beforeEach, describe, expect, it, vi } from 'vitest';

const editor = vi.hoisted(() => ({
  env: { language: 'en' },
  l10n: { bundle: undefined as Record<string, string> | undefined },
  Uri: { joinPath: (base: { path: string }, ...parts: string[]) => ({ path: [base.path, ...parts].join('/') }) },
}));
vi.mock('vscode', () => editor);
const { webviewHtml, webviewOptions } = await import('../../../src/host/html.ts');

const SOURCE = 'https://*.vscode-cdn.net';
const webview = {
  cspSource: SOURCE,
  asWebviewUri: ({ path }: { path: string }) => `https://file.vscode-cdn.net${path}`,
};
const page = (title = 'model.safetensors'): string =>
  webviewHtml(webview as never, { path: '/extension' } as never, 'inspector', title);
const directives = (html: string): Map<string, string[]> => {
  const content = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(html)?.[1] ?? '';
  return new Map(
    content.split(';').map((directive) => {
      const [name = '', ...sources] = directive.trim().split(/\s+/);
      return [name, sources];
    }),
  );
};
const nonceOf = (html: string): string => /<script nonce="([^"]*)" src=/.exec(html)?.[1] ?? '';

beforeEach(() => {
  editor.l10n.bundle = undefined;
  editor.env.language = 'en';
});

describe('the policy of a page', () => {
  it('lets nothing in that it does not name: no inline code or style, no connection, no other place', () => {
    const html = page();
    const policy = directives(html);
    expect(policy.get('default-src')).toEqual(["'none'"]);
    expect(policy.get('script-src')).toEqual([`'nonce-${nonceOf(html)}'`]);
    expect(policy.get('style-src')).toEqual([SOURCE]);
    expect(policy.get('font-src')).toEqual([SOURCE]);
    expect(policy.get('img-src')).toEqual(['blob:']);
    expect(policy.get('base-uri')).toEqual(["'none'"]);
    expect(policy.get('form-action')).toEqual(["'none'"]);
    for (const [name, sources] of policy)
      for (const source of sources) expect(source, name).not.toMatch(/unsafe|\*$|^https?:$|^data:$|strict-dynamic/);
  });
  it('has a nonce of at least 128 bits that no other page has', () => {
    const nonces = Array.from({ length: 64 }, () => nonceOf(page()));
    expect(new Set(nonces).size).toBe(64);
    for (const nonce of nonces) expect(Buffer.from(nonce, 'base64').length).toBeGreaterThanOrEqual(16);
  });
  it('opens two folders of the extension to the page, and no other', () => {
    expect(webviewOptions({ path: '/extension' } as never).localResourceRoots).toEqual([
      { path: '/extension/dist/webview' },
      { path: '/extension/media/codicons' },
    ]);
  });
});

describe('text from outside in a page', () => {
  const HOSTILE = '</title><script>alert(1)</script>"\'&<img src=x onerror=alert(1)>';

  it('is text in the title, whatever the file is called', () => {
    const html = page(HOSTILE);
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html).not.toContain('<img');
    const title = /<title>(.*)<\/title>/.exec(html)?.[1] ?? '';
    expect(title).not.toMatch(/[<>"']/);
    expect(title.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))).toBe(HOSTILE);
  });
  it('cannot leave the block of translated strings, and arrives as it was', () => {
    editor.l10n.bundle = { Layer: HOSTILE, [HOSTILE]: '<!-- <script>' };
    const html = page();
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    const block = /<script type="application\/json" id="l10n">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
    expect(block).not.toContain('<');
    expect(JSON.parse(block)).toEqual(editor.l10n.bundle);
  });
  it('cannot leave the attribute of the language', () => {
    editor.env.language = 'en"><script>';
    expect(page().match(/<script/g)).toHaveLength(2);
  });
});
