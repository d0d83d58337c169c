import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { UpdatePairsResult } from '../../src/protocol/updatePair.ts';
import { ComparisonPage } from './support/comparison.ts';
import { goldenComparison } from './support/golden.ts';
import { session } from './support/session.ts';

const { workbench, root } = session();

test('explorer: the base is compared with its adapter; what it leaves alone is dimmed, what a merge loses is said', async () => {
  const vscode = workbench();
  await vscode.selectAsBase('base', 'model.safetensors');
  await vscode.chooseFromMenu(await vscode.reveal('rl-lora', 'adapter_model.safetensors'), 'Compare with Base');
  const page = new ComparisonPage(vscode);
  await page.complete(18);
  const banner = page.document.locator('[data-fact="adapter"]');
  await banner.waitFor();
  await expect.poll(() => banner.innerText()).toContain('adapter, LoRA, r = 8, scale 2, 18 of 42 matrices');
  const shares = [...goldenComparison(root, 'adapter-rl-lora').values()]
    .map(({ hiddenShare }) => hiddenShare ?? NaN)
    .sort((a, b) => a - b);
  const median = ((shares[8] ?? NaN) + (shares[9] ?? NaN)) / 2;
  const answer = (await page.document.locator('.answer').first().textContent()) ?? '';
  const said = /merged to bf16, ([\d.]+).%/i.exec(answer)?.[1];
  // written with two digits
  expect(Math.abs(Number(said) / 100 - median)).toBeLessThan(median * 0.05);
  await page.document.locator('[data-sign="untouched"]').waitFor();

  // seven columns, of which the adapter changes three
  const grid = page.heatmap();
  await expect.poll(() => grid.getAttribute('aria-colcount')).toBe('7');
  await expect.poll(() => page.document.locator('table.rank').getAttribute('aria-rowcount')).toBe('19');
  await grid.focus();
  const spoken: string[] = [];
  await vscode.page.keyboard.press('Home');
  for (let i = 0; i < 7; i++) {
    spoken.push((await grid.locator('[role="gridcell"]').textContent()) ?? '');
    await vscode.page.keyboard.press('ArrowRight');
  }
  expect(spoken.filter((text) => text.endsWith('untouched'))).toHaveLength(4);
  await vscode.screenshot('adapter-comparison');
  await vscode.runCommand('View: Close All Editors');
});

test('an adapter as the first side: its update beside that of a full fine-tune, over the base that it names', async () => {
  const vscode = workbench();
  await vscode.selectAsBase('rl-lora', 'adapter_model.safetensors');
  await vscode.chooseFromMenu(await vscode.reveal('rl', 'model.safetensors'), 'Compare with Base');
  const lines = vscode.page.locator('.editor-instance .monaco-editor .view-lines').last();
  // What the command line prints of the same two.
  const { stdout } = spawnSync(
    process.execPath,
    [
      ...[join(root, 'dist', 'cli.mjs'), 'compare', join(vscode.workspace, 'rl-lora'), join(vscode.workspace, 'rl')],
      ...['--base', join(vscode.workspace, 'base'), '--json', '-'],
    ],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  const { matrices } = JSON.parse(stdout) as UpdatePairsResult;
  expect(matrices).toHaveLength(18);
  const [first] = matrices;
  const text = async (): Promise<string> => (await lines.innerText()).replaceAll('\u00a0', ' ');
  await expect.poll(text).toContain(`${first?.name} `);
  await expect.poll(() => text()).toContain((first?.updateNorms[0] ?? NaN).toPrecision(4));
  await expect.poll(() => text()).toMatch(/^1: .*rl-lora/m);
  await vscode.runCommand('View: Close All Editors');
});
