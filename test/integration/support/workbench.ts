/** Drives a real VS Code in a real browser: explorer, palette, quick picks, menus, and the webview of the editor on show. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { startCodeServer, type CodeServer } from '../../../scripts/lib/code-server.mjs';
import type { Installation } from './install.ts';

export type Theme =
  'Default Dark Modern' | 'Default Light Modern' | 'Default High Contrast' | 'Default High Contrast Light';

export interface WorkbenchOptions {
  theme?: Theme;
  viewport?: { width: number; height: number };
  settings?: Record<string, unknown>;
  /** open the workspace as one that is not trusted: Restricted Mode */
  restricted?: boolean;
  /** more files for the workspace, beside a copy of the sample family */
  prepare?: (workspace: string) => void;
}

const BROWSER_FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export class Workbench {
  private constructor(
    readonly page: Page,
    readonly workspace: string,
    private readonly browser: Browser,
    private readonly server: CodeServer,
    private readonly folder: string,
    private readonly results: string,
  ) {}

  static async open(installation: Installation, options: WorkbenchOptions = {}): Promise<Workbench> {
    const folder = mkdtempSync(join(installation.folder, 'vscode-'));
    const workspace = join(folder, 'models');
    mkdirSync(workspace);
    cpSync(join(installation.root, 'media', 'samples'), workspace, { recursive: true });
    options.prepare?.(workspace);
    const server = await startCodeServer({
      tools: installation,
      folder,
      workspace,
      extensions: installation.extensions,
      trust: options.restricted === true,
      settings: {
        'workbench.colorTheme': options.theme ?? 'Default Dark Modern',
        'window.commandCenter': false,
        ...(options.restricted
          ? { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' }
          : {}),
        ...options.settings,
      },
    });
    let browser: Browser | undefined;
    try {
      browser = await chromium.launch({ executablePath: installation.chromium, args: BROWSER_FLAGS });
      const page = await browser.newPage({ viewport: options.viewport ?? { width: 1440, height: 900 } });
      page.setDefaultTimeout(30_000);
      const workbench = new Workbench(page, workspace, browser, server, folder, installation.folder);
      await page.goto(`${server.url}/?folder=${encodeURIComponent(workspace)}`);
      await workbench.ready();
      return workbench;
    } catch (error) {
      await browser?.close();
      await server.stop();
      throw error;
    }
  }

  /** Until the explorer shows the workspace and the installed extension is known: before that, a file would open as text. */
  private async ready(): Promise<void> {
    await this.row('base').waitFor({ timeout: 60_000 });
    const input = this.page.locator('.quick-input-widget input');
    const command = this.page.locator('.quick-input-list .monaco-list-row', {
      hasText: 'Offaxis: Open Sample Comparison',
    });
    for (const end = Date.now() + 60_000; Date.now() < end;) {
      // A new palette every time: an open one does not take up commands that come later.
      await this.page.keyboard.press('F1');
      // A window that is still loading swallows the key: it is pressed again rather than waited for.
      if (!(await shows(input, 2_000))) continue;
      await input.fill('>Offaxis');
      const known = await shows(command, 1_000);
      await this.page.keyboard.press('Escape');
      await input.waitFor({ state: 'hidden' });
      if (known) return;
    }
    throw new Error('The extension did not appear in the command palette.');
  }

  /** The window's own reload, which saves the state of the editors first. */
  async reload(): Promise<void> {
    const navigated = this.page.waitForEvent('load');
    await this.runCommand('Developer: Reload Window');
    await navigated;
    await this.ready();
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Kept under test-results/integration, to look at. */
  async screenshot(name: string): Promise<string> {
    const path = join(this.results, `${name.replace(/[^a-z0-9]+/gi, '-').slice(0, 100)}.png`);
    await this.page.screenshot({ path });
    return path;
  }

  // ---------- explorer ----------
  /** The row of a file or folder, by its path in the workspace; there only while the folders above it are open. */
  row(...path: string[]): Locator {
    const label = `.explorer-item[aria-label$="/models/${path.join('/')}"]`;
    return this.page.locator('.explorer-folders-view .monaco-list-row', { has: this.page.locator(label) });
  }

  /** Opens the folders on the way and gives the row. */
  async reveal(...path: string[]): Promise<Locator> {
    for (let depth = 1; depth < path.length; depth++) {
      const folder = this.row(...path.slice(0, depth));
      await folder.waitFor();
      if ((await folder.getAttribute('aria-expanded')) === 'false') await folder.click();
    }
    const row = this.row(...path);
    await row.waitFor();
    return row;
  }

  async openFromExplorer(...path: string[]): Promise<void> {
    await (await this.reveal(...path)).dblclick();
  }

  /** The explorer's context menu on one row, and one of its entries. */
  async chooseFromMenu(row: Locator, entry: string): Promise<void> {
    const item = this.page.locator('.monaco-menu .action-item', { hasText: entry }).first();
    // A menu shows the context of the moment it opened: an entry that an earlier command enables may be in the next one only.
    for (let attempt = 0; ; ++attempt) {
      await row.click({ button: 'right' });
      if (await shows(item, 5_000)) break;
      if (attempt === 5) throw new Error(`The menu of the explorer never showed "${entry}".`);
      await this.page.keyboard.press('Escape');
    }
    await item.hover();
    await item.click();
  }

  /** "Select as Base Checkpoint" on one file; the menus of others offer to compare with it once the extension has taken it up. */
  async selectAsBase(...path: string[]): Promise<void> {
    await this.chooseFromMenu(await this.reveal(...path), 'Select as Base Checkpoint');
    await this.page.locator('.statusbar', { hasText: 'Offaxis: base is' }).waitFor();
  }

  // ---------- palette ----------
  async runCommand(title: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input');
    const entry = this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
    // What an earlier step left to happen may take the focus, which closes the palette: it is opened once more.
    for (let attempt = 0; ; ++attempt) {
      await this.page.keyboard.press('F1');
      try {
        await input.fill(`>${title}`, { timeout: 5_000 });
        await entry.waitFor({ timeout: 10_000 });
        break;
      } catch (error) {
        if (attempt === 2) throw error;
      }
    }
    await this.page.keyboard.press('Enter');
  }

  /** Takes the entry of the quick pick on show that holds this text. */
  async pick(placeholder: RegExp, text: string): Promise<void> {
    const widget = this.page.locator('.quick-input-widget');
    await widget.locator('input').and(this.page.getByPlaceholder(placeholder)).waitFor();
    await widget.locator('.monaco-list-row', { hasText: text }).first().click();
  }

  // ---------- editors ----------
  tab(label: string | RegExp): Locator {
    return this.page.locator('.tabs-container .tab').filter({ hasText: label });
  }

  /** The document of the one webview on show. */
  view(): FrameLocator {
    return this.page
      .locator('iframe.webview.ready')
      .locator('visible=true')
      .first()
      .contentFrame()
      .frameLocator('iframe#active-frame');
  }
}
/** True once the element is visible, false if that takes longer. */
function shows(element: Locator, milliseconds: number): Promise<boolean> {
  return element.waitFor({ timeout: milliseconds }).then(
    () => true,
    () => false,
  );
}
