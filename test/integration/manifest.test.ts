/** What package.json alone gives: schemas for results, settings under headings, and packages that could be published. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostTarget, vsixPath } from '../../scripts/lib/packages.mjs';
import { linksOf } from '../../scripts/lib/repository.mjs';
import { readVsix } from '../../scripts/lib/vsix.mjs';
import { session } from './support/session.ts';

const { workbench, root } = session({
  prepare(workspace) {
    const write = (name: string, value: object): void =>
      writeFileSync(join(workspace, name), JSON.stringify(value, null, 2));
    const check = {
      schema: 'offaxis.check/1',
      path: 'model',
      verdict: 'perhaps',
      findings: [],
    };
    write('check.json', check);
    write('checklist.json', { ...check, schema: 'of somebody else' });
  },
});

test('a result of ours is checked by its schema, a file of others that is called alike is not', async () => {
  const { page } = workbench();
  await workbench().openFromExplorer('checklist.json');
  await workbench().openFromExplorer('check.json');
  await workbench().runCommand('Problems: Focus on Problems View');
  const problems = page.locator('.markers-panel .monaco-list-row');
  await problems
    .filter({ hasText: /"clean", "problems"/ })
    .first()
    .waitFor();
  await problems
    .filter({ hasText: /Missing property "counts"/ })
    .first()
    .waitFor();
  await expect.poll(() => problems.filter({ hasText: 'checklist.json' }).count()).toBe(0);
  await workbench().screenshot('results checked by schema');
  await workbench().runCommand('View: Close All Editors');
});

test('the settings stand under headings, in the order of package.json', async () => {
  const { page } = workbench();
  // only the settings in view are drawn: from the top, then to the end
  await page.setViewportSize({ width: 1440, height: 1600 });
  await workbench().runCommand('Preferences: Open Settings (UI)');
  const search = page.locator('.settings-editor .suggest-input-container');
  await search.click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('@ext:offaxis.offaxis');
  // what the machine decides stands in the settings of the machine that the server runs on
  await page.locator('.settings-tabs-widget .action-label', { hasText: /^Remote/ }).click();
  const order = ['Backend', 'Gpu Memory', 'Threads', 'Memory', 'Cache Size', 'Whole Spectra', 'Node Path', 'Enabled'];
  const titles = page.locator('.settings-tree-container .setting-item-label');
  const fromTheTop = async (): Promise<boolean> => {
    const shown = await titles.allInnerTexts();
    return shown.length >= 5 && shown.join() === order.slice(0, shown.length).join();
  };
  await expect.poll(fromTheTop).toBe(true);
  await titles.first().hover();
  const toTheEnd = async (): Promise<boolean> => {
    // VS Code scrolls a part of the way only
    await page.mouse.wheel(0, 1000);
    const shown = await titles.allInnerTexts();
    return shown.length >= 4 && shown.join() === order.slice(-shown.length).join();
  };
  await expect.poll(toTheEnd).toBe(true);
  await expect
    .poll(() => page.locator('.settings-toc-container').innerText())
    .toMatch(/Computation[\s\S]*Text Editors/);
  await workbench().screenshot('settings under headings');
});

test('the package shows its README with whole addresses, and names the repository', () => {
  const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    repository: { url: string };
  };
  const { page, images, content } = linksOf(repository.url);
  const files = readVsix(vsixPath(root, hostTarget()));
  const text = (name: string): string => files.get(name)?.read().toString('utf8') ?? '';
  expect(text('extension/readme.md')).toContain(`](${images}/media/screenshot.png)`);
  expect(text('extension/readme.md')).toContain(`](${content}/METRICS.md)`);
  const manifest = text('extension.vsixmanifest');
  for (const address of [`${page}.git`, `${page}/issues`, `${page}/discussions`, '#16202b'])
    expect(manifest).toContain(address);
});

test('a dry run of publishing checks the package for both stores, and stops before the upload', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'publish.mjs'), '--dry-run', '--packaged', '--target', 'host'],
    // no registry and no store is reached: there is no token, and nothing answers on this port
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, VSCE_PAT: '', OVSX_PAT: '', npm_config_registry: 'http://127.0.0.1:9' },
    },
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(
    /Visual Studio Marketplace: 1 package\n.*vsce publish.*\.vsix\nOpen VSX: 1 package\n.*ovsx@1 publish.*\.vsix\n/,
  );
  expect(stdout).toMatch(/missing: VSCE_PAT is not set/);
  expect(stdout).not.toMatch(/wrong:/);
  expect(stdout.trim()).toMatch(/Dry run: nothing was uploaded\.$/);
  expect(status).toBe(0);
});
