/** Drives a real VS Code in a real browser: explorer, palette, quick picks, menus, and the webview of the editor on show. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type BrowserContext, type FrameLocator, type Locator, type Page } from 'playwright-core';
import type { Installation, SharedServer } from './install.ts';
import { freshServer, ownServer, type Server } from './server.ts';

export type Theme =
  'Default Dark Modern' | 'Default Light Modern' | 'Default High Contrast' | 'Default High Contrast Light';

export interface WorkbenchOptions {
  theme?: Theme;
  /** else `VIEWPORT` */
  viewport?: { width: number; height: number };
  settings?: Record<string, unknown>;
  /** open the workspace as one that is not trusted: Restricted Mode */
  restricted?: boolean;
  /** more variables for VS Code and the extensions in it */
  env?: Record<string, string>;
  /** more files for the workspace, beside a copy of the sample family */
  prepare?: (workspace: string) => void;
}

/** One quick pick of VS Code, and what is taken from it. */
export interface QuickPick {
  /** by which it is known; whichever is on show without it */
  placeholder?: RegExp;
  /** what is typed to narrow the list */
  type?: string;
  /** the entry holds it, or is this one */
  row: string | RegExp | Locator;
}

const VIEWPORT = { width: 1440, height: 900 };
/** Of one step of VS Code's own on a busy machine. */
const PATIENCE_MS = 15_000;
const QUICK = '.quick-input-widget';

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
    private readonly browser: BrowserContext,
    private readonly server: Server,
    private readonly folder: string,
    private readonly installation: Installation,
  ) {}

  /** `shared`: the server that the window comes up on, rather than on one of its own; not for what a server is started with. */
  static async open(
    installation: Installation,
    options: WorkbenchOptions = {},
    shared?: SharedServer,
  ): Promise<Workbench> {
    const folder = mkdtempSync(join(installation.folder, 'vscode-'));
    const workspace = join(folder, 'models');
    mkdirSync(workspace);
    cpSync(join(installation.root, 'media', 'samples'), workspace, { recursive: true });
    options.prepare?.(workspace);
    const settings = {
      'workbench.colorTheme': options.theme ?? 'Default Dark Modern',
      'window.commandCenter': false,
      // A test that watches a run must not find it done by the one before it; cache.test.ts keeps results.
      'offaxis.cacheSize': 0,
      ...(options.restricted
        ? { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' }
        : {}),
      ...options.settings,
    };
    const server = shared
      ? freshServer(shared, settings)
      : await ownServer({
          tools: installation,
          folder,
          workspace,
          extensions: installation.extensions,
          trust: options.restricted === true,
          env: options.env ?? {},
          settings,
        });
    let browser: BrowserContext | undefined;
    try {
      browser = await chromium.launchPersistentContext(server.profile, {
        executablePath: installation.chromium,
        args: BROWSER_FLAGS,
        viewport: options.viewport ?? VIEWPORT,
      });
      const page = browser.pages()[0] ?? (await browser.newPage());
      page.setDefaultTimeout(60_000);
      const workbench = new Workbench(page, workspace, browser, server, folder, installation);
      await page.goto(`${server.url}/?folder=${encodeURIComponent(workspace)}`, { timeout: 180_000 });
      await workbench.ready();
      return workbench;
    } catch (error) {
      await browser?.close();
      await server.end();
      throw error;
    }
  }

  /** Until the explorer shows the workspace and the installed extension is known: before that, a file would open as text. */
  private async ready(): Promise<void> {
    await this.row('base').waitFor({ timeout: 180_000 });
    const input = this.page.locator('.quick-input-widget input');
    const command = this.page.locator('.quick-input-list .monaco-list-row', {
      hasText: 'Offaxis: Open Sample Comparison',
    });
    for (const end = Date.now() + 180_000; Date.now() < end;) {
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
    // VS Code takes leave of its server as it leaves the page: a lost connection would be waited for.
    await this.page.goto('about:blank').catch(() => undefined);
    await this.browser.close();
    await this.server.end();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Kept under test-results/integration, to look at. */
  async screenshot(name: string): Promise<string> {
    const path = join(this.installation.folder, `${name.replace(/[^a-z0-9]+/gi, '-').slice(0, 100)}.png`);
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
      // a folder that holds nothing but one other folder may stand in one row with it
      const next = this.row(...path.slice(0, depth + 1));
      await folder.or(next).first().waitFor();
      const open = folder.and(this.page.locator('[aria-expanded="true"]')).or(next).first();
      // A file that was written just now moves the rows, and the click meets another one: it is done once more.
      for (let attempt = 0; attempt < 5 && (await open.count()) === 0; attempt++) {
        await folder.click();
        await shows(open, 5_000);
      }
    }
    const row = this.row(...path);
    await row.waitFor();
    return row;
  }

  async openFromExplorer(...path: string[]): Promise<void> {
    await (await this.reveal(...path)).dblclick();
  }

  /** The context menu of one row, and one of its entries. */
  async chooseFromMenu(row: Locator, entry: string): Promise<void> {
    const item = this.page.locator('.monaco-menu .action-item', { hasText: entry }).first();
    // A menu shows the context of the moment it opened: an entry that an earlier command enables may be in the next one only.
    await this.untilItHolds(async () => {
      await row.click({ button: 'right', timeout: PATIENCE_MS });
      await item.waitFor({ timeout: 5_000 });
      await item.hover({ timeout: 5_000 });
      await item.click({ timeout: 5_000 });
      await item.waitFor({ state: 'hidden', timeout: PATIENCE_MS });
    });
  }

  /** "Select as Base Checkpoint" on one file; the menus of others offer to compare with it once the extension has taken it up. */
  async selectAsBase(...path: string[]): Promise<void> {
    const row = await this.reveal(...path);
    await this.announces('Offaxis: base is', () => this.chooseFromMenu(row, 'Select as Base Checkpoint'));
  }

  /** Does what the status bar has to announce. The message stands for seconds only: it is looked for from before on. */
  async announces(message: string, action: () => Promise<unknown>): Promise<void> {
    await Promise.all([this.page.locator('.statusbar', { hasText: message }).waitFor({ timeout: 120_000 }), action()]);
  }

  // ---------- palette and quick picks ----------
  /** Runs the command of this title, which is whole. */
  async runCommand(title: string): Promise<void> {
    const input = this.page.locator(`${QUICK} input`).first();
    const entry = this.quickRow(title, true);
    await this.untilItHolds(async () => {
      await this.page.keyboard.press('F1');
      await input.fill(`>${title}`, { timeout: 5_000 });
      await entry.waitFor({ timeout: PATIENCE_MS });
      // By its key if it can be, so that the pointer does not come to lie on what is below the list.
      if (await entry.and(this.page.locator('.focused')).isVisible()) await input.press('Enter', { timeout: 5_000 });
      else await entry.click({ timeout: 5_000 });
      await entry.waitFor({ state: 'hidden', timeout: PATIENCE_MS });
    });
  }

  /**
   * Opens a quick pick and takes its entry, and so on with those that follow it. A quick pick closes if something else takes the focus, and
   * some list what was known when they opened: all of it is done again until it holds.
   */
  async choose(open: () => Promise<unknown>, ...picks: QuickPick[]): Promise<void> {
    await this.untilItHolds(async () => {
      await open();
      for (const { placeholder, type, row } of picks) {
        const input = placeholder
          ? this.page.locator(`${QUICK} input`).and(this.page.getByPlaceholder(placeholder))
          : this.page.locator(`${QUICK} input`).first();
        await input.waitFor({ timeout: PATIENCE_MS });
        if (type !== undefined) await input.fill(type, { timeout: 5_000 });
        const entry = typeof row === 'string' || row instanceof RegExp ? this.quickRow(row) : row;
        await entry.click({ timeout: PATIENCE_MS });
        // It is taken once the list has gone or another stands there.
        await until(async () => !(await input.isVisible()) || !(await entry.isVisible()));
      }
    });
  }

  /** Opens an input box, which is known by its placeholder, and enters a text. */
  async enter(open: () => Promise<unknown>, placeholder: string, text: string): Promise<void> {
    const input = this.page.locator(`${QUICK} input`).and(this.page.getByPlaceholder(placeholder));
    await this.untilItHolds(async () => {
      await open();
      await input.waitFor({ timeout: PATIENCE_MS });
      await input.fill(text, { timeout: 5_000 });
      await input.press('Enter', { timeout: 5_000 });
      await input.waitFor({ state: 'hidden', timeout: PATIENCE_MS });
    });
  }

  /** The first row of the quick pick on show that holds this text, or whose label is this text. */
  private quickRow(text: string | RegExp, isWhole = false): Locator {
    const rows = this.page.locator(`${QUICK} .monaco-list-row`);
    if (!isWhole) return rows.filter({ hasText: text }).first();
    return rows.filter({ has: this.page.locator('.label-name').getByText(text, { exact: true }) }).first();
  }

  /** Tries what something else on the page may undo or close, a few times; what a try leaves open is closed before the next. */
  async untilItHolds(attempt: () => Promise<void>): Promise<void> {
    for (let left = 5; ; left--) {
      try {
        return await attempt();
      } catch (error) {
        if (left === 0) throw error;
        await this.dismiss();
      }
    }
  }

  /** Lets go of keys and buttons that a test left held, and closes what lies over the window: quick picks, menus, messages. */
  async clear(): Promise<void> {
    await this.page.mouse.up();
    await this.page.keyboard.up('Shift');
    await this.dismiss();
    await this.runCommand('Notifications: Clear All Notifications');
  }

  /** Closes quick picks and menus. */
  async dismiss(): Promise<void> {
    const input = this.page.locator(`${QUICK} input`).first();
    for (let i = 0; i < 2; i++) {
      // To the widget itself if it is there, as the focus may be elsewhere.
      if (await input.isVisible()) await input.press('Escape', { timeout: 5_000 }).catch(() => undefined);
      else await this.page.keyboard.press('Escape');
    }
    await input.waitFor({ state: 'hidden', timeout: 5_000 }).catch(() => undefined);
  }

  // ---------- editors ----------
  tab(label: string | RegExp): Locator {
    return this.page.locator('.tabs-container .tab').filter({ hasText: label });
  }

  /** The document of the one webview on show; of several side by side the one that was opened first, or last. */
  view(which: 'first' | 'last' = 'first'): FrameLocator {
    const shown = this.page.locator('iframe.webview.ready').locator('visible=true');
    return shown[which]().contentFrame().frameLocator('iframe#active-frame');
  }
}
/** True once the element is visible, false if that takes longer. */
function shows(element: Locator, milliseconds: number): Promise<boolean> {
  return element.waitFor({ timeout: milliseconds }).then(
    () => true,
    () => false,
  );
}

/** Until this is so. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await condition());) {
    if (Date.now() > end) throw new Error(`not in ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
