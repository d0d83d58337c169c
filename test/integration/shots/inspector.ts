import { InspectorPage } from '../support/inspector.ts';
import type { Workbench } from '../support/workbench.ts';
import type { Shoot } from './main.ts';

/** The inspector: the table, a tensor with its spectrum, sorted, the spectra map with hover and table, narrow, and with problems. */
export async function inspectorStates(vscode: Workbench, shoot: Shoot): Promise<void> {
  await vscode.openFromExplorer('base', 'model.safetensors');
  const page = new InspectorPage(vscode);
  await page.document.locator('main[data-view="tensors"]').waitFor();
  await vscode.page.waitForTimeout(1000);
  await shoot('inspector');

  const tensor = 'model.layers.3.self_attn.v_proj.weight';
  await page.open(tensor);
  await page.action('filter').fill('');
  await page.action('compute-spectrum').click();
  await page.document.locator('[data-metrics]').waitFor();
  await shoot('inspector-tensor');
  await page.document
    .locator('[data-section="spectrum"]')
    .evaluate((element) => element.scrollIntoView({ block: 'start' }));
  await shoot('inspector-spectrum');

  await page.document.locator('[data-tab="values"]').click();
  await page.document.getByRole('grid', { name: /^Values/ }).waitFor();
  await shoot('inspector-values');
  await page.document.locator('[data-tab="picture"]').click();
  const picture = page.document.locator('[data-picture="drawn"]');
  await picture.waitFor();
  await picture.hover({ position: { x: 100, y: 80 } });
  await shoot('inspector-picture');
  await picture.focus();
  for (let i = 0; i < 9; i++) await vscode.page.keyboard.press('+');
  await shoot('inspector-picture-weights');
  await page.document.locator('[data-tab="statistics"]').click();

  await page.document.locator('[data-metrics] [data-term="stableRank"]').click();
  await shoot('inspector-term');
  await vscode.page.keyboard.press('Escape');
  await page.action('outliers').click();
  await page.document.locator('[data-rule]').waitFor();
  await shoot('inspector-outliers');
  await page.action('outliers').click();

  await page.action('analyze').click();
  await page.document.locator('[data-counted]', { hasText: '42 of 42' }).waitFor({ timeout: 60_000 });
  await shoot('inspector-map');
  const box = await page.document.locator('.heatmap-cells').boundingBox();
  if (!box) throw new Error('the map is not on the page');
  await vscode.page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.6);
  await page.document.locator('.hover:visible').waitFor();
  await shoot('inspector-map-hover');
  await vscode.page.mouse.move(700, 5);
  await page.action('table').click();
  await shoot('inspector-map-table');
  await page.action('table').click();

  await page.document.locator('button[data-view="tensors"]').click();
  await page.document.locator('[data-column="std"]').click();
  await shoot('inspector-sorted');
  await page.document.locator('[data-column="std"]').click();
  await page.document.locator('[data-column="std"]').click();
  await vscode.runCommand('View: Close Primary Side Bar');
  await vscode.page.setViewportSize({ width: 748, height: 1000 });
  await shoot('inspector-700px');
  await vscode.page.setViewportSize({ width: 720, height: 450 });
  await shoot('inspector-zoom-200');
  await vscode.page.setViewportSize({ width: 1440, height: 900 });
  await vscode.runCommand('View: Show Explorer');
  await vscode.runCommand('View: Close All Editors');

  for (const file of ['missing_2_bytes', 'lfs_pointer', 'OK_ws_leading']) {
    await vscode.openFromExplorer('malformed', `${file}.safetensors`);
    const damaged = new InspectorPage(vscode);
    await damaged.document.locator('[data-problems], [data-state="failed"]').first().waitFor();
    await shoot(`inspector-${file.replaceAll('_', '-')}`);
    await vscode.runCommand('View: Close All Editors');
  }
}
