import { expect, test } from 'vitest';
import { ComparisonPage } from './support/comparison.ts';
import { goldenComparison } from './support/golden.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';

const { workbench, root } = session();

test('inspector: what the adapter does by itself, and "Compare with Base..." offers the base that it names first', async () => {
  const vscode = workbench();
  await vscode.openFromExplorer('rl-lora', 'adapter_model.safetensors');
  const page = new InspectorPage(vscode);
  await page.action('adapter').click();
  await expect.poll(() => page.fact('Adapter')).toBe('LoRA, r = 8, scale 2');
  await page.document.locator('[data-update]').nth(17).waitFor();
  const row = page.document.locator('[data-update="layers.5.mlp.down_proj.weight"]');
  const norm =
    goldenComparison(root, 'adapter-rl-lora').get('model.layers.5.mlp.down_proj.weight')?.['updateNorm'] ?? NaN;
  // written with four digits at most
  expect(Math.abs(Number(await row.locator('td').nth(2).innerText()) / norm - 1)).toBeLessThan(0.01);
  await vscode.screenshot('adapter-alone');
  await vscode.choose(() => page.action('compare').click(), {
    placeholder: /^The base that the adapter was trained on/,
    row: vscode.page
      .locator('.quick-input-list .monaco-list-row')
      .first()
      .filter({ hasText: /base.*Named by the adapter/s }),
  });
  await new ComparisonPage(vscode).complete(18);
  await vscode.runCommand('View: Close All Editors');
});
