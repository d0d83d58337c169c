import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ComparisonPage } from '../support/comparison.ts';
import type { Workbench } from '../support/workbench.ts';
import type { Shoot } from './main.ts';

/** The comparison panel: running, done, hovered, in detail, as a table, narrow, zoomed, cancelled, and with nothing to compare. */
export async function comparisonStates(vscode: Workbench, shoot: Shoot): Promise<void> {
  await vscode.runCommand('View: Close All Editors');
  await vscode.runCommand('Offaxis: Open Sample Comparison');
  const page = new ComparisonPage(vscode);
  await page.complete(42);
  await vscode.runCommand('View: Close Primary Side Bar');
  await shoot('comparison');
  const notice = page.document.getByRole('button', { name: 'Dismiss' });
  if (await notice.isVisible()) await notice.click();
  for (const tab of ['where', 'spectrum'] as const) {
    await page.question(tab);
    await shoot(`comparison-${tab}`);
  }
  await page.document.locator('.answer .clause.finding').first().click();
  await shoot('comparison-clause');
  await page.action('show-all').click();
  await page.action('export-menu').click();
  await shoot('comparison-export');
  await vscode.page.keyboard.press('Escape');
  await page.question('size');

  await page.hover(0.3, 0.55);
  await shoot('comparison-hover');
  await page.click(0.3, 0.55);
  await vscode.page.mouse.move(700, 5);
  await shoot('comparison-cell');
  const detail = page.document.locator('[data-matrix]');
  await page.openSection('alignment');
  await page.openSection('numbers');
  for (const section of ['spectra', 'alignment', 'numbers']) {
    await detail
      .locator(`[data-section="${section}"]`)
      .evaluate((element) => element.scrollIntoView({ block: 'start' }));
    await shoot(`comparison-detail-${section}`);
  }
  await detail.evaluate((pane) => pane.scrollTo(0, 0));

  await page.question('size', 'unchangedBf16');
  await shoot('comparison-figure-unchangedBf16');
  await page.question('size');
  await page.action('table').click();
  await shoot('comparison-table');
  await page.action('table').click();
  await page.openRest();
  for (const section of ['model', 'elementwise']) {
    const element = page.document.locator(`[data-section="${section}"]`).first();
    if (!(await element.count())) continue;
    await element.evaluate((node) => node.scrollIntoView({ block: 'end' }));
    await shoot(`comparison-${section}`);
  }

  await page.document.locator('details.rest > summary').click();

  await vscode.page.setViewportSize({ width: 1048, height: 700 });
  await shoot('comparison-1000x700');
  await vscode.page.setViewportSize({ width: 748, height: 1000 });
  await shoot('comparison-700px');
  await vscode.page.setViewportSize({ width: 1440, height: 900 });
  // Zoom 200 %: half the CSS pixels, as the browser does it.
  await vscode.page.setViewportSize({ width: 720, height: 450 });
  await shoot('comparison-zoom-200');
  await vscode.page.setViewportSize({ width: 1440, height: 900 });

  await vscode.runCommand('View: Close All Editors');
  await vscode.runCommand('View: Show Explorer');
  await runningStates(vscode, shoot);
  await nothingPairs(vscode, shoot);
}

async function compare(
  vscode: Workbench,
  base: [string, ...string[]],
  tuned: [string, ...string[]],
): Promise<ComparisonPage> {
  await vscode.selectAsBase(...base);
  await vscode.chooseFromMenu(await vscode.reveal(...tuned), 'Compare with Base');
  return new ComparisonPage(vscode);
}

async function runningStates(vscode: Workbench, shoot: Shoot): Promise<void> {
  const page = await compare(vscode, ['large', 'before.safetensors'], ['large', 'after.safetensors']);
  await page.document.locator('body[data-phase="planned"], body[data-phase="running"]').waitFor();
  if (await page.action('start').isVisible()) {
    await shoot('comparison-planned');
    await page.action('start').click();
  }
  await page.document.locator('[data-counted]', { hasText: /^[1-9]/ }).waitFor({ state: 'attached', timeout: 60_000 });
  await shoot('comparison-running');
  await page.action('cancel').click();
  await page.phase('cancelled');
  await shoot('comparison-cancelled');
  await vscode.runCommand('View: Close All Editors');
}

/** How much and where are there; the whole spectra are asked for. */
export async function stagesStates(vscode: Workbench, shoot: Shoot): Promise<void> {
  const settings = join(vscode.workspace, '.vscode', 'settings.json');
  mkdirSync(dirname(settings), { recursive: true });
  writeFileSync(settings, JSON.stringify({ 'offaxis.wholeSpectra': 'onRequest' }));
  // until VS Code has seen it
  await vscode.page.waitForTimeout(5000);
  const page = await compare(vscode, ['base', 'model.safetensors'], ['sft', 'model.safetensors']);
  await page.complete(42);
  for (const tab of ['where', 'spectrum'] as const) {
    await page.question(tab);
    await shoot(`comparison-waits-${tab}`);
  }
  rmSync(settings);
  await vscode.runCommand('View: Close All Editors');
}

async function nothingPairs(vscode: Workbench, shoot: Shoot): Promise<void> {
  const page = await compare(vscode, ['base', 'model.safetensors'], ['malformed', 'OK_zero_sized.safetensors']);
  await page.document.locator('[data-empty], [data-planned]').waitFor();
  await shoot('comparison-empty');
  await vscode.runCommand('View: Close All Editors');
}
