import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, expect, inject, test } from 'vitest';

const { root, chromium: executablePath } = inject('installation');
// dist/ is what the VSIX was made of: built once more, it would be written under the other tests
const child = spawn(process.execPath, [join(root, 'scripts', 'start.mjs'), '--built'], {
  cwd: root,
  env: { ...process.env, OFFAXIS_START: 'server' },
  stdio: ['ignore', 'pipe', 'pipe'],
});
let output = '';
for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));

afterAll(() => {
  child.kill('SIGKILL');
});

test('npm start serves a VS Code with the extension, behind a password, and Ctrl+C ends it', async () => {
  await expect.poll(() => output, { timeout: 120_000, interval: 500 }).toMatch(/Password: +\w+/);
  const url = /VS Code: +(\S+)/.exec(output)?.[1] ?? '';
  const password = /Password: +(\w+)/.exec(output)?.[1] ?? '';
  expect(new URL(url).hostname).toBe('127.0.0.1');

  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    expect(new URL(page.url()).pathname).toBe('/login');
    await page.fill('input[type=password]', password);
    await page.keyboard.press('Enter');
    const samples = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'rl-hot' });
    await samples.waitFor({ timeout: 180_000 });
    await expect
      .poll(
        async () => {
          await page.keyboard.press('F1');
          await page.locator('.quick-input-widget input').fill('>Offaxis');
          // what is there of it now; more the next time
          await page.waitForTimeout(1_000);
          const names = await page.locator('.quick-input-list .monaco-list-row').allInnerTexts();
          await page.keyboard.press('Escape');
          return names.join();
        },
        { timeout: 180_000 },
      )
      .toContain('Open Sample Comparison');
  } finally {
    await browser.close();
  }

  child.kill('SIGINT');
  expect(await exited).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
}, 300_000);
