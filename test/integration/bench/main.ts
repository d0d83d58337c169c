/**
 * How long a reader waits: activation of the extension; from the double-click to the first row of a very large index, beside VS Code
 * opening the same JSON as text, the two taking turns in one VS Code, so that what else runs on the machine slows both; and from "Compare
 * with Base" to the size map and to the answer, of the sample family.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { ComparisonPage } from '../support/comparison.ts';
import { installExtension } from '../support/install.ts';
import { Workbench } from '../support/workbench.ts';
import { activationTimes } from './activation.ts';
import { SHARDS, TENSORS, writeLargeIndex } from './largeIndex.ts';

const ROUNDS = 5;

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
const ms = (value: number): string => `${Math.round(value)} ms`;

export async function benchUi(root: string): Promise<void> {
  const installation = installExtension(root, join(root, 'test-results', 'bench-ui'));
  const activation = median(await activationTimes(installation));
  let bytes = 0;
  const vscode = await Workbench.open(installation, {
    prepare: (workspace) => {
      const written = writeLargeIndex(join(workspace, 'large'));
      ({ bytes } = written);
      copyFileSync(written.index, join(workspace, 'large', 'a-text.json'));
    },
    settings: { 'workbench.editorAssociations': { '*.safetensors.index.json': 'offaxis.inspectorForIndex' } },
  });
  try {
    const { page } = vscode;
    const table = async (): Promise<number> => {
      const row = await vscode.reveal('large', 'a.safetensors.index.json');
      const start = performance.now();
      await row.dblclick();
      await vscode.view().locator('[data-tensor]').first().waitFor({ timeout: 60_000 });
      return performance.now() - start;
    };
    const text = async (): Promise<number> => {
      const row = await vscode.reveal('large', 'a-text.json');
      const start = performance.now();
      await row.dblclick();
      await page.locator('.monaco-editor .view-line', { hasText: 'total_size' }).first().waitFor({ timeout: 60_000 });
      return performance.now() - start;
    };
    const closed = async (): Promise<void> => {
      await page.waitForTimeout(500);
      await vscode.runCommand('View: Close All Editors');
      await page.locator('.tabs-container .tab').first().waitFor({ state: 'detached' });
    };
    await vscode.reveal('large', 'a-text.json');
    const firstText = await text();
    await closed();
    const firstTable = await table();
    const rows = Number(await vscode.view().getByRole('treegrid').getAttribute('aria-rowcount'));
    if (rows < TENSORS) throw new Error(`only ${rows} rows of ${TENSORS} tensors`);
    await closed();
    const tables: number[] = [];
    const texts: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      texts.push(await text());
      await closed();
      tables.push(await table());
      await closed();
    }
    const compared = await comparisonTimes(vscode);
    const [warmTable, warmText] = [median(tables), median(texts)];
    const size = `${TENSORS.toLocaleString('en')} tensors, ${SHARDS} shards, ${(bytes / 1e6).toFixed(1)} MB of JSON`;
    const print = (...cells: string[]): void => console.log(`| ${cells.join(' | ')} |`);
    print('what', 'the same JSON as text', 'Offaxis', 'ratio');
    print('---', '---', '---', '---');
    print('activation of the extension, by itself', '', ms(activation), '');
    print(`first opening in a window: ${size}`, ms(firstText), ms(firstTable), (firstTable / firstText).toFixed(2));
    print(`opening again, median of ${ROUNDS}`, ms(warmText), ms(warmTable), (warmTable / warmText).toFixed(2));
    print(
      'comparison of 42 matrices, 1.1 M weights, until its map of sizes is whole and the answer begins',
      '',
      ms(compared.size),
      '',
    );
    print('until the answer is whole, with spectra and noise of the same size', '', ms(compared.answer), '');
  } finally {
    await vscode.close();
  }
}

/** From the menu's entry on. The answer says nothing of how much changed before every matrix has its size. */
async function comparisonTimes(vscode: Workbench): Promise<{ size: number; answer: number }> {
  // the list draws the rows in view alone, and the shards fill it
  await vscode.runCommand('Collapse Folders in Explorer');
  await vscode.selectAsBase('base', 'model.safetensors');
  const tuned = await vscode.reveal('rl', 'model.safetensors');
  await vscode.chooseFromMenu(tuned, 'Compare with Base');
  const start = performance.now();
  const page = new ComparisonPage(vscode);
  await page.document.locator('.answer .clause').first().waitFor();
  const size = performance.now() - start;
  await page.phase('done');
  return { size, answer: performance.now() - start };
}
