/** A page of ours in a plain browser, without VS Code around it: its bundle, and messages in place of the host's. */
import { build } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { ensureChromium } from '../../../scripts/lib/tools.mjs';

const THEME =
  ':root { --vscode-font-family: sans-serif; --vscode-foreground: #ccc; --vscode-editor-background: #1f1f1f; }';

export class PlainPages {
  private constructor(
    private readonly browser: Browser,
    private readonly script: string,
    private readonly style: string,
  ) {}

  /** `page`: a folder of webview/. */
  static async of(page: string): Promise<PlainPages> {
    const { outputFiles } = await build({
      entryPoints: { page: `webview/${page}/main.ts`, style: `webview/${page}/main.css` },
      bundle: true,
      write: false,
      outdir: 'out',
      format: 'iife',
      loader: { '.ttf': 'dataurl' },
      logLevel: 'silent',
    });
    const textOf = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
    const browser = await chromium.launch({
      executablePath: ensureChromium(),
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    return new PlainPages(browser, textOf('page.js'), textOf('style.css'));
  }
  close(): Promise<void> {
    return this.browser.close();
  }

  /** After these messages and the frames that draw them. `errors`: what the page threw; `posted`: what it sent. */
  async open(
    messages: readonly object[],
    { width, height }: { width: number; height: number },
    { theme = THEME, themeClass = '' } = {},
  ): Promise<{ page: Page; errors: string[]; posted: () => Promise<{ type: string }[]> }> {
    const page = await this.browser.newPage({ viewport: { width, height } });
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.setContent(
      `<!doctype html><html lang="en"><head><title>page</title><style>${theme}</style><style>${this.style}</style></head><body class="${themeClass}"></body></html>`,
    );
    await page.evaluate(() => {
      // not in a page without an address
      crypto.randomUUID ??= () => '0-0-0-0-0';
      const sent: unknown[] = [];
      const api = { postMessage: (message: unknown) => sent.push(message), getState() {}, setState() {} };
      Object.assign(window, { sent, acquireVsCodeApi: () => api });
    });
    await page.addScriptTag({ content: this.script });
    await page.evaluate((all) => all.forEach((each) => window.postMessage(each, '*')), messages);
    await page.locator('body[data-ready="yes"]').waitFor();
    await framesOf(page);
    return {
      page,
      errors,
      posted: () => page.evaluate(() => (window as unknown as { sent: { type: string }[] }).sent),
    };
  }
}
/** Canvases are painted in the frame after. */
export const framesOf = (page: Page): Promise<void> =>
  page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));
